using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.Bytestreams;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Bytestreams;

/// <summary>Who belongs together and who may activate (XEP-0065 §6.3), without sockets.</summary>
public sealed class ProxyServiceTests
{
    private static readonly Jid Alice = Parse("alice@hub.test/one");
    private static readonly Jid Bob = Parse("bob@other.test/two");
    private readonly BytestreamsOptions _options = new() { MaxStreams = 3, MaxStreamsPerAccount = 2 };
    private readonly ProxyService _service;

    public ProxyServiceTests() => _service = new ProxyService(_options);

    [Fact]
    public void Two_that_say_the_same_are_a_pair_which_the_requester_activates_once()
    {
        (Side first, Side second) = Connect("s");
        Assert.Null(first.Other);
        Assert.Equal(ActivationOutcome.Activated, _service.Activate("s", Alice, Bob));
        Assert.Same(second, first.Other);
        Assert.Same(first, second.Other);
        Assert.Equal(ActivationOutcome.IsActive, _service.Activate("s", Alice, Bob));
        Assert.Equal(1, _service.Active);
        _service.End(first.Pair!);
        Assert.Equal((0, 0), (_service.Active, _service.Known));
    }

    [Fact]
    public void A_third_with_the_same_hash_is_refused_before_and_after_the_activation()
    {
        Connect("s");
        Assert.Null(Join("s", new Side()));
        _service.Activate("s", Alice, Bob);
        Assert.Null(Join("s", new Side()));
    }

    [Fact]
    public void One_side_alone_cannot_be_activated_and_is_there_until_it_leaves()
    {
        var side = new Side();
        side.Pair = Join("s", side);
        Assert.Equal(ActivationOutcome.OneSideOnly, _service.Activate("s", Alice, Bob));
        Assert.True(_service.Leave(side.Pair!, side));
        Assert.Equal(ActivationOutcome.NotFound, _service.Activate("s", Alice, Bob));
        Assert.Equal(0, _service.Known);
    }

    /// <summary>The first may go and another take its place, as often as they like.</summary>
    [Fact]
    public void A_side_that_goes_makes_room()
    {
        (Side first, Side second) = Connect("s");
        Assert.True(_service.Leave(first.Pair!, first));
        Assert.Equal(ActivationOutcome.OneSideOnly, _service.Activate("s", Alice, Bob));
        var third = new Side();
        Assert.NotNull(Join("s", third));
        Assert.Equal(ActivationOutcome.Activated, _service.Activate("s", Alice, Bob));
        Assert.Same(third, second.Other);
        Assert.False(_service.Leave(second.Pair!, second));
    }

    [Theory]
    [InlineData("t", "alice@hub.test/one", "bob@other.test/two")] // another id
    [InlineData("s", "mallory@hub.test/one", "bob@other.test/two")] // another requester
    [InlineData("s", "alice@hub.test/two", "bob@other.test/two")] // another resource of the requester
    [InlineData("s", "alice@hub.test/one", "bob@other.test/one")] // another target
    [InlineData("s", "bob@other.test/two", "alice@hub.test/one")] // the target itself
    public void Nobody_else_activates_it(string sid, string requester, string target)
    {
        Connect("s");
        Assert.Equal(ActivationOutcome.NotFound, _service.Activate(sid, Parse(requester), Parse(target)));
        Assert.Equal(0, _service.Active);
    }

    [Fact]
    public void An_account_and_the_hub_have_as_many_as_they_may()
    {
        for (int i = 0; i < 3; i++)
        {
            Connect("s" + i);
        }

        Assert.Equal(ActivationOutcome.Activated, _service.Activate("s0", Alice, Bob));
        Assert.Equal(ActivationOutcome.Activated, _service.Activate("s1", Alice, Bob));
        Assert.Equal(ActivationOutcome.TooMany, _service.Activate("s2", Alice, Bob));
        Jid carol = Parse("carol@hub.test/r");
        for (int i = 0; i < 2; i++)
        {
            Side[] sides = [new Side(), new Side()];
            Assert.All(sides, side => Assert.NotNull(_service.Join(ProxyService.HashOf("c" + i, carol, Bob), side)));
        }

        Assert.Equal(ActivationOutcome.Activated, _service.Activate("c0", carol, Bob));
        Assert.Equal(ActivationOutcome.TooMany, _service.Activate("c1", carol, Bob));
    }

    private static Jid Parse(string text)
    {
        Assert.True(JidPrep.TryParse(text, out Jid? jid));
        return jid;
    }

    private ProxyPair? Join(string sid, Side side) => _service.Join(ProxyService.HashOf(sid, Alice, Bob), side);

    private (Side First, Side Second) Connect(string sid)
    {
        Side first = new(), second = new();
        first.Pair = Join(sid, first);
        second.Pair = Join(sid, second);
        Assert.Same(first.Pair, second.Pair);
        return (first, second);
    }

    private sealed class Side : IProxySide
    {
        public ProxyPair? Pair { get; set; }

        public IProxySide? Other { get; private set; }

        public void Activate(ProxyPair pair, IProxySide other) => Other = other;
    }
}
