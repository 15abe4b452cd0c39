namespace IotXmpp.Hub.Sasl;

/// <summary>Names of the mechanisms that the hub knows (RFC 4616, RFC 5802, RFC 7677) and of channel bindings.</summary>
public static class SaslMechanisms
{
    /// <summary>RFC 7677 with channel binding.</summary>
    public const string ScramSha256Plus = "SCRAM-SHA-256-PLUS";

    /// <summary>RFC 7677.</summary>
    public const string ScramSha256 = "SCRAM-SHA-256";

    /// <summary>RFC 5802 with channel binding.</summary>
    public const string ScramSha1Plus = "SCRAM-SHA-1-PLUS";

    /// <summary>RFC 5802.</summary>
    public const string ScramSha1 = "SCRAM-SHA-1";

    /// <summary>RFC 4616.</summary>
    public const string Plain = "PLAIN";

    /// <summary>The channel binding of the server's certificate (RFC 5929 §4).</summary>
    public const string TlsServerEndPoint = "tls-server-end-point";

    /// <summary>The channel binding of a TLS 1.3 session (RFC 9266).</summary>
    public const string TlsExporter = "tls-exporter";

    /// <summary>The channel binding of a TLS session's first Finished message (RFC 5929 §3).</summary>
    public const string TlsUnique = "tls-unique";

    /// <summary>All of them, strongest first.</summary>
    public static IReadOnlyList<string> All { get; } = [ScramSha256Plus, ScramSha1Plus, ScramSha256, ScramSha1, Plain];
}
