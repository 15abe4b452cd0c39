using IotXmpp.Hub.Dashboard.Fleet;
using IotXmpp.Hub.Dashboard.Things;
using IotXmpp.Hub.Features.Liveness;
using Xunit;

namespace IotXmpp.Hub.Tests.Dashboard;

public sealed class PresenceTimelineTests
{
    private static readonly DateTimeOffset s_start = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Pieces_have_no_holes_and_say_where_nobody_knows()
    {
        Transition[] steps = [new(At(10), LivenessState.Online, "", null), new(At(20), LivenessState.Offline, "connection-lost", null), new(At(50), LivenessState.Online, "", null)];
        HubRun[] runs = [new(At(-60), At(30)), new(At(40), At(60))];
        IReadOnlyList<PresencePiece> pieces = PresenceTimeline.Of(steps, runs, At(0), At(60));
        Assert.Equal(
            [(0, 10, null, ""), (10, 20, FleetState.Online, ""), (20, 30, FleetState.Lost, "connection-lost"), (30, 40, null, ""), (40, 50, FleetState.Lost, "connection-lost"), (50, 60, FleetState.Online, "")],
            pieces.Select(p => (Minutes(p.From), Minutes(p.To), p.State, p.Reason)));
    }

    [Fact]
    public void What_was_before_the_span_says_how_it_began()
    {
        Transition[] steps = [new(At(-90), LivenessState.Sleeping, "", At(30))];
        Assert.Equal([(FleetState?)FleetState.Sleeping], PresenceTimeline.Of(steps, [new(At(-100), At(60))], At(0), At(60)).Select(p => p.State));
        Assert.Equal([(FleetState?)null], PresenceTimeline.Of([], [new(At(-100), At(60))], At(0), At(60)).Select(p => p.State));
        Assert.Equal([(FleetState?)null], PresenceTimeline.Of(steps, [], At(0), At(60)).Select(p => p.State));
    }

    [Fact]
    public void What_is_too_short_to_be_drawn_is_drawn_as_the_worst_of_it()
    {
        var steps = new List<Transition>();
        for (int i = 0; i < 5_000; i++)
        {
            steps.Add(new Transition(At(0).AddSeconds(i), i % 2 == 0 ? LivenessState.Online : LivenessState.Offline, i % 2 == 0 ? "" : "keepalive-timeout", null));
        }

        IReadOnlyList<PresencePiece> pieces = PresenceTimeline.Of(steps, [new(At(-1), At(600))], At(0), At(600));
        Assert.InRange(pieces.Count, 2, 2 * PresenceTimeline.MaxPieces);
        Assert.Equal(FleetState.Lost, pieces[0].State);
        Assert.Equal(5_000, pieces.Sum(p => p.Changes));
        Assert.Equal((At(0), At(600)), (pieces[0].From, pieces[^1].To));
        for (int i = 1; i < pieces.Count; i++)
        {
            Assert.Equal(pieces[i - 1].To, pieces[i].From);
        }
    }

    private static DateTimeOffset At(int minutes) => s_start.AddMinutes(minutes);

    private static int Minutes(DateTimeOffset at) => (int)(at - s_start).TotalMinutes;
}
