using System.Text;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Administration;

/// <summary>
/// Announcements, the message of the day and the welcome (XEP-0133 §4.23 to §4.28). People get them, things do not. The message of the day goes to who is online when it is set, and to everybody else when
/// he comes, once; the welcome to accounts that were made after it was set, at their first log-in.
/// </summary>
internal sealed class Notices(AdministrationStore store, AccountStore accounts, IHub hub, ILogger log)
{
    /// <summary>Characters of a text, at most; default 10,000: some pages.</summary>
    public const int TextLimit = 10_000;

    /// <summary>The message of the day.</summary>
    public const string Motd = "motd";

    /// <summary>The welcome.</summary>
    public const string Welcome = "welcome";

    private Notice? _motd;
    private Notice? _welcome;

    /// <summary>A notice as it is set now, or null.</summary>
    public Notice? this[string kind] => kind == Motd ? _motd : _welcome;

    public async ValueTask StartAsync(CancellationToken cancel)
    {
        _motd = await store.FindNoticeAsync(Motd, cancel).ConfigureAwait(false);
        _welcome = await store.FindNoticeAsync(Welcome, cancel).ConfigureAwait(false);
    }

    /// <summary>Sets a notice; a new message of the day goes to who is online.</summary>
    public async Task SetAsync(string kind, string text, bool isNew)
    {
        Notice notice = await store.SetNoticeAsync(kind, text, hub.Time.GetUtcNow(), isNew).ConfigureAwait(false);
        Keep(kind, notice);
        if (kind == Motd && isNew)
        {
            foreach (Session session in People())
            {
                await ShowAsync(session, kind, notice, "Message of the day").ConfigureAwait(false);
            }
        }
    }

    /// <summary>Takes a notice away; false where none was set.</summary>
    public async Task<bool> RemoveAsync(string kind)
    {
        bool was = await store.RemoveNoticeAsync(kind).ConfigureAwait(false);
        Keep(kind, null);
        return was;
    }

    /// <summary>Sends a text to everybody who is online now; gives how many sessions that were.</summary>
    public int Announce(string text)
    {
        List<Jid> recipients = [.. People().Select(session => session.Jid)];
        hub.Router.Multicast(Message("Announcement", text), recipients);
        return recipients.Count;
    }

    /// <summary>A client is there: shows it what waits for its account. Costs nothing where nothing is set.</summary>
    public ValueTask<Verdict> OnPresenceAsync(Stanza presence, Session? sender)
    {
        if ((_motd is not null || _welcome is not null) && sender is not null && presence.Type == StanzaType.None && presence.To is null && !sender.IsThing && sender.Get<Shown>() is null)
        {
            sender.Set(Shown.Instance);
            _ = ShowAllAsync(sender);
        }

        return Verdict.Continue;
    }

    private void Keep(string kind, Notice? notice)
    {
        if (kind == Motd)
        {
            _motd = notice;
        }
        else
        {
            _welcome = notice;
        }
    }

    private IEnumerable<Session> People() => hub.Sessions.All().Where(session => session.IsAvailable && !session.IsThing);

    private async Task ShowAllAsync(Session session)
    {
        try
        {
            if (_welcome is { } welcome && await accounts.FindAsync(session.Jid.Local).ConfigureAwait(false) is { Owner: null } account && account.Created >= welcome.SetAt)
            {
                // One welcome in the life of an account, whatever its text becomes.
                await ShowAsync(session, Welcome, welcome with { Number = 1 }, "Welcome").ConfigureAwait(false);
            }

            if (_motd is { } motd)
            {
                await ShowAsync(session, Motd, motd, "Message of the day").ConfigureAwait(false);
            }
        }
        catch (StorageException e)
        {
            AdministrationLog.NotShown(log, e, session.Jid);
        }
    }

    // Noted first: rather once too little than again and again.
    private async Task ShowAsync(Session session, string kind, Notice notice, string subject)
    {
        if (await store.SeeAsync(session.Jid.Local, kind, notice.Number).ConfigureAwait(false))
        {
            hub.Router.Send(Message(subject, notice.Text), session.Jid);
        }
    }

    private OutgoingStanza Message(string subject, string text)
    {
        using var xml = new XmlBuilder(Encoding.UTF8.GetMaxByteCount(text.Length) + 64);
        return new OutgoingStanza(StanzaKind.Message, StanzaType.Normal, hub.Domain, xml.Text("subject"u8, subject).Text("body"u8, text).ToArray());
    }

    /// <summary>Marks a session that was shown what waited.</summary>
    private sealed class Shown
    {
        public static readonly Shown Instance = new();
    }
}
