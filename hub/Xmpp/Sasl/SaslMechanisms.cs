namespace IotXmpp.Hub.Sasl;

/// <summary>Names of the mechanisms that the hub knows (RFC 4616, RFC 5802, RFC 7677) and of channel bindings.</summary>
public static class SaslMechanisms
{
    /// <summary>RFC 4422 App. A: the client's certificate; offered only to who has shown a good one.</summary>
    public const string External = "EXTERNAL";

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

    /// <summary>A token bound to the TLS session (<see cref="TlsExporter"/>).</summary>
    public const string TokenExporter = "HT-SHA-256-EXPR";

    /// <summary>A token bound to a TLS 1.2 session (<see cref="TlsUnique"/>, which later versions do not have).</summary>
    public const string TokenUnique = "HT-SHA-256-UNIQ";

    /// <summary>A token bound to the server's certificate (<see cref="TlsServerEndPoint"/>).</summary>
    public const string TokenEndPoint = "HT-SHA-256-ENDP";

    /// <summary>A token alone.</summary>
    public const string TokenNone = "HT-SHA-256-NONE";

    /// <summary>All but those for tokens, strongest first.</summary>
    public static IReadOnlyList<string> All { get; } = [External, ScramSha256Plus, ScramSha1Plus, ScramSha256, ScramSha1, Plain];

    /// <summary>The channel-binding data of a mechanism for tokens on this stream; empty for none.</summary>
    internal static ReadOnlyMemory<byte> TokenBinding(string mechanism, SaslContext context) => mechanism switch
    {
        TokenExporter => context.TlsExporter,
        TokenUnique => context.TlsUnique,
        TokenEndPoint => context.TlsServerEndPoint,
        _ => default,
    };
}
