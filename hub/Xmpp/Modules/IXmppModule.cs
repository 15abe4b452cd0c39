using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Streams;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Modules;

/// <summary>A standard that a module implements: a row of the XEP table.</summary>
/// <param name="Number">Such as <c>XEP-0199</c> or <c>RFC 6121</c>.</param>
/// <param name="Title">Its title.</param>
/// <param name="Version">The version implemented; empty for an RFC.</param>
/// <param name="Note">What is left out or chosen, in a few words; empty where nothing is.</param>
public sealed record Xep(string Number, string Title, string Version = "", string Note = "");

/// <summary>
/// One feature of the hub: a XEP or a chapter of an RFC. A module says at start what it answers and observes; nothing can be registered later.
/// Adding one is a folder under <c>hub/Features</c>, its tests and a line in <c>HubModules</c>.
/// </summary>
public interface IXmppModule
{
    /// <summary>A short name, also of its settings section.</summary>
    string Name { get; }

    /// <summary>The standards it implements.</summary>
    Xep[] Xeps { get; }

    /// <summary>Registers everything that the module does.</summary>
    void Register(IModuleBuilder module);
}

/// <summary>What a module may register.</summary>
public interface IModuleBuilder
{
    /// <summary>What the module needs of the hub: routing, sessions, clock, logs.</summary>
    IHub Hub { get; }

    /// <summary>What the hub's own domain answers.</summary>
    IEntityBuilder Domain { get; }

    /// <summary>What the hub answers on behalf of an account: stanzas to a bare JID, or without <c>to</c> (RFC 6120 §10.3.3).</summary>
    IEntityBuilder Account { get; }

    /// <summary>What a service of the hub answers: <c>pubsub</c> stands for <c>pubsub.&lt;domain&gt;</c>, and every JID there.</summary>
    IEntityBuilder Component(string subdomain);

    /// <summary>Sees every message that is routed, in the order of phases and, within one, of registration.</summary>
    void Message(Phase phase, StanzaHandler handler);

    /// <summary>Sees every presence that is routed, likewise.</summary>
    void Presence(Phase phase, StanzaHandler handler);

    /// <summary>Changes available presence of the hub's own clients before anybody else sees it; gives the stanza itself where there is nothing to change.</summary>
    void TransformPresence(Func<Stanza, Session, ValueTask<Stanza>> transform);

    /// <summary>Sees iq requests and messages to accounts that have a payload in <paramref name="ns"/> before they are delivered, and may refuse them.</summary>
    void Inspect(string ns, StanzaHandler handler);

    /// <summary>The same for iq requests alone: then no message is looked through for it.</summary>
    void InspectIq(string ns, StanzaHandler handler);

    /// <summary>Keeps messages before they are delivered; one module may.</summary>
    void Archive(IMessageArchive archive);

    /// <summary>Copies messages to an account's other resources; one module may.</summary>
    void Copies(IMessageCopier copier);

    /// <summary>Takes messages that no resource wants; one module may.</summary>
    void Undelivered(IUndeliveredMessages undelivered);

    /// <summary>Tells the devices of who is away that something has come; one module may.</summary>
    void Notifies(INotifier notifier);

    /// <summary>Says whom accounts do not want to hear from; one module may.</summary>
    void Privacy(IPrivacy privacy);

    /// <summary>Says to whom outside of the domain the hub speaks; one module may.</summary>
    void Outsiders(IOutsiders outsiders);

    /// <summary>Takes part in stream negotiation.</summary>
    void StreamFeature(IStreamFeature feature);

    /// <summary>Can be turned on while a client binds (XEP-0386).</summary>
    void BindFeature(IBindFeature feature);

    /// <summary>Called when a session is bound, before its first stanza.</summary>
    void SessionOpened(Action<Session> handler);

    /// <summary>Called when a session has ended for good, after its unavailable presence was sent.</summary>
    void SessionClosed(Action<Session> handler);

