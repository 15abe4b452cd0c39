using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Firmware;

/// <summary>What a thing says of its update.</summary>
/// <param name="OfferId">The id of the offer.</param>
/// <param name="Word"><c>downloading</c>, <c>verified</c>, <c>restarting</c>, <c>trial</c>, <c>confirmed</c>, <c>failed</c> or <c>reverted</c>.</param>
/// <param name="Reason">Why, in words for people; empty for none.</param>
public sealed record UpdateReport(string OfferId, string Word, string Reason);

/// <summary>What roll-outs need of the rest of the hub.</summary>
public sealed record RolloutSurroundings
{
    /// <summary>Whether somebody may maintain a thing.</summary>
    public required Func<Jid, string, CancellationToken, ValueTask<bool>> MayMaintain { get; init; }

    /// <summary>Why a thing can take no updates at all, in words for people; null where it can: it is known and speaks for itself.</summary>
    public required Func<string, CancellationToken, ValueTask<string?>> WhyNot { get; init; }

    /// <summary>The things of a group; null where there is none, or not for who asks.</summary>
    public required Func<Jid, string, CancellationToken, ValueTask<IReadOnlyList<string>?>> ThingsOf { get; init; }

    /// <summary>Whether a thing is online.</summary>
    public required Func<string, bool> IsThere { get; init; }

    /// <summary>The version that a thing says it runs; empty where it says none.</summary>
    public required Func<string, string> VersionOf { get; init; }

    /// <summary>Whether who has a bare JID is who had it then.</summary>
    public Func<Jid, DateTimeOffset, CancellationToken, ValueTask<bool>> IsSame { get; init; } = static (_, _, _) => new(true);

    /// <summary>Speaks to things.</summary>
    public required IUpdateContact Contact { get; init; }
}
