using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Streams;

/// <summary>The bounds of streams and sessions (settings section <c>Xmpp</c>). Limits that concern a peer are announced by XEP-0478.</summary>
public sealed class XmppOptions
{
    /// <summary>Bytes that a stream may send before it is authenticated (64 KiB: enough for any negotiation).</summary>
    [Range(10_000, 1 << 20)]
    public int UnauthenticatedBytes { get; set; } = 64 * 1024;

    /// <summary>Seconds that a stream has to authenticate and bind (30).</summary>
    [Range(1, 600)]
    public int NegotiationSeconds { get; set; } = 30;

    /// <summary>Largest stanza of an authenticated client, in bytes (256 KiB). RFC 6120 §13.12 demands at least 10,000.</summary>
    [Range(10_000, 16 << 20)]
    public int MaxStanzaBytes { get; set; } = 256 * 1024;

    /// <summary>How deep elements may nest in a stanza (64).</summary>
    [Range(8, 1024)]
    public int MaxDepth { get; set; } = 64;

    /// <summary>Attributes an element may have (64).</summary>
    [Range(8, 1024)]
    public int MaxAttributes { get; set; } = 64;

    /// <summary>
    /// Bytes that may wait for one slow reader (1 MiB). Over it the stream is ended with <c>policy-violation</c>; a session with stream management
    /// may come back for what it missed.
    /// </summary>
    [Range(64 * 1024, 1 << 30)]
    public int OutboundQueueBytes { get; set; } = 1 << 20;

    /// <summary>Seconds that a write to a peer may take before the peer counts as lost (60).</summary>
    [Range(1, 3600)]
    public int WriteSeconds { get; set; } = 60;

    /// <summary>Seconds without a byte from a client after which the hub asks whether it lives (300); unanswered for <see cref="ProbeSeconds"/> more, it is lost. 0: never.</summary>
    [Range(0, 86_400)]
    public int IdleSeconds { get; set; } = 300;

    /// <summary>Seconds that a silent client has to answer (60).</summary>
    [Range(1, 3600)]
    public int ProbeSeconds { get; set; } = 60;

    /// <summary>Seconds that a session with stream management outlives its stream (300; XEP-0198 §5).</summary>
    [Range(0, 86_400)]
    public int ResumeSeconds { get; set; } = 300;

    /// <summary>Stanzas that may wait for a client's acknowledgement (2,000); over it the session ends.</summary>
    [Range(10, 1_000_000)]
    public int MaxUnackedStanzas { get; set; } = 2000;

    /// <summary>Bytes that may wait for a client's acknowledgement (4 MiB); over it the session ends.</summary>
    [Range(64 * 1024, 1 << 30)]
    public int MaxUnackedBytes { get; set; } = 4 << 20;

    /// <summary>Sessions that one account may have (50); one more is refused with <c>resource-constraint</c>.</summary>
    [Range(1, 100_000)]
    public int MaxSessionsPerAccount { get; set; } = 50;

    /// <summary>Requests of one session that may be in work at once (64); then the hub reads on when one has ended.</summary>
    [Range(1, 10_000)]
    public int MaxConcurrentIqs { get; set; } = 64;

    /// <summary>Messages of one session that may wait for the archive while the hub reads on (256: some commits' worth); then it reads on when they are durable.</summary>
    [Range(1, 100_000)]
    public int MaxPendingMessages { get; set; } = 256;

    /// <summary>Connections that may be open at once (100,000); more are closed as they come.</summary>
    [Range(1, 10_000_000)]
    public int MaxConnections { get; set; } = 100_000;

    /// <summary>Connections from one address that have not authenticated yet (1,000); more are closed as they come.</summary>
    [Range(1, 1_000_000)]
    public int MaxUnauthenticatedPerAddress { get; set; } = 1000;

    /// <summary>SASL attempts a stream has, and requests before the log-in that may be refused (5; RFC 6120 §6.4.5 recommends 2 to 5).</summary>
    [Range(1, 100)]
    public int MaxSaslAttempts { get; set; } = 5;

    /// <summary>What a drained client shall wait before it comes back, in seconds (5), and over how many seconds more clients spread (30).</summary>
    [Range(0, 3600)]
    public int DrainAfterSeconds { get; set; } = 5;

    /// <summary>See <see cref="DrainAfterSeconds"/>.</summary>
    [Range(0, 3600)]
    public int DrainSpreadSeconds { get; set; } = 30;

    /// <summary>What a client does who binds a resource that is taken: the old session ends with <c>conflict</c> (RFC 6120 §7.7.2.2), or the new one gets another name.</summary>
    [AllowedValues("replace-old", "rename-new")]
    public string ConflictPolicy { get; set; } = "replace-old";
}
