using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.AdHoc;

/// <summary>Ad-hoc commands (XEP-0050) of all entities for which modules have added some to the <see cref="CommandBook"/>. Stands behind those modules in <c>HubModules</c>.</summary>
public sealed class AdHocModule(CommandBook book) : IXmppModule
{
    /// <inheritdoc/>
    public string Name => "AdHoc";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0050", "Ad-Hoc Commands", "1.3.0", "of the hub's services; things answer for themselves")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        AdHocOptions options = module.Options<AdHocOptions>("AdHoc");
        if (options.Validate().FirstOrDefault() is { } wrong)
        {
            throw new ArgumentException(wrong);
        }

        foreach ((string subdomain, SortedDictionary<string, AdHocCommand> commands) in book.Close())
        {
            var service = new CommandService(commands, options, module.Hub.Time);
            IEntityBuilder entity = subdomain.Length == 0 ? module.Domain : module.Component(subdomain);
            entity.Feature(Ns.Commands).Feature(Ns.DataForms)
                .Iq(StanzaType.Set, "command", Ns.Commands, (request, cancel) => ExecuteAsync(service, options, request, cancel))
                .Disco(new CommandDisco(service));
        }
    }

    private static async ValueTask<IqReply> ExecuteAsync(CommandService service, AdHocOptions options, IqRequest request, CancellationToken cancel)
    {
        if (request.Stanza.Inner.Length > options.FormBytes)
        {
            return AdHocXml.BadPayload.With($"A stage has at most {options.FormBytes} bytes.");
        }

        Element command = request.Payload();
        DataForm? form = null;
        if (command.Child("x", Ns.DataForms) is { } x && (form = DataForm.Read(x)) is null)
        {
            return AdHocXml.BadPayload.With("The form cannot be read (XEP-0004).");
        }

        // §3.4.1: a form that is cancelled counts as submitted; one of another type is no answer.
        if (form is { Type: FormType.Form or FormType.Result })
        {
            return AdHocXml.BadPayload.With("A form is submitted (type='submit').");
        }

        try
        {
            return await service.ExecuteAsync(
                new CommandRequest(request.From, request.Target, command["node"], command["sessionid"], command["action"], command["xml:lang"], form), cancel).ConfigureAwait(false);
        }
        catch (StorageException e) when (e.IsResourceConstraint)
        {
            return StanzaError.ResourceConstraint.With("The database cannot take more now.");
        }
    }
}

/// <summary>The commands in service discovery (XEP-0050 §2.2): each sees what he may execute.</summary>
internal sealed class CommandDisco(CommandService service) : IDiscoProvider
{
    /// <inheritdoc/>
    public async ValueTask<(bool IsKnown, StanzaError? Error)> InfoAsync(IqRequest request, string? node, DiscoInfo info, CancellationToken cancel)
    {
        if (node == Ns.Commands)
        {
            info.Identities.Add(("automation", "command-list", "Commands"));
            info.Features.AddRange([Ns.DiscoInfo, Ns.DiscoItems]);
            return (true, null);
        }

        if (node is null || !service.Commands.TryGetValue(node, out AdHocCommand? command))
        {
            return (node is null, null);
        }

        if (!await command.MayExecute(request.From, cancel).ConfigureAwait(false))
        {
            return (false, StanzaError.Forbidden);
        }

        info.Identities.Add(("automation", "command-node", command.Name));
        info.Features.AddRange([Ns.Commands, Ns.DataForms]);
        return (true, null);
    }

    /// <inheritdoc/>
    public async ValueTask<DiscoItems> ItemsAsync(IqRequest request, string? node, CancellationToken cancel)
    {
        if (node != Ns.Commands)
        {
            // A command has no items of its own (XEP-0030 §4: an empty list).
            return node is null || service.Commands.ContainsKey(node) ? new DiscoItems(true, []) : DiscoItems.Unknown;
        }

        string jid = request.Target.ToString();
        return new DiscoItems(true, [.. (await service.ListAsync(request.From, cancel).ConfigureAwait(false)).Select(c => new DiscoItem(jid, c.Node, c.Name))]);
    }
}
