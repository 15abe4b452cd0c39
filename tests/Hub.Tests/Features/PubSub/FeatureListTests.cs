using IotXmpp.Hub.Features.PubSub;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.PubSub;

/// <summary>What disco says there is, by the names of the standards.</summary>
public sealed class FeatureListTests
{
    // XEP-0060 1.30.0 §10 and §16.3, XEP-0248 0.5.0 §12.1, XEP-0312 0.3 §7.2
    private static readonly string[] Names =
    [
        "access-authorize", "access-open", "access-presence", "access-roster", "access-whitelist", "auto-create", "auto-subscribe", "collections", "config-node", "config-node-max", "create-and-configure",
        "create-nodes", "delete-items", "delete-nodes", "filtered-notifications", "get-pending", "instant-nodes", "item-ids", "last-published", "leased-subscription", "manage-subscriptions",
        "member-affiliation", "meta-data", "modify-affiliations", "multi-collections", "multi-items", "multi-subscribe", "outcast-affiliation", "persistent-items", "presence-notifications",
        "presence-subscribe", "publish", "publish-node-full", "publish-only-affiliation", "publish-options", "publisher-affiliation", "pubsub-on-a-jid", "purge-nodes", "retract-items",
        "retrieve-affiliations", "retrieve-default", "retrieve-default-sub", "retrieve-items", "retrieve-subscriptions", "rsm", "since", "subscribe", "subscription-notifications", "subscription-options",
    ];

    [Fact]
    public void Every_feature_is_one_that_a_standard_names() =>
        Assert.Empty(PubSubModule.Supported.Concat(PubSubModule.SupportedByService).Except(Names));

    [Fact]
    public void The_service_lacks_only_what_is_of_accounts() =>
        Assert.Equal(
            ["auto-subscribe", "filtered-notifications", "presence-subscribe", "pubsub-on-a-jid"],
            Names.Except(PubSubModule.Supported).Except(PubSubModule.SupportedByService).Order(StringComparer.Ordinal));

    [Fact]
    public void None_is_said_twice() => Assert.Equal(Names.Distinct().Order(StringComparer.Ordinal), Names);
}
