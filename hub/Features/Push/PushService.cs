using System.Collections.Concurrent;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Push;

/// <summary>
/// Who is told of what, and when (XEP-0357): the port <see cref="INotifier"/>. A device is told while the client that has registered it is not there: gone, or without a stream. What comes within the interval
/// goes together; one notification of a device is under way at a time.
/// </summary>
internal sealed class PushService(IHub hub, PushStore store, PushOptions options) : INotifier
{
    private readonly ILogger _log = hub.Loggers.CreateLogger<PushService>();
    private readonly ConcurrentDictionary<string, PushTarget[]> _targets = new(StringComparer.Ordinal);
    private int _underWay;

    // Where nobody has a device, no name has to be looked up for it.
    private volatile bool _isUsed;

    /// <summary>Devices of all accounts.</summary>
    public int Count => _targets.Values.Sum(targets => targets.Length);

    /// <summary>Reads all registrations.</summary>
    public async ValueTask StartAsync(CancellationToken cancel)
    {
        foreach (IGrouping<string, PushRegistration> owner in (await store.AllAsync(cancel).ConfigureAwait(false)).GroupBy(r => r.Owner, StringComparer.Ordinal))
        {
            Set(owner.Key, [.. owner]);
        }
    }

    /// <summary>A client registers its device (§5).</summary>
    public Task EnableAsync(PushRegistration registration) => store.PutAsync(registration, options.MaxRegistrations, all => Set(registration.Owner, all));

    /// <summary>A client takes back what was registered at a service, for one node or all (§6).</summary>
    public Task DisableAsync(string owner, string service, string? node) => store.RemoveAsync(owner, service, node, null, left => Set(owner, left));

    /// <summary>An account was removed.</summary>
    public Task RemoveAsync(string owner)
    {
        Set(owner, []);
        return store.RemoveAsync(owner);
    }

    /// <inheritdoc/>
    public bool Concerns(string localpart) => _isUsed && _targets.ContainsKey(localpart);

    /// <inheritdoc/>
    public void Received(Stanza message, Jid account)
    {
        if (!_targets.TryGetValue(account.Local, out PushTarget[]? targets))
        {
            return;
        }

        if (PushRules.Warrants(message.Type, message.Traits))
        {
            // What one's own other client has written is no news.
            if (!message.From.Bare.Equals(account))
            {
                Tell(targets, NewsOf(message));
            }
        }
        else if ((message.Traits & MessageTraits.Other) != 0 && Array.Exists(targets, t => t.Registration.Service == message.From.ToString()) && PushXml.RemovedNode(message, account) is { } node)
        {
            _ = ForgetAsync(account.Local, message.From.ToString(), node, null);
        }
    }

    /// <inheritdoc/>
    public void Subscription(Jid account)
    {
        if (_targets.TryGetValue(account.Local, out PushTarget[]? targets))
        {
            Tell(targets, new PushNews(true, null, null));
        }
    }

    /// <inheritdoc/>
    public void Detached(Session session, IReadOnlyList<byte[]> unacknowledged)
    {
        if (FindOf(session) is not { } target)
        {
            return;
        }

        lock (target)
        {
            target.Forget();
        }

        foreach (byte[] stanza in unacknowledged)
        {
            if (NewsOf(session, stanza, withConversations: true) is { } news)
            {
                Tell(target, news, TimeSpan.FromSeconds(options.GraceSeconds));
            }
        }
    }

    /// <inheritdoc/>
    public void Waits(Session session, byte[] stanza)
    {
        if (FindOf(session) is { } target && NewsOf(session, stanza, withConversations: false) is { } news)
        {
            Tell(target, news, TimeSpan.Zero);
        }
    }

    /// <summary>A client has come.</summary>
    public void Opened(Session session)
    {
        if (FindOf(session) is { } target)
        {
            lock (target)
            {
                target.Forget();
            }
        }
    }

    private void Tell(PushTarget[] targets, PushNews news)
    {
        foreach (PushTarget target in targets)
        {
            if (!IsReachable(target))
            {
                Tell(target, news, TimeSpan.Zero);
            }
        }
    }

    private void Tell(PushTarget target, PushNews news, TimeSpan grace)
    {
        lock (target)
        {
            if (target.IsRemoved)
            {
                return;
            }

            target.Add(news);
            if (target.IsUnderWay || target.Timer is not null)
            {
                return;
            }

            TimeSpan wait = target.NotBefore - hub.Time.GetUtcNow();
            if (!Begin(target, wait > grace ? wait : grace))
            {
                return;
            }
        }

        _ = SendAsync(target);
    }

    private void Due(PushTarget target)
    {
        lock (target)
        {
            target.StopTimer();
            if (target.IsUnderWay || target.IsRemoved || !target.HasNews)
            {
                return;
            }

            if (IsReachable(target))
            {
                // It has come back meanwhile, and got all.
                target.Forget();
                return;
            }

            if (!Begin(target, TimeSpan.Zero))
            {
                return;
            }
        }

        _ = SendAsync(target);
    }

    // Under the lock of the target. True where it is to be sent now.
    private bool Begin(PushTarget target, TimeSpan wait)
    {
        if (wait <= TimeSpan.Zero && Interlocked.Increment(ref _underWay) <= options.MaxUnderWay)
        {
            target.IsUnderWay = true;
            return true;
        }

        if (wait <= TimeSpan.Zero)
        {
            Interlocked.Decrement(ref _underWay);
            wait = TimeSpan.FromSeconds(options.IntervalSeconds);
        }

        target.Timer = hub.Time.CreateTimer(_ => Due(target), null, wait, Timeout.InfiniteTimeSpan);
        return false;
    }

