using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.PubSub;

/// <summary>
/// Who may do what, as data (XEP-0060 §4.1, §4.5, §6.1.3, §6.5.9, §7.1.3): access model × affiliation × what the roster says × subscription. One line a case: the answers to subscribing, retrieving and
/// publishing, <c>+</c> where it is done, <c>~</c> where it waits for an owner.
/// </summary>
public sealed class DecisionTests : PubSubHarness
{
    private const string Table = """
        open        none          -           +                               +                              forbidden
        open        member        -           +                               +                              forbidden
        open        publisher     -           +                               +                              +
        open        publish-only  -           forbidden                       forbidden                      +
        open        owner         -           +                               +                              +
        open        outcast       -           forbidden                       forbidden                      forbidden
        presence    none          -           presence-subscription-required  presence-subscription-required forbidden
        presence    none          presence    +                               +                              forbidden
        presence    member        -           +                               +                              forbidden
        presence    publisher     -           +                               +                              +
        presence    publish-only  presence    forbidden                       forbidden                      +
        presence    outcast       presence    forbidden                       forbidden                      forbidden
        roster      none          -           not-in-roster-group             not-in-roster-group            forbidden
        roster      none          presence    not-in-roster-group             not-in-roster-group            forbidden
        roster      none          group       +                               +                              forbidden
        roster      member        -           +                               +                              forbidden
        roster      outcast       group       forbidden                       forbidden                      forbidden
        authorize   none          -           ~                               not-subscribed                 forbidden
        authorize   none          pending     pending-subscription            not-subscribed                 forbidden
        authorize   none          subscribed  +                               +                              forbidden
        authorize   member        -           +                               +                              forbidden
        authorize   publisher     -           +                               +                              +
        authorize   publish-only  -           forbidden                       forbidden                      +
        authorize   owner         -           +                               +                              +
        authorize   outcast       -           forbidden                       forbidden                      forbidden
        whitelist   none          -           closed-node                     closed-node                    forbidden
        whitelist   none          presence    closed-node                     closed-node                    forbidden
        whitelist   member        -           +                               +                              forbidden
        whitelist   publisher     -           +                               +                              +
        whitelist   publish-only  -           forbidden                       forbidden                      +
        whitelist   owner         -           +                               +                              +
        whitelist   outcast       -           forbidden                       forbidden                      forbidden
        """;

    public static TheoryData<string> Cases => [.. Table.Split('\n', StringSplitOptions.TrimEntries).Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task The_service_decides_as_the_table_says(string line)
    {
        if (line.Split(' ') is not [var access, var affiliation, var state, var subscribes, var retrieves, var publishes])
        {
            throw new ArgumentException(line);
        }

        await MakeAsync(("access_model", access), ("roster_groups_allowed", "friends"));
        await PublishAsync("0");
        if (state is "presence")
        {
            Rosters.From.Add(("alice", "bob"));
        }
        else if (state is "group")
        {
            Rosters.Groups.Add(("alice", "bob", "friends"));
        }
        else if (state is "pending" or "subscribed")
        {
            await SubscribeAsync(Bob);
            if (state == "subscribed")
            {
                Ok(await Lists.AuthorizeAsync(Alice, Node, Bob, true));
            }
        }

        Assert.True(PubSubXml.TryAffiliation(affiliation, out Affiliation what));
        if (what != Affiliation.None)
        {
            Ok(await Lists.SetAffiliationsAsync(Alice, Node, [(Bob, what)]));
        }

        string retrieved = Answer((await Subscriber.ItemsAsync(Bob, Node, null, null)).Error);
        string published = Answer((await Publisher.PublishAsync(Bob, Node, [Item("1")], null)).Error);
        Outcome<Subscription> subscription = await Subscriber.SubscribeAsync(Bob, Node, Bob, null);
        string subscribed = subscription.Error is null && subscription.Value.State == SubscriptionState.Pending ? "~" : Answer(subscription.Error);
        Assert.Equal((subscribes, retrieves, publishes), (subscribed, retrieved, published));
    }

    [Theory]
    [InlineData("publishers", false, "forbidden")]
    [InlineData("publishers", true, "forbidden")]
    [InlineData("subscribers", false, "forbidden")]
    [InlineData("subscribers", true, "+")]
    [InlineData("open", false, "+")]
    public async Task Who_is_nothing_publishes_as_the_publish_model_says(string model, bool isSubscribed, string answer)
    {
        await MakeAsync(("publish_model", model));
        if (isSubscribed)
        {
            await SubscribeAsync(Bob);
        }

        Assert.Equal(answer, Answer((await Publisher.PublishAsync(Bob, Node, [Item("1")], null)).Error));
        Ok(await Lists.SetAffiliationsAsync(Alice, Node, [(Bob, Affiliation.Outcast)]));
        Fails(PubSubError.Forbidden, await Publisher.PublishAsync(Bob, Node, [Item("1")], null));
    }

    private static string Answer(PubSubError? error) => error is null ? "+" : error.PubSubCondition ?? error.Condition;
}
