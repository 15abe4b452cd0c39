using System.Text;

namespace IotXmpp.Xmpp;

/// <summary>An XMPP address (RFC 7622 §3) of parts that have been prepared before; immutable, equal by its parts.</summary>
public sealed class Jid
{
    private readonly int _hash;
    private byte[] _utf8;

    /// <summary>Makes an address of prepared parts; <paramref name="local"/> and <paramref name="resource"/> may be null.</summary>
    public Jid(string local, string domain, string resource)
    {
        Local = local;
        Domain = domain;
        Resource = resource;
        string text = domain;
        if (local != null)
        {
            text = local + "@" + text;
        }

        if (resource != null)
        {
            text = text + "/" + resource;
        }

        Text = text;
        _hash = text.GetHashCode();
    }

    /// <summary>The localpart, or null.</summary>
    public string Local { get; }

    /// <summary>The domainpart.</summary>
    public string Domain { get; }

    /// <summary>The resourcepart, or null.</summary>
    public string Resource { get; }

    private string Text { get; }

    /// <summary>The whole address in UTF-8, made once; not to be changed.</summary>
    public byte[] Utf8
    {
        get
        {
            if (_utf8 == null)
            {
                _utf8 = Encoding.UTF8.GetBytes(Text);
            }

            return _utf8;
        }
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        return Text;
    }

    /// <inheritdoc/>
    public override bool Equals(object obj)
    {
        Jid other = obj as Jid;
        return other != null && other._hash == _hash && other.Text == Text;
    }

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        return _hash;
    }
}