    private async Task SendAsync(PushTarget target)
    {
        PushRegistration registration;
        byte[] payload;
        lock (target)
        {
            registration = target.Registration;
            payload = PushXml.Publish(target, options.Text);
            target.HasNews = false;
            target.NotBefore = hub.Time.GetUtcNow() + TimeSpan.FromSeconds(options.IntervalSeconds);
        }

        PushAnswer answer = PushAnswer.Failed;
        try
        {
            answer = PushXml.Judge(JidPrep.TryParse(registration.Service, out Jid? service)
                ? await hub.Router.AskAsync(new OutgoingStanza(StanzaKind.Iq, StanzaType.Set, hub.Domain, payload), service, TimeSpan.FromSeconds(options.AnswerSeconds), CancellationToken.None).ConfigureAwait(false)
                : null);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            PushLog.NotSent(_log, e, registration.Owner, registration.Service);
        }

        Interlocked.Decrement(ref _underWay);
        bool isOver;
        lock (target)
        {
            target.IsUnderWay = false;
            target.Failures = answer == PushAnswer.Failed ? target.Failures + 1 : 0;
            isOver = answer == PushAnswer.Refused || target.Failures >= options.MaxFailures;
            if (!isOver && target is { HasNews: true, IsRemoved: false, Timer: null })
            {
                TimeSpan wait = target.NotBefore - hub.Time.GetUtcNow();
                target.Timer = hub.Time.CreateTimer(_ => Due(target), null, wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
            }
        }

        if (isOver)
        {
            PushLog.Disabled(_log, registration.Owner, registration.Service, answer);
            await ForgetAsync(registration.Owner, registration.Service, registration.Node, registration.EnabledAt).ConfigureAwait(false);
        }
    }

    private async Task ForgetAsync(string owner, string service, string node, long? enabledAt)
    {
        try
        {
            await store.RemoveAsync(owner, service, node, enabledAt, left => Set(owner, left)).ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            PushLog.NotForgotten(_log, e, owner, service);
        }
    }

    // In the order of the commits. A device that stays keeps what it has not been told.
    private void Set(string owner, List<PushRegistration> registrations)
    {
        PushTarget[] before = _targets.GetValueOrDefault(owner) ?? [];
        var after = new PushTarget[registrations.Count];
        for (int i = 0; i < after.Length; i++)
        {
            PushRegistration registration = registrations[i];
            PushTarget target = after[i] = Array.Find(before, t => t.Registration.Service == registration.Service && t.Registration.Node == registration.Node) ?? new PushTarget(registration);
            lock (target)
            {
                target.Registration = registration;
            }
        }

        foreach (PushTarget gone in before.Except(after))
        {
            lock (gone)
            {
                gone.IsRemoved = true;
                gone.StopTimer();
            }
        }

        if (after.Length == 0)
        {
            _targets.TryRemove(owner, out _);
        }
        else
        {
            _targets[owner] = after;
            _isUsed = true;
        }
    }

    private PushTarget? FindOf(Session session) => _targets.TryGetValue(session.Jid.Local, out PushTarget[]? targets) ? Array.Find(targets, t => t.Registration.Resource == session.Jid.Resource) : null;

    private bool IsReachable(PushTarget target)
    {
        foreach (Session session in hub.Sessions.Of(new Jid(target.Registration.Owner, hub.Domain.Domain, string.Empty)))
        {
            if (session.Jid.Resource == target.Registration.Resource)
            {
                return session is { IsConnected: true, IsAvailable: true } && !(options.WhenInactive && session.Gate is not null);
            }
        }

        return false;
    }

    private PushNews? NewsOf(Session session, byte[] bytes, bool withConversations)
    {
        var reader = new XmlSpanReader(bytes);
        reader.Read();
        if (!JidPrep.TryParse(reader.Attribute("from"u8) ?? string.Empty, out Jid? from))
        {
            return null;
        }

        Stanza stanza = Stanza.Parse(bytes, from, session.Jid);
        return stanza.Kind switch
        {
            StanzaKind.Message when withConversations && PushRules.Warrants(stanza.Type, stanza.Traits) && !from.Bare.Equals(session.Jid.Bare) => NewsOf(stanza),
            StanzaKind.Message when PushRules.Warrants(stanza, options.Groupchat, session.Jid.Bare) => NewsOf(stanza),
            StanzaKind.Iq when PushRules.IsCall(stanza) => NewsOf(stanza),
            _ => null,
        };
    }

    private PushNews NewsOf(Stanza stanza) => new(false, options.IncludeSender ? stanza.From.ToString() : null, options.IncludeBody ? TextOf(stanza) : null);

    private string? TextOf(Stanza message)
    {
        XmlSpanReader reader = message.ReadInner();
        while (reader.Read())
        {
            if (reader.IsStart("body"u8, "jabber:client"u8))
            {
                string text = reader.ReadText();
                int length = Math.Min(text.Length, options.MaxTextLength);
                return text[..(length > 0 && char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];
            }

            if (reader.Node == XmlNode.Start)
            {
                reader.Skip();
            }
        }

        return null;
    }
}

/// <summary>Logs of <see cref="PushService"/>.</summary>
internal static partial class PushLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "A device of {Account} at {Service} is disabled: {Answer}")]
    public static partial void Disabled(ILogger log, string account, string service, PushAnswer answer);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A notification for {Account} did not go to {Service}")]
    public static partial void NotSent(ILogger log, Exception e, string account, string service);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A device of {Account} at {Service} is not forgotten now")]
    public static partial void NotForgotten(ILogger log, Exception e, string account, string service);
}
