namespace IotXmpp.Hub.Dashboard.Live;

/// <summary>Presence that the person's client got (RFC 6121 §4).</summary>
/// <param name="From">Whose.</param>
/// <param name="IsAvailable">Whether it is there; false for type <c>unavailable</c>.</param>
/// <param name="Presence">The whole stanza.</param>
public sealed record PresenceNotice(Jid From, bool IsAvailable, Element Presence);

/// <summary>An event of publish-subscribe that the person's client got (XEP-0060 §7.1.2.1).</summary>
/// <param name="Service">Who tells it.</param>
/// <param name="Node">The node.</param>
/// <param name="Items">The <c>items</c> element (or <c>purge</c>, <c>delete</c>, <c>configuration</c>, …).</param>
public sealed record PubSubNotice(Jid Service, string Node, Element Items);
