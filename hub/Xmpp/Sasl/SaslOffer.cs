using System.Text;

namespace IotXmpp.Hub.Sasl;

/// <summary>What one stream is offered to authenticate with. There are few different ones; each is made once.</summary>
public sealed class SaslOffer
{
    // XEP-0474 §5.1: characters that XML cannot have.
    private const string Between = "\x1E";
    private const string Behind = "\x1F";

    private readonly string _sha1;
    private readonly string _sha256;

    internal SaslOffer(string[] mechanisms, string[] channelBindings, string[] tokenMechanisms)
    {
        Mechanisms = mechanisms;
        ChannelBindings = channelBindings;
        TokenMechanisms = tokenMechanisms;
        string lists = Join(mechanisms) + (channelBindings.Length > 0 ? Behind + Join(channelBindings) : string.Empty);
        _sha1 = Hash(ScramHash.Sha1, lists);
        _sha256 = Hash(ScramHash.Sha256, lists);
    }

    /// <summary>Names of the mechanisms, strongest first (RFC 6120 §6.3.3); the same for SASL and SASL2. Empty when TLS has to come first.</summary>
    public IReadOnlyList<string> Mechanisms { get; }

    /// <summary>The channel-binding types to announce (XEP-0440); empty without TLS.</summary>
    public IReadOnlyList<string> ChannelBindings { get; }

    /// <summary>Names of the mechanisms for tokens (XEP-0484 §3.1), those with channel binding first; empty where there are none.</summary>
    public IReadOnlyList<string> TokenMechanisms { get; }

    /// <summary>Whether a <c>-PLUS</c> mechanism is among them.</summary>
    internal bool HasPlus => Mechanisms.Any(name => name.EndsWith("-PLUS", StringComparison.Ordinal));

    /// <summary>The hash of both lists in base64, which SCRAM signs: a client that was shown other lists finds out (XEP-0474 §5.1).</summary>
    internal string DowngradeHash(ScramHash hash) => hash == ScramHash.Sha256 ? _sha256 : _sha1;

    private static string Join(string[] names) => string.Join(Between, names.Order(StringComparer.Ordinal));

    private static string Hash(ScramHash hash, string lists)
    {
        byte[] octets = Encoding.ASCII.GetBytes(lists);
        byte[] digest = new byte[Scram.Bytes(hash)];
        Scram.Digest(hash, octets, digest);
        return Convert.ToBase64String(digest);
    }
}
