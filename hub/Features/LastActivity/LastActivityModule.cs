using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.LastActivity;

/// <summary>When an account was last there, and why it went (XEP-0012): of the hub itself, its uptime. Survives a restart.</summary>
public sealed class LastActivityModule(LastSeenStore store) : IXmppModule
{
    private IHub _hub = null!;

    /// <inheritdoc/>
    public string Name => "LastActivity";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0012", "Last Activity", "2.0")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        _hub = module.Hub;
        module.Domain.Feature(Ns.Last).Iq(StanzaType.Get, "query", Ns.Last, (_, _) => Result(_hub.Time.GetUtcNow() - _hub.StartedAt, null));
        module.Account.Feature(Ns.Last).Iq(StanzaType.Get, "query", Ns.Last, AskAsync);
        module.InspectIq(Ns.Last, MayAskClientAsync);
        module.Presence(Phase.Inspect, Note);
        module.Stopping(_ => store.DisposeAsync());
        _hub.Accounts.Removed += store.RemoveAsync;
    }

    private static IqReply Result(TimeSpan since, string? status)
    {
        using var xml = new XmlBuilder();
        xml.Open("query"u8, Ns.Last).Attribute("seconds"u8, Math.Max(0, (long)since.TotalSeconds));
        if (!string.IsNullOrEmpty(status))
        {
            xml.Text(status);
        }

        return IqReply.Result(xml.Close("query"u8));
    }

    private async ValueTask<IqReply> AskAsync(IqRequest request, CancellationToken cancel)
    {
        // XEP-0012 §4: only who may see the account's presence is told.
        if (!request.IsOwnAccount && !await _hub.Rosters.MaySeePresenceAsync(request.Target, request.From.Bare, cancel).ConfigureAwait(false))
        {
            return StanzaError.Forbidden;
        }

        // §3: "connected or available".
        if (_hub.Sessions.ListOf(request.Target).Count > 0)
        {
            return Result(TimeSpan.Zero, null);
        }

        return await store.FindAsync(request.Target.Local, cancel).ConfigureAwait(false) is { } seen
            ? Result(_hub.Time.GetUtcNow() - seen.At, seen.Status)
            : StanzaError.ItemNotFound;
    }

    // §4, §8: how long somebody has been idle is for who may see the presence; else it would tell who is there.
    private async ValueTask<Verdict> MayAskClientAsync(Stanza stanza, Session? sender) =>
        stanza.From.Bare.Equals(stanza.To!.Bare) || await _hub.Rosters.MaySeePresenceAsync(stanza.To.Bare, stanza.From.Bare).ConfigureAwait(false)
            ? Verdict.Continue
            : Verdict.Reject(StanzaError.Forbidden);

    private ValueTask<Verdict> Note(Stanza stanza, Session? sender)
    {
        if (sender is { IsAvailable: true } && stanza is { Type: StanzaType.Unavailable, To: null })
        {
            store.Note(sender.Jid.Local, new LastSeen(_hub.Time.GetUtcNow(), StatusOf(stanza), stanza.Inner.ToArray()));
        }

        return Verdict.Continue;
    }

    private static string StatusOf(Stanza stanza)
    {
        XmlSpanReader reader = stanza.ReadInner();
        while (reader.Read())
        {
            if (reader.IsStart("status"u8, "jabber:client"u8))
            {
                return reader.ReadText();
            }

            if (reader.Node == XmlNode.Start)
            {
                reader.Skip();
            }
        }

        return string.Empty;
    }
}
