using IotXmpp.Hub.Features.Nodes;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>The way to things: IQs of <c>things.&lt;domain&gt;</c> to the session of the thing, or of its gateway with the node reference.</summary>
/// <param name="hub">The hub.</param>
/// <param name="service">The address that asks.</param>
/// <param name="registry">Which things there are, and behind whom.</param>
/// <param name="nodes">How things behind gateways are.</param>
/// <param name="options">How long a thing has.</param>
internal sealed class CommandLink(IHub hub, Jid service, RegistryStore registry, NodeStore nodes, CommandsOptions options) : ICommandLink
{
    /// <summary>Seconds that a thing has to give its form (10): somebody waits for it.</summary>
    private static readonly TimeSpan s_formTime = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public async ValueTask<string?> AccountOfAsync(string thing, CancellationToken cancel)
    {
        if (await registry.FindAsync(thing, cancel).ConfigureAwait(false) is { } found)
        {
            return found.Account;
        }

        // One that has an account and an owner and was never entered.
        return await hub.Accounts.OwnerAsync(thing, cancel).ConfigureAwait(false) is not null ? thing : null;
    }

    /// <inheritdoc/>
    public bool IsReachable(string thing, string account) => SessionOf(account) is not null && (thing == account || nodes.Find(thing) is null or { IsOnline: true });

    /// <inheritdoc/>
    public async Task<LinkAnswer> SendAsync(ThingCommand command, CancellationToken cancel)
    {
        if (SessionOf(command.Account) is not { } session)
        {
            return new LinkAnswer(LinkOutcome.Away);
        }

        using var xml = new XmlBuilder();
        xml.Open("command"u8, Ns.Command).Attribute("id"u8, command.Id);
        ParameterText.WriteSet(xml, command.Parameters, command.Thing == command.Account ? string.Empty : command.Thing);
        Stanza? answer = await AskAsync(session, StanzaType.Set, xml.Close("command"u8).ToArray(), TimeSpan.FromSeconds(options.AnswerSeconds), cancel).ConfigureAwait(false);
        bool isLost = !session.IsConnected || session.EndReason is not null;
        if (answer is null)
        {
            return new LinkAnswer(isLost ? LinkOutcome.Lost : LinkOutcome.Silent);
        }

        (CommandState state, string error, string text) = CommandXml.Outcome(answer);
        // XEP-0198 §4: what a lost session never acknowledged comes back as the hub's own error: nothing that the thing, or its gateway, has said. Where a gateway did say it in its last moment, asking again
        // under the same id does no harm.
        return state == CommandState.Done ? new LinkAnswer(LinkOutcome.Done)
            : isLost && error is "service-unavailable" or "recipient-unavailable" ? new LinkAnswer(LinkOutcome.Lost)
            // A gateway whose thing has gone in this moment: it has sent nothing to it, and forgets the command.
            : error is "recipient-unavailable" && command.Thing != command.Account ? new LinkAnswer(LinkOutcome.Away)
            : new LinkAnswer(LinkOutcome.Failed, error, text);
    }

    /// <summary>Asks a thing for its form; null where it is away or gives none.</summary>
    public async Task<ThingForm?> FormAsync(string thing, CancellationToken cancel)
    {
        if (await AccountOfAsync(thing, cancel).ConfigureAwait(false) is not { } account || !IsReachable(thing, account) || SessionOf(account) is not { } session)
        {
            return null;
        }

        using var xml = new XmlBuilder();
        xml.Open("getForm"u8, Ns.Control);
        if (thing != account)
        {
            xml.Open("node"u8).Attribute("nodeId"u8, thing).Close("node"u8);
        }

        Stanza? answer = await AskAsync(session, StanzaType.Get, xml.Close("getForm"u8).ToArray(), s_formTime, cancel).ConfigureAwait(false);
        return answer is { Type: StanzaType.Result } && answer.Child() is { } form && form.Is("x", Ns.DataForms) ? ThingForm.Read(form) : null;
    }

    private async Task<Stanza?> AskAsync(Session session, StanzaType type, byte[] payload, TimeSpan timeout, CancellationToken cancel)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task<Stanza?> asking = hub.Router.AskAsync(new OutgoingStanza(StanzaKind.Iq, type, service, payload), session.Jid, timeout, ended.Token);
        if (await Task.WhenAny(asking, session.GoneAsync()).ConfigureAwait(false) == asking || asking.IsCompletedSuccessfully)
        {
            return await asking.ConfigureAwait(false);
        }

        // The session is gone for good: nobody will answer.
        await ended.CancelAsync().ConfigureAwait(false);
        try
        {
            return await asking.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }
    }

    // A thing binds the resource "thing" (wire profile, addresses).
    private Session? SessionOf(string account) => hub.Sessions.TryGet(new Jid(account, hub.Domain.Domain, "thing"), out Session? session) && session is { IsAvailable: true, IsConnected: true } ? session : null;
}
