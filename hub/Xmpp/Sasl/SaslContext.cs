using System.Net;

namespace IotXmpp.Hub.Sasl;

/// <summary>What SASL has to know of the stream that it runs on.</summary>
public sealed class SaslContext
{
    /// <summary>The served domain, prepared (RFC 7622 §3.2).</summary>
    public required string Domain { get; init; }

    /// <summary>True when TLS is up.</summary>
    public required bool IsEncrypted { get; init; }

    /// <summary>True when passwords may be sent without TLS on this connection (<c>--plaintext loopback</c> and a peer in 127.0.0.0/8).</summary>
    public bool AllowPlaintext { get; init; }

    /// <summary>The hash of the server's certificate (RFC 5929 §4.1), or empty: then no <c>-PLUS</c> mechanism is offered for it.</summary>
    public ReadOnlyMemory<byte> TlsServerEndPoint { get; init; }

    /// <summary>The exported keying material (RFC 9266) of a TLS 1.3 session, or empty.</summary>
    public ReadOnlyMemory<byte> TlsExporter { get; init; }

    /// <summary>The first Finished message of the handshake (RFC 5929 §3), or empty; taken from clients that know no other binding, never announced.</summary>
    public ReadOnlyMemory<byte> TlsUnique { get; init; }

    /// <summary>Who the client says it is in its stream's start tag, or null: a hint only, which what it proves must not contradict (XEP-0388 §2.2).</summary>
    public IotXmpp.Xmpp.Jid? From { get; init; }

    /// <summary>Bare JIDs of this domain that the client's certificate speaks for (XEP-0178); empty without one.</summary>
    public IReadOnlyList<IotXmpp.Xmpp.Jid> CertifiedAccounts { get; init; } = [];

    /// <summary>The peer, for the log-in throttle; null when unknown.</summary>
    public IPAddress? RemoteAddress { get; init; }
}
