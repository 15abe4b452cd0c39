using IotXmpp.Hub.Dashboard.Fleet;
using IotXmpp.Hub.Features.Liveness;

namespace IotXmpp.Hub.Dashboard.Things;

/// <summary>A piece of the timeline.</summary>
/// <param name="From">From.</param>
/// <param name="To">To.</param>
/// <param name="State">How the thing was; null where nobody knows: the hub was away, or had not heard of it yet.</param>
/// <param name="Reason">Why, where it was offline.</param>
/// <param name="Changes">Steps that this piece stands for: 1, or more where they were too short to be drawn; then the state is the worst of them.</param>
public sealed record PresencePiece(DateTimeOffset From, DateTimeOffset To, FleetState? State, string Reason, int Changes = 1)
{
    /// <summary>How long.</summary>
    public TimeSpan Length => To - From;
}

/// <summary>How a thing was, as pieces without holes: from its steps, and from when the hub was there to see.</summary>
public static class PresenceTimeline
{
    /// <summary>Pieces at most (400): more than a screen has room for are drawn together.</summary>
    public const int MaxPieces = 400;

    /// <summary>Makes the timeline of a span.</summary>
    /// <param name="steps">The steps, the earliest first; the first may be before the span.</param>
    /// <param name="runs">When the hub was there, the earliest first.</param>
    /// <param name="from">The beginning.</param>
    /// <param name="to">The end.</param>
    public static IReadOnlyList<PresencePiece> Of(IReadOnlyList<Transition> steps, IReadOnlyList<HubRun> runs, DateTimeOffset from, DateTimeOffset to)
    {
        var pieces = new List<PresencePiece>();
        DateTimeOffset at = from;
        int next = 0;
        int run = 0;
        while (at < to)
        {
            while (next < steps.Count && steps[next].At <= at)
            {
                next++;
            }

            while (run < runs.Count && runs[run].To <= at)
            {
                run++;
            }

            Transition? now = next > 0 ? steps[next - 1] : null;
            bool isSeen = run < runs.Count && runs[run].From <= at;
            DateTimeOffset end = Earlier(to, next < steps.Count ? steps[next].At : to);
            end = Earlier(end, isSeen ? runs[run].To : run < runs.Count ? runs[run].From : to);
            FleetState? state = isSeen && now is not null ? FleetRow.StateOf(new ThingLiveness("", now.State, now.Reason, now.At)) : null;
            string reason = state is FleetState.Lost or FleetState.Offline ? now!.Reason : string.Empty;
            if (pieces.Count > 0 && pieces[^1].State == state && pieces[^1].Reason == reason)
            {
                pieces[^1] = pieces[^1] with { To = end };
            }
            else
            {
                pieces.Add(new PresencePiece(at, end, state, reason));
            }

            at = end;
        }

        return pieces.Count <= MaxPieces ? pieces : Together(pieces, (to - from) / MaxPieces);
    }

    private static List<PresencePiece> Together(List<PresencePiece> pieces, TimeSpan shortest)
    {
        var together = new List<PresencePiece>();
        foreach (PresencePiece piece in pieces)
        {
            // What is drawn together has at least the length that can be drawn, so there are at most twice as many pieces as there is room for.
            if (together.Count > 0 && together[^1].Length < shortest && piece.Length < shortest)
            {
                PresencePiece last = together[^1];
                PresencePiece worse = Weight(piece.State) > Weight(last.State) ? piece : last;
                together[^1] = new PresencePiece(last.From, piece.To, worse.State, worse.Reason, last.Changes + piece.Changes);
            }
            else
            {
                together.Add(piece);
            }
        }

        return together;
    }

    private static int Weight(FleetState? state) => state switch
    {
        FleetState.Lost => 6,
        FleetState.Overdue => 5,
        FleetState.Offline => 4,
        FleetState.Resuming => 3,
        FleetState.Sleeping => 2,
        FleetState.Online => 1,
        _ => 0,
    };

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
