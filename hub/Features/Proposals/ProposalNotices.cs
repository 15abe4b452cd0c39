using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Proposals;

/// <summary>
/// Tells those who may confirm a proposal that there is one: a message to each, which waits for who is away as any message does. Their number is bounded here, and that of messages by how many proposals an
/// account may have open.
/// </summary>
/// <param name="hub">The hub.</param>
/// <param name="access">Who may.</param>
/// <param name="options">How many are told.</param>
/// <param name="pages">Where the hub's pages are, without a slash at the end; empty where there are none.</param>
/// <param name="log">Where it stands who could not be told.</param>
internal sealed class ProposalNotices(IHub hub, ThingAccess access, ProposalOptions options, Func<string> pages, ILogger log)
{
    /// <summary>A proposal stands otherwise than before. Does not wait.</summary>
    public void Tell(Proposal proposal)
    {
        if (proposal.State == ProposalState.Open && options.ToldPeople > 0)
        {
            _ = TellAsync(proposal);
        }
    }

    private async Task TellAsync(Proposal proposal)
    {
        try
        {
            // Whose program it is comes first: he is there, and he may.
            var proposer = new Jid(proposal.Account, hub.Domain.Domain, string.Empty);
            IReadOnlyList<Jid> people = await access.ControllersAsync(proposal.Thing, [.. proposal.Parameters.Select(p => p.Name)], proposer, options.ToldPeople).ConfigureAwait(false);
            using var xml = new XmlBuilder();
            byte[] body = xml.Text("body"u8, Text(proposal)).Text("thread"u8, "proposal-" + proposal.Id).ToArray();
            foreach (Jid person in people)
            {
                hub.Router.Send(new OutgoingStanza(StanzaKind.Message, StanzaType.Chat, hub.Domain, body), person);
            }
        }
        catch (StorageException e)
        {
            ProposalLog.NotTold(log, e, proposal.Id);
        }
    }

    private string Text(Proposal proposal)
    {
        string reason = proposal.Reason.Length > 0 ? $" It says: \"{proposal.Reason}\"." : string.Empty;
        string where = pages() is { Length: > 0 } url ? $"{url}/proposals" : $"iotxmpp proposal confirm {proposal.Id}";
        return $"A program of {proposal.Account} proposes, {proposal.Action}.{reason} Nothing is done unless somebody confirms it until {Forwarded.Stamp(proposal.Expires)}: {where}";
    }
}
