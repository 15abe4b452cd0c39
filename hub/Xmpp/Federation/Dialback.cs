using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;

namespace IotXmpp.Hub.Federation;

/// <summary>Keys and elements of server dialback (XEP-0220, XEP-0185).</summary>
internal sealed class Dialback
{
    /// <summary>The namespace of its elements, whose prefix every start tag of the hub declares.</summary>
    public const string Namespace = "jabber:server:dialback";

    /// <summary>The namespace of its stream feature (§2.3.2).</summary>
    public const string Feature = "urn:xmpp:features:dialback";

    private readonly byte[] _key;

    /// <param name="secret">Known to this hub alone.</param>
    // XEP-0185 §3: the key of the HMAC is the hexadecimal SHA-256 of the secret.
    public Dialback(byte[] secret) => _key = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(secret)));

    /// <summary>The key for a pair of domains on a stream: nothing is kept, it is computed again to be verified.</summary>
    public string KeyFor(string receiving, string originating, string streamId) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(receiving + " " + originating + " " + streamId)));

    /// <summary>Whether a key is the hub's own for that pair and stream.</summary>
    public bool IsOurs(string key, string receiving, string originating, string streamId) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(KeyFor(receiving, originating, streamId)), Encoding.UTF8.GetBytes(key.Trim()));

    /// <summary>Writes <c>db:result</c> or <c>db:verify</c>.</summary>
    /// <param name="xml">Where to.</param>
    /// <param name="name"><c>db:result</c> or <c>db:verify</c>.</param>
    /// <param name="from">The domain that says it.</param>
    /// <param name="to">The domain that it is said to.</param>
    /// <param name="id">The id of the stream in question; null with <c>db:result</c>.</param>
    /// <param name="type"><c>valid</c>, <c>invalid</c> or <c>error</c>; null for a request.</param>
    /// <param name="key">The key, of a request.</param>
    /// <param name="error">The error, of an answer of that type (§2.4).</param>
    public static void Write(XmlBuilder xml, ReadOnlySpan<byte> name, string from, string to, string? id, string? type, string? key = null, StanzaError? error = null)
    {
        xml.Open(name).Attribute("from"u8, from).Attribute("to"u8, to).Attribute("id"u8, id).Attribute("type"u8, type);
        if (key is not null)
        {
            xml.Text(key);
        }

        error?.WriteTo(xml);
        xml.Close(name);
    }
}
