using IotXmpp.Features;
using IotXmpp.Things;

namespace IotXmpp.Gateway;

/// <summary>The states of a thing (wire profile, "Presence is liveness"), named as on the wire by <see cref="Node.StateName"/>.</summary>
public enum NodeState
{
    /// <summary>It is not there; <see cref="Node.Reason"/> says why.</summary>
    Offline,

    /// <summary>It is there and takes commands.</summary>
    Online,

    /// <summary>It sleeps until <see cref="Node.UntilMs"/>.</summary>
    Sleeping,

    /// <summary>It should have woken.</summary>
    Overdue,
}

/// <summary>A thing behind the gateway: what it is, how it is, what it measured last. Read and changed under the table's lock only.</summary>
public sealed class Node
{
    internal Node(string id, DateTimeOffset now)
    {
        Id = id;
        Since = now;
        Changed = now;
    }

    /// <summary>Its id, as any thing's.</summary>
    public string Id { get; }

    /// <summary>Its state.</summary>
    public NodeState State { get; internal set; }

    /// <summary>Since when.</summary>
    public DateTimeOffset Since { get; internal set; }

    /// <summary>Why it is offline: a reason of the wire profile, or "" when it has not come since the gateway started.</summary>
    public string Reason { get; internal set; } = string.Empty;

    /// <summary>Until when it sleeps, in milliseconds since 1970; 0 when it does not.</summary>
    public long UntilMs { get; internal set; }

    /// <summary>When its description or state changed last.</summary>
    public DateTimeOffset Changed { get; internal set; }

    /// <summary>Version of its firmware; null when it does not say.</summary>
    public string? Firmware { get; internal set; }

    /// <summary>Why it started; null when it does not say.</summary>
    public string? Boot { get; internal set; }

    /// <summary>What it is, for people; null when it does not say.</summary>
    public string? Model { get; internal set; }

    /// <summary>Signal in dBm; null when it does not say.</summary>
    public int? Rssi { get; internal set; }

    /// <summary>Battery in percent; null when it does not say.</summary>
    public int? Battery { get; internal set; }

    /// <summary>Seconds between its signs of life.</summary>
    public int KeepAliveSeconds { get; internal set; } = 60;

    /// <summary>What can be set.</summary>
    public ControlParameter[] Parameters { get; internal set; } = [];

    /// <summary>The last sample; null before the first.</summary>
    public Sample? Last { get; internal set; }

    /// <summary>How it is reached, for people; null when it is not.</summary>
    public string? Peer => Session?.Peer ?? Via;

    /// <summary>By what it is heard, when it has no link.</summary>
    internal string? Via { get; set; }

    internal NodeSession? Session { get; set; }

    internal DateTimeOffset Heard { get; set; }

    internal Dictionary<string, string> Values { get; set; } = [];

    /// <summary>Parameters that were set after the last sample: what was measured before says nothing of them any more.</summary>
    internal HashSet<string> SetSince { get; } = [];

    internal Dictionary<string, Ask> Asked { get; } = [];

    internal int NextAsk { get; set; }

    /// <summary>The state's name on the wire.</summary>
    public string StateName => State switch
    {
        NodeState.Online => "online",
        NodeState.Sleeping => "sleeping",
        NodeState.Overdue => "overdue",
        _ => "offline",
    };

    internal sealed record Ask(Action<NodeAnswer> Done, DateTimeOffset Until, ControlValue[]? Values);
}

/// <summary>What a thing answered to a command or a read-out.</summary>
/// <param name="Outcome">How it went.</param>
/// <param name="Parameter">The parameter that is at fault; "" for none.</param>
/// <param name="Text">Why it failed, for people; "" when it did not.</param>
/// <param name="Sample">What was read; null for a command.</param>
public sealed record NodeAnswer(NodeOutcome Outcome, string Parameter = "", string Text = "", Sample? Sample = null);

/// <summary>How a command or read-out went.</summary>
public enum NodeOutcome
{
    /// <summary>Done.</summary>
    Done,

    /// <summary>The thing says no.</summary>
    Failed,

    /// <summary>The thing is not there: nothing was sent.</summary>
    Away,

    /// <summary>The thing only speaks: nothing can be asked of it, ever.</summary>
    Mute,

    /// <summary>It was sent, and no answer came: it may or may not have been done.</summary>
    Unknown,

    /// <summary>Too many wait already.</summary>
    Busy,
}
