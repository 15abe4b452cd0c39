using System.Net;
using IotXmpp.Hub.Dashboard.Web;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.WebSessions;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Transport.InProcess;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Dashboard.Live;

/// <summary>
/// The person who looks at an open page, and what the person may see: one for each open page (circuit). It has an ordinary XMPP session of its own, which ends with the page, with the sign-in, and when
/// the account may not log in any more. Handlers are called one at a time, in the order of the stanzas, not on the page's own thread: they note what changed, quickly, and call
/// <see cref="LiveComponent.Changed"/>.
/// </summary>
public sealed class Viewer : IAsyncDisposable
{
    /// <summary>How long an answer is waited for, unless a page says otherwise (30 s): a thing far away has a slow link.</summary>
    public static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(30);

    /// <summary>Nodes that one page follows at a time (500): what a screen shows, many times over.</summary>
    public const int MaxFollowed = 500;

    /// <summary>Presence that is kept for parts of the page that come later (20,000 entities): twice the largest fleet that one hub is made for.</summary>
    public const int MaxPresence = 20_000;

    private readonly FleetHolder _holder;
    private readonly AuthenticationStateProvider _who;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly List<Action<PresenceNotice>> _presence = [];
    private readonly List<Action<Element>> _messages = [];
    private readonly Dictionary<string, Followed> _followed = new(StringComparer.Ordinal);
    private readonly Dictionary<Jid, PresenceNotice> _latest = [];
    private Task? _starting;
    private ViewerSession? _session;
    private IDisposable? _watch;
    private int _isAvailable;

    /// <param name="holder">The services.</param>
    /// <param name="who">Who is signed in.</param>
    /// <param name="loggers">Where logs go.</param>
    public Viewer(FleetHolder holder, AuthenticationStateProvider who, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(holder);
        _holder = holder;
        _who = who;
        _log = loggers.CreateLogger<Viewer>();
        Pulse = new UiPulse(holder.Fleet.Hub.Time);
    }

    /// <summary>The services. Those that take a JID are asked with <see cref="Jid"/>; the others, only about things that <see cref="MayAsync"/> allows.</summary>
    public FleetServices Fleet => _holder.Fleet;

    /// <summary>The clock.</summary>
    public TimeProvider Time => Fleet.Hub.Time;

    /// <summary>The person's bare JID; set once <see cref="IsReady"/>.</summary>
    public Jid Jid { get; private set; } = null!;

    /// <summary>The full JID of this page's XMPP session.</summary>
    public Jid? FullJid => _session?.Jid;

    /// <summary>The localpart.</summary>
    public string Name => Jid.Local;

    /// <summary>Whether the person administers the hub; as it was when the page was opened, and told anew when that changes. What is done is checked again where it is done.</summary>
    public bool IsAdministrator { get; private set; }

    /// <summary>The sign-in that this page belongs to.</summary>
    public WebSession SignIn { get; private set; } = null!;

    /// <summary>Whether the session is there.</summary>
    public bool IsReady => _session is not null;

    /// <summary>Draws pages anew, some times a second and no more.</summary>
    public UiPulse Pulse { get; }

    /// <summary>What is told in the corner of the page.</summary>
    public NoticeBoard Notices { get; } = new();

    /// <summary>Whether the sign-in has ended; else only this page's session, and the page may be opened again.</summary>
    public bool IsSignedOut { get; private set; }

    /// <summary>The sign-in or the XMPP session has ended: with the reason for people. Told once, on any thread.</summary>
    public event Action<string>? Ended;

    /// <summary>The person became an administrator, or is none any more; on any thread.</summary>
    public event Action? RoleChanged;

    /// <summary>Whether the person has to set up a second factor before anything else.</summary>
    public bool MustSetUpSecondFactor { get; private set; }

    /// <summary>Opens the session; when it returns, <see cref="IsReady"/> says whether there is one.</summary>
    public Task StartAsync() => _starting ??= BeginAsync();

