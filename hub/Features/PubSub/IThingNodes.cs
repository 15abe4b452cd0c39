using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>Port: who is what to the nodes of things (<c>things/&lt;thing-id&gt;/…</c>), where nothing stands in their lists.</summary>
public interface IThingNodes
{
    /// <summary>What somebody is to a node of a thing: a publisher, a member, or nothing.</summary>
    /// <param name="who">Who; its bare JID counts.</param>
    /// <param name="thing">The thing's id.</param>
    /// <param name="name">What stands behind the thing's id, such as <c>telemetry</c>.</param>
    /// <param name="cancel">Gives up.</param>
    ValueTask<Affiliation> AffiliationAsync(Jid who, string thing, string name, CancellationToken cancel);
}
