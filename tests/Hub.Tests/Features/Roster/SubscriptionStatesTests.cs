using IotXmpp.Hub.Features.Roster;
using Xunit;
using static IotXmpp.Hub.Features.Roster.SubscriptionAction;
using static IotXmpp.Hub.Features.Roster.SubscriptionState;

namespace IotXmpp.Hub.Tests.Features.Roster;

/// <summary>The tables of RFC 6121 Appendix A.2 and A.3, line by line.</summary>
public sealed class SubscriptionStatesTests
{
    /// <summary>Columns: action; then for each state in the order of the tables: passed and the next state.</summary>
    private static readonly SubscriptionState[] Order = [None, NonePendingOut, NonePendingIn, NonePendingOutIn, To, ToPendingIn, From, FromPendingOut, Both];

    public static TheoryData<SubscriptionAction, SubscriptionState, bool, SubscriptionState> OutboundTable => Table(new()
    {
        [Subscribe] = [(true, NonePendingOut), (true, NonePendingOut), (true, NonePendingOutIn), (true, NonePendingOutIn), (true, To), (true, ToPendingIn), (true, FromPendingOut), (true, FromPendingOut), (true, Both)],
        [Unsubscribe] = [(true, None), (true, None), (true, NonePendingIn), (true, NonePendingIn), (true, None), (true, NonePendingIn), (true, From), (true, From), (true, From)],
        [Subscribed] = [(false, None), (false, NonePendingOut), (true, From), (true, FromPendingOut), (false, To), (true, Both), (false, From), (false, FromPendingOut), (false, Both)],
        [Unsubscribed] = [(false, None), (false, NonePendingOut), (true, None), (true, NonePendingOut), (false, To), (true, To), (true, None), (true, NonePendingOut), (true, To)],
    });

    public static TheoryData<SubscriptionAction, SubscriptionState, bool, SubscriptionState> InboundTable => Table(new()
    {
        [Subscribe] = [(true, NonePendingIn), (true, NonePendingOutIn), (false, NonePendingIn), (false, NonePendingOutIn), (true, ToPendingIn), (false, ToPendingIn), (false, From), (false, FromPendingOut), (false, Both)],
        [Unsubscribe] = [(false, None), (false, NonePendingOut), (true, None), (true, NonePendingOut), (false, To), (true, To), (true, None), (true, NonePendingOut), (true, To)],
        [Subscribed] = [(false, None), (true, To), (false, NonePendingIn), (true, ToPendingIn), (false, To), (false, ToPendingIn), (false, From), (true, Both), (false, Both)],
        [Unsubscribed] = [(false, None), (true, None), (false, NonePendingIn), (true, NonePendingIn), (true, None), (true, NonePendingIn), (false, From), (true, From), (true, From)],
    });

    [Theory]
    [MemberData(nameof(OutboundTable))]
    public void Outbound(SubscriptionAction action, SubscriptionState state, bool passed, SubscriptionState next) =>
        Assert.Equal(new SubscriptionStep(passed, next), SubscriptionStates.Outbound(state, action));

    [Theory]
    [MemberData(nameof(InboundTable))]
    public void Inbound(SubscriptionAction action, SubscriptionState state, bool passed, SubscriptionState next) =>
        Assert.Equal(new SubscriptionStep(passed, next), SubscriptionStates.Inbound(state, action));

    [Theory]
    [InlineData(None, "none")]
    [InlineData(NonePendingOut, "none")]
    [InlineData(NonePendingIn, "none")]
    [InlineData(NonePendingOutIn, "none")]
    [InlineData(To, "to")]
    [InlineData(ToPendingIn, "to")]
    [InlineData(From, "from")]
    [InlineData(FromPendingOut, "from")]
    [InlineData(Both, "both")]
    public void Tokens(SubscriptionState state, string token) => Assert.Equal(token, state.Token());

    [Fact]
    public void The_numbers_on_disk_are_frozen() => Assert.Equal(
        "None=0 NonePendingOut=1 NonePendingIn=2 NonePendingOutIn=3 To=4 ToPendingIn=5 From=6 FromPendingOut=7 Both=8",
        string.Join(' ', Enum.GetValues<SubscriptionState>().Select(s => $"{s}={(int)s}")));

    /// <summary>What one side sends and the other receives leaves the two in states that agree, whatever they do.</summary>
    [Fact]
    public void Two_sides_never_disagree()
    {
        var seen = new HashSet<(SubscriptionState, SubscriptionState)>();
        var open = new Queue<(SubscriptionState, SubscriptionState)>([(None, None)]);
        while (open.TryDequeue(out (SubscriptionState A, SubscriptionState B) pair))
        {
            if (!seen.Add(pair))
            {
                continue;
            }

            Assert.Equal(pair.A.HasTo(), pair.B.HasFrom());
            Assert.Equal(pair.A.HasFrom(), pair.B.HasTo());
            Assert.Equal(pair.A.IsPendingOut(), pair.B.IsPendingIn());
            Assert.Equal(pair.A.IsPendingIn(), pair.B.IsPendingOut());
            foreach (SubscriptionAction action in Enum.GetValues<SubscriptionAction>())
            {
                SubscriptionStep a = SubscriptionStates.Outbound(pair.A, action);
                SubscriptionState b = a.Pass ? SubscriptionStates.Inbound(pair.B, action).Next : pair.B;
                open.Enqueue((a.Next, b));
                open.Enqueue((b, a.Next)); // the other side acts next
            }
        }

        Assert.Equal(9, seen.Count);
    }

    private static TheoryData<SubscriptionAction, SubscriptionState, bool, SubscriptionState> Table(Dictionary<SubscriptionAction, (bool Passed, SubscriptionState Next)[]> lines)
    {
        var table = new TheoryData<SubscriptionAction, SubscriptionState, bool, SubscriptionState>();
        foreach ((SubscriptionAction action, (bool Passed, SubscriptionState Next)[] line) in lines)
        {
            for (int i = 0; i < Order.Length; i++)
            {
                table.Add(action, Order[i], line[i].Passed, line[i].Next);
            }
        }

        return table;
    }
}
