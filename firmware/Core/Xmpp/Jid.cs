using IotXmpp.Xml;

namespace IotXmpp.Xmpp;

/// <summary>
/// An XMPP address, <c>local@domain/resource</c> (RFC 7622), immutable. Parts are compared by their code points: prepare them before
/// (the hub with PRECIS; TryParse only lower-cases ASCII, which is exact for the ids of the wire profile).
/// </summary>
public sealed class Jid
{
    /// <summary>Bytes of one part in UTF-8 (RFC 7622 §3.2–3.4).</summary>
    public const int MaxPartBytes = 1023;

    private Jid _bare;
    private string _text;
    private byte[] _utf8;
    private int _hash;

    /// <summary>An address from parts that are already prepared.</summary>
    /// <param name="local">Localpart, or "" (null is taken as "").</param>
    /// <param name="domain">Domainpart; must not be empty.</param>
    /// <param name="resource">Resourcepart, or "" (null is taken as "").</param>
    public Jid(string local, string domain, string resource)
    {
        Local = local == null ? string.Empty : local;
        Domain = domain;
        Resource = resource == null ? string.Empty : resource;
    }

    /// <summary>Localpart; "" when absent.</summary>
    public string Local { get; }

    /// <summary>Domainpart; never empty.</summary>
    public string Domain { get; }

    /// <summary>Resourcepart; "" when absent.</summary>
    public string Resource { get; }

    /// <summary>Whether there is no resource.</summary>
    public bool IsBare => Resource.Length == 0;

    /// <summary>Whether there is a resource.</summary>
    public bool IsFull => Resource.Length != 0;

    /// <summary>The address without its resource; the same object each time.</summary>
    public Jid Bare
    {
        get
        {
            if (Resource.Length == 0)
            {
                return this;
            }
            if (_bare == null)
            {
                _bare = new Jid(Local, Domain, string.Empty);
            }
            return _bare;
        }
    }

    /// <summary>The address in UTF-8, as it goes on the wire before escaping. Made once: do not change it.</summary>
    public byte[] Utf8
    {
        get
        {
            if (_utf8 == null)
            {
                _utf8 = Xml.Utf8.Encode(ToString());
            }
            return _utf8;
        }
    }

    /// <summary>The same account with another resource.</summary>
    public Jid WithResource(string resource)
    {
        return new Jid(Local, Domain, resource);
    }

    /// <summary>Reads an address, checking form and lengths (RFC 7622 §3) and lower-casing the ASCII letters of local and domain.</summary>
    /// <returns>False, and null, when it is none.</returns>
    public static bool TryParse(string text, out Jid jid)
    {
        jid = null;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }
        byte[] bytes = Xml.Utf8.Encode(text);
        return TryParse(bytes, 0, bytes.Length, out jid);
    }

    /// <summary>Reads an address from UTF-8; as <see cref="TryParse(string, out Jid)"/>.</summary>
    public static bool TryParse(byte[] buffer, int offset, int count, out Jid jid)
    {
        jid = null;
        int end = offset + count;
        // RFC 7622 §3.1: the resource starts at the first '/', the local part ends at the first '@' before it
        int slash = end;
        int at = -1;
        for (int i = offset; i < end; i++)
        {
            if (buffer[i] == '/')
            {
                slash = i;
                break;
            }
            if (buffer[i] == '@' && at < 0)
            {
                at = i;
            }
        }
        int domainStart = at < 0 ? offset : at + 1;
        int domainEnd = slash;
        if (domainEnd > domainStart && buffer[domainEnd - 1] == '.')
        {
            domainEnd--; // RFC 7622 §3.2: a trailing dot is not part of it
        }
        if (!IsPart(buffer, domainStart, domainEnd, false) || at >= 0 && !IsPart(buffer, offset, at, true))
        {
            return false;
        }
        string resource = string.Empty;
        if (slash < end)
        {
            int length = end - slash - 1;
            if (length == 0 || length > MaxPartBytes || !IsText(buffer, slash + 1, end))
            {
                return false;
            }
            resource = Xml.Utf8.Decode(buffer, slash + 1, length);
        }
        string local = at < 0 ? string.Empty : Lower(buffer, offset, at);
        jid = new Jid(local, Lower(buffer, domainStart, domainEnd), resource);
        return true;
    }

    /// <summary>Whether the other is the same address, part by part.</summary>
    public override bool Equals(object obj)
    {
        return Equals(obj as Jid);
    }

    /// <summary>Whether the other is the same address, part by part.</summary>
    public bool Equals(Jid other)
    {
        if ((object)other == this)
        {
            return true;
        }
        if ((object)other == null || _hash != 0 && other._hash != 0 && _hash != other._hash)
        {
            return false;
        }
        return Local == other.Local && Resource == other.Resource && Domain == other.Domain;
    }

    /// <summary>A hash of the three parts, made once.</summary>
    public override int GetHashCode()
    {
        if (_hash == 0)
        {
            int hash = (Local.GetHashCode() * 31 ^ Domain.GetHashCode()) * 31 ^ Resource.GetHashCode();
            _hash = hash == 0 ? 1 : hash;
        }
        return _hash;
    }

    /// <summary><c>local@domain/resource</c>; made once.</summary>
    public override string ToString()
    {
        if (_text == null)
        {
            string text = Local.Length == 0 ? Domain : Local + "@" + Domain;
            _text = Resource.Length == 0 ? text : text + "/" + Resource;
        }
        return _text;
    }

    private static bool IsPart(byte[] buffer, int start, int end, bool local)
    {
        if (end <= start || end - start > MaxPartBytes)
        {
            return false;
        }
        for (int i = start; i < end; i++)
        {
            byte b = buffer[i];
            if (b <= ' ' || b == 0x7F || b == '@' || b == '/')
            {
                return false;
            }
            // RFC 7622 §3.3.1: not in a localpart; in a domain none of them is a letter, digit or hyphen either, ':' only within [IPv6]
            if (b == '"' || b == '&' || b == '\'' || b == '<' || b == '>' || b == ':' && (local || buffer[start] != '['))
            {
                return false;
            }
        }
        return IsText(buffer, start, end);
    }

    private static bool IsText(byte[] buffer, int start, int end)
    {
        while (start < end)
        {
            int length = Xml.Utf8.CharLength(buffer, start, end);
            if (length <= 0 || buffer[start] < ' ' || buffer[start] == 0x7F)
            {
                return false;
            }
            start += length;
        }
        return true;
    }

    private static string Lower(byte[] buffer, int start, int end)
    {
        byte[] copy = null;
        for (int i = start; i < end; i++)
        {
            byte b = buffer[i];
            if (b >= 'A' && b <= 'Z')
            {
                if (copy == null)
                {
                    copy = new byte[end - start];
                    System.Array.Copy(buffer, start, copy, 0, copy.Length);
                }
                copy[i - start] = (byte)(b + 32);
            }
        }
        return copy == null ? Xml.Utf8.Decode(buffer, start, end - start) : Xml.Utf8.Decode(copy, 0, copy.Length);
    }
}
