using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.Fast;

/// <summary>Tokens of clients (settings section <c>Fast</c>).</summary>
public sealed class FastOptions
{
    /// <summary>False gives out no tokens and takes none.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Days that a token is good for (30): a thing that was away for longer logs in with its keys.</summary>
    [Range(1, 3650)]
    public int LifetimeDays { get; set; } = 30;

    /// <summary>Hours after which a client that uses its token gets a new one (24): each costs a device one write to its flash.</summary>
    [Range(0, 24 * 3650)]
    public int RotateAfterHours { get; set; } = 24;

    /// <summary>Clients of one account that may hold tokens (64); one more takes the place of the one whose token ends first.</summary>
    [Range(1, 10_000)]
    public int MaxClients { get; set; } = 64;
}