    /// <summary>Whether the person may do something with a thing, now.</summary>
    public ValueTask<bool> MayAsync(string thing, ThingRight right, string? parameter = null, CancellationToken cancel = default) => Fleet.Access.MayAsync(Jid, thing, right, parameter, cancel);

    /// <summary>The ids of all things for which the person has a right.</summary>
    public ValueTask<IReadOnlyList<string>> ThingsAsync(ThingRight right, CancellationToken cancel = default) => Fleet.Access.ThingsAsync(Jid, right, cancel);

    /// <summary>Whether the person administers the hub, now: asked before anything that only administrators do.</summary>
    public async ValueTask<bool> IsAdministratorNowAsync() => IsAdministrator = await Fleet.Hub.Accounts.IsAdministratorAsync(Jid).ConfigureAwait(false);

    /// <summary>Looks whether <see cref="MustSetUpSecondFactor"/> still holds.</summary>
    public async Task LookAtSecondFactorAsync() =>
        MustSetUpSecondFactor = Fleet.SecondFactor is { } factor && factor.IsRequired(IsAdministrator) && !await factor.IsOnAsync(Jid.Local).ConfigureAwait(false);

    /// <summary>Sends a request as this person (RFC 6120 §8.2.3).</summary>
    /// <param name="type">Get or set.</param>
    /// <param name="to">Whom; null for the person's own account.</param>
    /// <param name="payload">The request.</param>
    /// <param name="timeout">How long the answer is waited for; null for <see cref="AnswerWithin"/>.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>The answer; never an exception for what was refused.</returns>
    public Task<IqAnswer> SendIqAsync(StanzaType type, Jid? to, Element payload, TimeSpan? timeout = null, CancellationToken cancel = default) =>
        _session is { } session ? session.AskAsync(type, to, payload, timeout ?? AnswerWithin, cancel) : Task.FromResult(IqAnswer.Gone);

    /// <summary>Sends a message or presence as this person; false where the session has ended.</summary>
    public ValueTask<bool> SendAsync(Element stanza) => _session?.SendAsync(stanza) ?? new(false);

    /// <summary>
    /// Tells of presence that comes, until what is returned is disposed. What has come before is told at once, in any order. With the first who asks the session becomes available, and not before: of ten
    /// thousand contacts each would be told that somebody has opened a page, and would answer.
    /// </summary>
    public IDisposable OnPresence(Action<PresenceNotice> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        List<PresenceNotice> known;
        lock (_gate)
        {
            _presence.Add(handler);
            known = [.. _latest.Values];
        }

        known.ForEach(handler);
        if (Interlocked.Exchange(ref _isAvailable, 1) == 0)
        {
            _ = _session?.BecomeAvailableAsync().AsTask();
        }

        return new Handle(() => Remove(_presence, handler));
    }

    /// <summary>Tells of messages that are no events of publish-subscribe.</summary>
    public IDisposable OnMessage(Action<Element> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        lock (_gate)
        {
            _messages.Add(handler);
        }

        return new Handle(() => Remove(_messages, handler));
    }

    /// <summary>
    /// Follows a node of <c>pubsub.&lt;domain&gt;</c>, until what is returned is disposed: the session subscribes with its full JID, for as long as it is there (XEP-0060 §12.4), once however many parts of
    /// the page follow. The last item comes first.
    /// </summary>
    /// <param name="node">The node, such as <c>things/esp32-a4cf12/telemetry</c>.</param>
    /// <param name="handler">Is told of its events.</param>
    /// <returns>What ends it, and null or why it was refused.</returns>
    public async Task<(IDisposable Handle, IqAnswer? Refused)> FollowAsync(string node, Action<PubSubNotice> handler)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(handler);
        Followed followed;
        bool isNew = false;
        lock (_gate)
        {
            if (!_followed.TryGetValue(node, out followed!))
            {
                if (_followed.Count >= MaxFollowed)
                {
                    return (new Handle(static () => { }), new IqAnswer(false, null, "resource-constraint", "This page follows too much at a time."));
                }

                _followed.Add(node, followed = new Followed());
                isNew = true;
            }

            followed.Handlers.Add(handler);
        }

