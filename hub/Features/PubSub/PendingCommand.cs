using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>The command <c>get-pending</c> (XEP-0060 §8.7): an owner chooses a node and gets a form for each subscription that waits.</summary>
internal sealed class PendingCommand(PubSubService service)
{
    /// <summary>The node of the command.</summary>
    public const string Node = Ns.PubSub + "#get-pending";

    private const string Field = "pubsub#node";

    public void AddTo(CommandBook commands) => commands.Add(
        PubSubModule.Subdomain, new AdHocCommand(Node, "Subscriptions that wait for an owner", (who, cancel) => service.Lists.MayApproveAsync(who, cancel), BeginAsync));

    private async ValueTask<CommandStep> BeginAsync(CommandInput input, CancellationToken cancel)
    {
        IReadOnlyList<string> nodes = await service.Lists.PendingNodesAsync(input.From, cancel).ConfigureAwait(false);
        DataForm form = new DataForm(FormType.Form, Ns.PubSub + "#subscribe_authorization")
            .Add(new FormField(Field) { Type = "list-single", Label = "The node", Options = [.. nodes.Select(n => new FormOption(n))], IsRequired = true });
        return CommandStep.Ask(form, ChosenAsync);
    }

    private async ValueTask<CommandStep> ChosenAsync(CommandInput input, CancellationToken cancel) =>
        await service.Lists.AskPendingAsync(input.From, input.Form[Field]?.Value, cancel).ConfigureAwait(false) is { } error
            ? CommandStep.Failed(PubSubXml.Error(error))
            : CommandStep.Done(null);
}