    /// <summary>Called when a session has lost its stream and may be resumed (XEP-0198 §5).</summary>
    void SessionDetached(Action<Session> handler);

    /// <summary>Called when a session was resumed.</summary>
    void SessionResumed(Action<Session> handler);

    /// <summary>Runs before the first listener opens: migrations, caches.</summary>
    void Starting(Func<CancellationToken, ValueTask> start);

    /// <summary>Runs when the hub begins to stop, while everybody is still connected: the time for last words.</summary>
    void Ending(Action end);

    /// <summary>Runs after the last listener has closed.</summary>
    void Stopping(Func<CancellationToken, ValueTask> stop);

    /// <summary>The module's validated settings from section <paramref name="section"/>.</summary>
    /// <exception cref="ArgumentException">A setting is unknown or out of range; the start stops with its message.</exception>
    T Options<T>(string section)
        where T : class, new();
}

/// <summary>What one served entity (domain, account, component) answers.</summary>
public interface IEntityBuilder
{
    /// <summary>A disco identity (XEP-0030 §3.1).</summary>
    IEntityBuilder Identity(string category, string type, string? name = null);

    /// <summary>A disco feature.</summary>
    IEntityBuilder Feature(string var);

    /// <summary>Answers iq requests of that type whose payload is <paramref name="name"/> in <paramref name="ns"/>. Two handlers for one request stop the start.</summary>
    IEntityBuilder Iq(StanzaType type, string name, string ns, IqHandler handler, IqOrdering ordering = IqOrdering.InOrder);

    /// <summary>
    /// Sees every iq to the entity, and to every JID at it, before the handlers of requests, results and errors included, and may take it over (components only; one handler).
    /// </summary>
    IEntityBuilder Intercept(StanzaHandler handler);

    /// <summary>Takes messages that are addressed to the entity (components only).</summary>
    IEntityBuilder Message(StanzaHandler handler);

    /// <summary>Takes messages of type groupchat that are addressed to the entity (components only; one handler). Who sends them may go on while they become durable.</summary>
    IEntityBuilder Groupchat(GroupchatHandler handler);

    /// <summary>Takes presence that is addressed to the entity (components and the domain).</summary>
    IEntityBuilder Presence(StanzaHandler handler);

    /// <summary>A form that disco shows with the entity (XEP-0128), always the same.</summary>
    IEntityBuilder Form(Forms.DataForm form);

    /// <summary>Answers disco for nodes, items and what changes (XEP-0030).</summary>
    IEntityBuilder Disco(IDiscoProvider provider);
}

/// <summary>Whether requests of one session may overtake each other.</summary>
public enum IqOrdering : byte
{
    /// <summary>The session's next stanza waits until the handler has ended (RFC 6120 §10.1).</summary>
    InOrder,

    /// <summary>
    /// The handler keeps the order itself up to its first await, and the session goes on: its durable writes can share one commit.
    /// Bounded by <see cref="XmppOptions.MaxConcurrentIqs"/> a session; a later request that is <see cref="InOrder"/> waits for all of them.
    /// </summary>
    Concurrent,
}

/// <summary>Named phases in which routed messages and presence are seen.</summary>
public enum Phase : byte
{
    /// <summary>May refuse the stanza.</summary>
    Inspect,

    /// <summary>May take the stanza over: deliver, store or answer it itself.</summary>
    Deliver,

    /// <summary>Sees what was delivered, by whomever; not what was refused.</summary>
    Observe,
}

/// <summary>Answers an iq request.</summary>
/// <param name="request">The request; its bytes are valid until the returned task ends.</param>
/// <param name="cancel">Ends when the hub stops.</param>
public delegate ValueTask<IqReply> IqHandler(IqRequest request, CancellationToken cancel);

/// <summary>Sees or takes a routed stanza.</summary>
/// <param name="stanza">The stanza; its bytes are valid until the returned task ends.</param>
/// <param name="sender">The local session that sent it, or null.</param>
public delegate ValueTask<Verdict> StanzaHandler(Stanza stanza, Session? sender);