        if (isNew)
        {
            followed.Subscribed.SetResult(await SubscribeAsync(node).ConfigureAwait(false));
        }
        else if (followed.Last is { } last)
        {
            handler(last);
        }

        IqAnswer answer = await followed.Subscribed.Task.ConfigureAwait(false);
        return (new Handle(() => Unfollow(node, followed, handler)), answer.IsResult ? null : answer);
    }

    /// <summary>Notes that the person does something: the sign-in then lasts on.</summary>
    public ValueTask UsedAsync() => SignIn is { } session ? Fleet.WebSessions!.UseAsync(session) : default;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Fleet.Accounts.Changed -= OnAccountChanged;
        _watch?.Dispose();
        Pulse.Dispose();
        if (_session is { } session)
        {
            await session.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task BeginAsync()
    {
        AuthenticationState state = await _who.GetAuthenticationStateAsync().ConfigureAwait(false);
        if (DashboardGate.SessionOf(state.User) is not { } signIn)
        {
            return;
        }

        SignIn = signIn;
        Jid = new Jid(signIn.Account, Fleet.Domain.Domain, string.Empty);
        Fleet.Accounts.Changed += OnAccountChanged;
        IsAdministrator = await Fleet.Hub.Accounts.IsAdministratorAsync(Jid).ConfigureAwait(false);
        await LookAtSecondFactorAsync().ConfigureAwait(false);
        // Watched before it is looked at: what ends in between is seen.
        _watch = Fleet.WebSessions!.OnEnd(signIn, why =>
        {
            IsSignedOut = true;
            End(why switch
            {
                WebSessionEnd.Expired => "You were signed out, because nobody did anything for a while.",
                WebSessionEnd.Revoked => "Your account was changed: sign in again.",
                _ => "You have signed out.",
            });
        });
        if (await Fleet.Accounts.FindAsync(signIn.Account).ConfigureAwait(false) is not { IsDisabled: false })
        {
            return;
        }

        IPEndPoint? peer = IPAddress.TryParse(signIn.Peer, out IPAddress? address) ? new IPEndPoint(address, 0) : null;
        InProcessClient? client = await InProcessClient.OpenAsync(Fleet.Streams, signIn.Account, "dashboard-" + Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(6)), peer).ConfigureAwait(false);
        if (client is null)
        {
            return;
        }

        var session = new ViewerSession(client, Time, _log) { Presence = Take, PubSub = Take, Message = Take };
        _session = session;
        _ = TellEndAsync(session, signIn);
    }

    private void OnAccountChanged(string name, AccountChange change)
    {
        if (name == Jid.Local && change == AccountChange.RoleChanged)
        {
            _ = TellRoleAsync();
        }
    }

    private async Task TellRoleAsync()
    {
        await IsAdministratorNowAsync().ConfigureAwait(false);
        await LookAtSecondFactorAsync().ConfigureAwait(false);
        RoleChanged?.Invoke();
    }

    private async Task TellEndAsync(ViewerSession session, WebSession signIn)
    {
        await session.Ended.ConfigureAwait(false);
        // Where the account may not log in any more its XMPP sessions end first; the sign-in has ended with them.
        IsSignedOut |= !Fleet.Hub.IsStopping && await Fleet.Accounts.FindAsync(signIn.Account).ConfigureAwait(false) is not { IsDisabled: false };
        End(IsSignedOut ? "Your account was changed: sign in again." : "The hub has ended the session of this page.");
    }

    private void End(string why)
    {
        Action<string>? ended = Ended;
        Ended = null;
        ended?.Invoke(why);
        if (IsSignedOut && _session is { } session)
        {
            // At once: the browser may keep the page for a while, but nothing comes to it any more.
            _ = session.DisposeAsync().AsTask();
        }
    }

    private void Take(PresenceNotice notice)
    {
        Action<PresenceNotice>[] handlers;
        lock (_gate)
        {
            // No more than the person has contacts' resources: what has gone is kept by its bare JID alone.
            _latest.Remove(notice.IsAvailable ? notice.From.Bare : notice.From);
            Jid key = notice.IsAvailable ? notice.From : notice.From.Bare;
            if (_latest.Count < MaxPresence || _latest.ContainsKey(key))
            {
                _latest[key] = notice;
            }

            handlers = [.. _presence];
        }

        foreach (Action<PresenceNotice> handler in handlers)
        {
            handler(notice);
        }
    }

    private void Take(PubSubNotice notice)
    {
        Action<PubSubNotice>[] handlers;
        lock (_gate)
        {
            if (!_followed.TryGetValue(notice.Node, out Followed? followed))
            {
                return;
            }

            followed.Last = notice;
            handlers = [.. followed.Handlers];
        }

        foreach (Action<PubSubNotice> handler in handlers)
        {
            handler(notice);
        }
    }

    private void Take(Element message)
    {
        Action<Element>[] handlers;
        lock (_gate)
        {
            handlers = [.. _messages];
        }

        foreach (Action<Element> handler in handlers)
        {
            handler(message);
        }
    }

    private Task<IqAnswer> SubscribeAsync(string node)
    {
        Element form = new Element("x", Ns.DataForms).With("type", "submit")
            .Add(Field("FORM_TYPE", "http://jabber.org/protocol/pubsub#subscribe_options", "hidden"))
            .Add(Field("pubsub#expire", "presence"));
        Element request = new Element("pubsub", Ns.PubSub)
            .Add(new Element("subscribe", Ns.PubSub).With("node", node).With("jid", _session?.Jid.ToString()))
            .Add(new Element("options", Ns.PubSub).Add(form));
        return SendIqAsync(StanzaType.Set, PubSubService, request);
    }

    private Jid PubSubService => new(string.Empty, "pubsub." + Fleet.Domain.Domain, string.Empty);

    private static Element Field(string name, string value, string? type = null) => new Element("field", Ns.DataForms).With("var", name).With("type", type).Add(new Element("value", Ns.DataForms).Add(value));

    private void Unfollow(string node, Followed followed, Action<PubSubNotice> handler)
    {
        lock (_gate)
        {
            followed.Handlers.Remove(handler);
            if (followed.Handlers.Count > 0 || !_followed.Remove(node))
            {
                return;
            }
        }

        _ = UnsubscribeAsync(node, followed);
    }

    private async Task UnsubscribeAsync(string node, Followed followed)
    {
        IqAnswer subscribed = await followed.Subscribed.Task.ConfigureAwait(false);
        if (!subscribed.IsResult)
        {
            return;
        }

        string? id = subscribed.Payload?.Child("subscription", Ns.PubSub)?["subid"];
        await SendIqAsync(StanzaType.Set, PubSubService, new Element("pubsub", Ns.PubSub).Add(new Element("unsubscribe", Ns.PubSub).With("node", node).With("jid", _session?.Jid.ToString()).With("subid", id))).ConfigureAwait(false);
    }

    private void Remove<T>(List<T> list, T item)
    {
        lock (_gate)
        {
            list.Remove(item);
        }
    }

    private sealed class Followed
    {
        public List<Action<PubSubNotice>> Handlers { get; } = [];

        public TaskCompletionSource<IqAnswer> Subscribed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public PubSubNotice? Last { get; set; }
    }

    private sealed class Handle(Action dispose) : IDisposable
    {
        private Action? _dispose = dispose;

        public void Dispose() => Interlocked.Exchange(ref _dispose, null)?.Invoke();
    }
}
