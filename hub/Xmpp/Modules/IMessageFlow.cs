using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Modules;

/// <summary>
/// Port: keeps messages before they are delivered (supplied by Archive). What a client was shown, or was told to be taken, is in the archive: the router delivers after
/// <see cref="KeepAsync"/> says that it is durable.
/// </summary>
public interface IMessageArchive
{
    /// <summary>Whether messages of that type with these traits are kept at all; from memory and at once.</summary>
    bool Keeps(StanzaType type, MessageTraits traits);

    /// <summary>
    /// Whether one of two accounts may want a message kept, if <see cref="Keeps"/> says so too: false only where both are known, from memory, not to. Called first and for every message; what nobody keeps is delivered at once, without a
    /// copy and without a look at what stands in it.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="sender">The local account that sends it, or null.</param>
    /// <param name="recipient">The local account that it is for, or null.</param>
    bool MayBeWanted(Stanza message, Jid? sender, Jid? recipient);

    /// <summary>Keeps a message for its sender, its addressee or both.</summary>
    /// <param name="message">The message; it owns its bytes.</param>
    /// <param name="sender">The local account that sent it (bare JID), or null.</param>
    /// <param name="recipient">The local account that will get it (bare JID), or null; for a message to oneself null.</param>
    /// <returns>When the outer task has ended, the message has its place in the order of all messages; when the inner one has, it is durable. Null where nobody wants it kept.</returns>
    ValueTask<Task<KeptMessage>?> KeepAsync(Stanza message, Jid? sender, Jid? recipient);
}

/// <summary>How a message was kept.</summary>
/// <param name="SentId">Its id in the sender's archive, or null.</param>
/// <param name="ReceivedId">Its id in the addressee's archive, or null.</param>
/// <param name="Error">Why it could not be kept: the sender gets this, and nobody the message; null where all went well.</param>
public readonly record struct KeptMessage(string? SentId, string? ReceivedId, StanzaError? Error = null);

/// <summary>Port: copies messages to the other resources of an account (supplied by Carbons). Called only where an account has other resources.</summary>
public interface IMessageCopier
{
    /// <summary>Whether any client of this hub has asked for copies since the start: until then no message is looked at for them.</summary>
    bool IsUsed { get; }

    /// <summary>A message was sent: tells the sender's other resources.</summary>
    /// <param name="message">The message as the sender's account sees it.</param>
    /// <param name="sender">The session that sent it.</param>
    /// <param name="delivered">Who has got it.</param>
    void Sent(Stanza message, Session sender, Delivered delivered);

    /// <summary>A message was received: tells the resources of the account that did not get it.</summary>
    /// <param name="message">The message as the account sees it.</param>
    /// <param name="account">The account.</param>
    /// <param name="delivered">Who has got it.</param>
    void Received(Stanza message, Jid account, Delivered delivered);
}

/// <summary>Port: takes messages for accounts of which no resource wants messages (supplied by Offline; XEP-0160).</summary>
public interface IUndeliveredMessages
{
    /// <summary>Whether a message of that type with these traits would be taken.</summary>
    bool Takes(StanzaType type, MessageTraits traits);

    /// <summary>Takes it; durable when the task has ended.</summary>
    /// <returns>Null where it was taken, else what the sender is told.</returns>
    ValueTask<StanzaError?> TakeAsync(Stanza message, Jid account);
}

/// <summary>Port: tells the devices of who is away that something has come (supplied by Push; XEP-0357). Called at once, on the way of the stanza: it must not wait.</summary>
public interface INotifier
{
    /// <summary>Whether an account has asked for it. From memory; nothing else is called for the others.</summary>
    bool Concerns(string localpart);

    /// <summary>A message to an account was delivered or stored.</summary>
    /// <param name="message">The message as the account sees it.</param>
    /// <param name="account">The account (bare JID).</param>
    void Received(Stanza message, Jid account);

    /// <summary>Somebody asks to see an account's presence (RFC 6121 §3.1.3), and the account has not decided yet.</summary>
    /// <param name="account">The account (bare JID).</param>
    void Subscription(Jid account);

    /// <summary>A session has lost its stream and may be resumed (XEP-0198 §5).</summary>
    /// <param name="session">The session.</param>
    /// <param name="unacknowledged">Stanzas that were sent to it and may not have come, whole.</param>
    void Detached(Session session, IReadOnlyList<byte[]> unacknowledged);

    /// <summary>A stanza waits for a session that has no stream.</summary>
    /// <param name="session">The session.</param>
    /// <param name="stanza">The stanza, whole.</param>
    void Waits(Session session, byte[] stanza);
}

/// <summary>Which sessions have got a message.</summary>
public readonly struct Delivered
{
    private readonly Session? _session;
    private readonly int _priority;
    private readonly bool _orMore;

    private Delivered(Session? session, int priority, bool orMore)
    {
        _session = session;
        _priority = priority;
        _orMore = orMore;
    }

    /// <summary>Nobody.</summary>
    public static Delivered ToNobody => new(null, int.MaxValue, false);

    /// <summary>One session: it was addressed.</summary>
    public static Delivered To(Session session) => new(session, int.MaxValue, false);

    /// <summary>All available sessions with that priority.</summary>
    public static Delivered ToPriority(int priority) => new(null, priority, false);

    /// <summary>All available sessions with that priority or a higher one.</summary>
    public static Delivered FromPriority(int priority) => new(null, priority, true);

    /// <summary>Whether a session of the account has got it.</summary>
    public bool Includes(Session session) => _session == session || (session.IsAvailable && (session.Priority == _priority || (_orMore && session.Priority > _priority)));
}