/// <summary>Takes a message of type groupchat.</summary>
/// <param name="message">The message; it owns its bytes.</param>
/// <returns>When the call has returned, the message has its place in the order of all messages; when the task has ended, it is durable and was passed on, or its sender was told why not. Null where that is so already.</returns>
public delegate ValueTask<Task?> GroupchatHandler(Stanza message);

/// <summary>What shall become of a stanza.</summary>
public readonly struct Verdict
{
    private Verdict(bool isHandled, StanzaError? error)
    {
        IsHandled = isHandled;
        Error = error;
    }

    /// <summary>Go on: the next handler, then normal delivery.</summary>
    public static Verdict Continue => default;

    /// <summary>The handler has done all there is to do.</summary>
    public static Verdict Handled { get; } = new(true, null);

    /// <summary>Whether nobody else shall see the stanza.</summary>
    public bool IsHandled { get; }

    /// <summary>The error that the sender gets, or null.</summary>
    public StanzaError? Error { get; }

    /// <summary>The sender gets this error; nobody else sees the stanza.</summary>
    public static Verdict Reject(StanzaError error) => new(true, error);

    /// <summary>The same, as a finished task.</summary>
    public static implicit operator ValueTask<Verdict>(Verdict verdict) => new(verdict);
}

/// <summary>An iq request to an entity that the hub serves.</summary>
public sealed class IqRequest
{
    internal IqRequest(Stanza stanza, Jid target, Session? session)
    {
        Stanza = stanza;
        Target = target;
        Session = session;
    }

    /// <summary>The stanza.</summary>
    public Stanza Stanza { get; }

    /// <summary>Who asks.</summary>
    public Jid From => Stanza.From;

    /// <summary>Who is asked: the domain, an account's bare JID (the sender's own where the stanza had no <c>to</c>), or a component's JID.</summary>
    public Jid Target { get; }

    /// <summary>get or set.</summary>
    public StanzaType Type => Stanza.Type;

    /// <summary>The local session that asks, or null.</summary>
    public Session? Session { get; }

    /// <summary>Whether somebody asks his own account (<see cref="Target"/> is the sender's bare JID).</summary>
    public bool IsOwnAccount => From.Bare.Equals(Target);

    /// <summary>The payload as a tree.</summary>
    public Xml.Element Payload() => Stanza.Child()!;
}

/// <summary>The outcome of an iq request: a result with an optional payload, or an error.</summary>
public readonly struct IqReply
{
    private IqReply(ReadOnlyMemory<byte> payload, StanzaError? error, bool isLater)
    {
        Payload = payload;
        Error = error;
        IsLater = isLater;
    }

    /// <summary>An empty result.</summary>
    public static IqReply Empty => default;

    /// <summary>The handler answers by itself, through the router.</summary>
    public static IqReply Later { get; } = new(default, null, true);

    /// <summary>The payload: one element as UTF-8, fit to stand in <c>jabber:client</c>; or empty. Of an error it stands in the place of what was asked.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>The error, or null.</summary>
    public StanzaError? Error { get; }

    /// <summary>Whether the handler answers by itself.</summary>
    public bool IsLater { get; }

    /// <summary>A result with a payload: one element as UTF-8.</summary>
    public static IqReply Result(ReadOnlyMemory<byte> payload) => new(payload, null, false);

    /// <summary>A result with what <paramref name="xml"/> holds (copied).</summary>
    public static IqReply Result(Xml.XmlBuilder xml) => new(xml.ToArray(), null, false);

    /// <summary>An error that says what of the request failed (XEP-0060 §8.8.2.4): a payload of its own instead of what was sent.</summary>
    public static IqReply Failed(StanzaError error, ReadOnlyMemory<byte> payload) => new(payload, error, false);

    /// <summary>An error.</summary>
    public static implicit operator IqReply(StanzaError error) => new(default, error, false);

    /// <summary>The same, as a finished task.</summary>
    public static implicit operator ValueTask<IqReply>(IqReply reply) => new(reply);
}
