using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Addresses;

/// <summary>
/// Prepares XMPP addresses (RFC 7622): the localpart by UsernameCaseMapped, the resourcepart by OpaqueString (RFC 8265), the domainpart by
/// mapping (RFC 5895) and the IDNA2008 label rules. What it returns may be compared octet by octet. Thread-safe; never throws on bad input.
/// Addresses of plain ASCII take a way that allocates nothing but the result.
/// </summary>
public static class JidPrep
{
    /// <summary>The most octets of UTF-8 that one part may have (RFC 7622 §3.2–3.4).</summary>
    public const int MaxPartBytes = 1023;

    /// <summary>
    /// The most octets that are looked at in an address before preparation; three times the longest address, since preparation may shorten a part.
    /// </summary>
    public const int MaxInputBytes = 3 * ((3 * MaxPartBytes) + 2);

    /// <summary>What is allowed in a localpart of printable ASCII: everything but space and the eight of RFC 7622 §3.3.1.</summary>
    private static readonly SearchValues<char> s_localChars = SearchValues.Create("!#$%()*+,-.0123456789;=?[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~");

    private static readonly SearchValues<char> s_upperOrLocalChars
        = SearchValues.Create("!#$%()*+,-.0123456789;=?[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    private static readonly SearchValues<char> s_notInLocalpart = SearchValues.Create("\"&'/:<>@");


    /// <summary>Splits (RFC 7622 §3.1) and prepares a whole address in UTF-8; false when it is no address.</summary>
    [SkipLocalsInit]
    public static bool TryParse(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out Jid? jid)
    {
        jid = null;
        if (utf8.Length > MaxInputBytes)
        {
            return false;
        }

        char[]? rented = null;
        Span<char> text = utf8.Length <= 256 ? stackalloc char[256] : (rented = ArrayPool<char>.Shared.Rent(utf8.Length));
        bool ok = Utf8.ToUtf16(utf8, text, out _, out int length, replaceInvalidSequences: false) == OperationStatus.Done
            && TryParse(text[..length], out jid);
        if (rented is not null)
        {
            ArrayPool<char>.Shared.Return(rented);
        }

        return ok;
    }

    /// <summary>Splits (RFC 7622 §3.1) and prepares a whole address; false when it is no address.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out Jid? jid)
    {
        jid = null;
        string? localpart = null;
        string? resourcepart = null;
        // §3.1: first what follows the first slash, then what precedes the first @ of the rest; both may hold the other's separator.
        int slash = text.IndexOf('/');
        if (slash >= 0)
        {
            if (!TryResourcepart(text[(slash + 1)..], out resourcepart))
            {
                return false;
            }

            text = text[..slash];
        }

        int at = text.IndexOf('@');
        if (at >= 0)
        {
            if (!TryLocalpart(text[..at], out localpart))
            {
                return false;
            }

            text = text[(at + 1)..];
        }

        if (!TryDomainpart(text, out string? domainpart))
        {
            return false;
        }

        jid = new Jid(localpart, domainpart, resourcepart);
        return true;
    }

    /// <summary>Prepares a localpart (RFC 7622 §3.3); false when empty, too long or disallowed.</summary>
    public static bool TryLocalpart(ReadOnlySpan<char> text, [NotNullWhen(true)] out string? localpart)
    {
        localpart = null;
        if (text.IsEmpty)
        {
            return false;
        }

        if (!text.ContainsAnyExcept(s_localChars))
        {
            localpart = text.Length <= MaxPartBytes ? text.ToString() : null;
            return localpart is not null;
        }

        if (!text.ContainsAnyExcept(s_upperOrLocalChars))
        {
            localpart = text.Length <= MaxPartBytes ? ToLowerAscii(text) : null;
            return localpart is not null;
        }

        if (!Precis.TryUsernameCaseMapped(text, out string? prepared)
            || prepared.AsSpan().ContainsAny(s_notInLocalpart) || Encoding.UTF8.GetByteCount(prepared) > MaxPartBytes)
        {
            return false;
        }

        localpart = prepared;
        return true;
    }

    /// <summary>Prepares a domainpart (RFC 7622 §3.2): a name, an IPv4 address or an IPv6 address in brackets.</summary>
    public static bool TryDomainpart(ReadOnlySpan<char> text, [NotNullWhen(true)] out string? domainpart)
    {
        domainpart = null;
        if (text.IsEmpty)
        {
            return false;
        }

        if (text[0] == '[')
        {
            return Domainpart.TryIpv6(text, out domainpart);
        }

        // §3.2: a final dot is not part of the domainpart.
        ReadOnlySpan<char> name = text[^1] == '.' ? text[..^1] : text;
        if (name.Length <= MaxPartBytes && Ascii.IsValid(name))
        {
            if (IsPlainName(name, out bool hasUpper))
            {
                domainpart = hasUpper ? ToLowerAscii(name) : name.ToString();
                return true;
            }

            if (!name.Contains("xn--", StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }
        }

        if (!Domainpart.TryName(text, out string? prepared) || Encoding.UTF8.GetByteCount(prepared) > MaxPartBytes)
        {
            return false;
        }

        domainpart = prepared;
        return true;
    }

    /// <summary>Prepares a resourcepart (RFC 7622 §3.4); false when empty, too long or disallowed.</summary>
    public static bool TryResourcepart(ReadOnlySpan<char> text, [NotNullWhen(true)] out string? resourcepart)
    {
        resourcepart = null;
        if (text.IsEmpty)
        {
            return false;
        }

        if (text[0] == ' ')
        {
            return false; // OpaqueString would allow it, but RFC 7622 §3.5 (example 18) calls it no address.
        }

        if (!text.ContainsAnyExceptInRange(' ', '~'))
        {
            resourcepart = text.Length <= MaxPartBytes ? text.ToString() : null;
            return resourcepart is not null;
        }

        if (!Precis.TryOpaqueString(text, out string? prepared) || prepared[0] == ' ' || Encoding.UTF8.GetByteCount(prepared) > MaxPartBytes)
        {
            return false;
        }

        resourcepart = prepared;
        return true;
    }

    /// <summary>True when every label is NR-LDH but for its case (RFC 5890 §2.3.1); IPv4 addresses are, too.</summary>
    private static bool IsPlainName(ReadOnlySpan<char> name, out bool hasUpper)
    {
        hasUpper = false;
        int start = 0;
        for (int i = 0; i <= name.Length; i++)
        {
            char c = i < name.Length ? name[i] : '.';
            if (c == '.')
            {
                ReadOnlySpan<char> label = name[start..i];
                if (label.Length is 0 or > Punycode.MaxLabel || label[0] == '-' || label[^1] == '-'
                    || (label.Length >= 4 && label[2] == '-' && label[3] == '-'))
                {
                    return false;
                }

                start = i + 1;
            }
            else if (c is >= 'A' and <= 'Z')
            {
                hasUpper = true;
            }
            else if (c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-'))
            {
                return false;
            }
        }

        return true;
    }

    private static string ToLowerAscii(ReadOnlySpan<char> text)
        => string.Create(text.Length, text, static (result, source) => Ascii.ToLower(source, result, out _));
}
