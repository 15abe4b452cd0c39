using System.Globalization;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Commands;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Configuration;

/// <summary>Desired and reported configuration (wire profile, registry): the nodes of things, and requests at <c>things.&lt;domain&gt;</c>. Stands behind Commands in <c>HubModules</c>.</summary>
/// <param name="database">Where it is kept.</param>
/// <param name="things">Tells when a thing is forgotten.</param>
/// <param name="liveness">How things are.</param>
/// <param name="pubSub">The nodes.</param>
/// <param name="access">Who may do what.</param>
/// <param name="commands">What can be set on things.</param>
public sealed class ConfigurationModule(ISqlDatabase database, RegistryModule things, LivenessModule liveness, PubSubModule pubSub, ThingAccess access, CommandsModule commands) : IXmppModule, IDesiredNode
{
    private const string Item = "current"; // XEP-0060 §12.8: of a node with one item its usual id

    private Jid _address = null!;

    /// <inheritdoc/>
    public string Name => "Configuration";

    /// <inheritdoc/>
    public Xep[] Xeps => [];

    /// <summary>The rules; after <see cref="Register"/>.</summary>
    public ConfigurationService Service { get; private set; } = null!;

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        ConfigurationOptions options = module.Options<ConfigurationOptions>("Configuration");
        if (options.Validate().FirstOrDefault() is { } wrong)
        {
            throw new ArgumentException(wrong);
        }

        IHub hub = module.Hub;
        _address = new Jid(string.Empty, RegistryModule.Subdomain + "." + hub.Domain.Domain, string.Empty);
        Service = new ConfigurationService(
            database, options, this, access.MayAsync, (thing, cancel) => commands.Forms is { } forms ? forms.FindAsync(thing, false, cancel) : Task.FromResult<ThingForm?>(null),
            thing => liveness.Service?.Find(thing)?.IsOnline ?? false, hub.Time, hub.Loggers.CreateLogger<ConfigurationService>());
        pubSub.Service.KeepBy(new ConfigurationKeeper(Service, _address, hub.Domain.Domain, hub.Time));
        module.Component(RegistryModule.Subdomain)
            .Iq(StanzaType.Get, "config", Ns.Thing, FindAsync)
            .Iq(StanzaType.Set, "config", Ns.Thing, SetAsync)
            .Iq(StanzaType.Get, "versions", Ns.Thing, VersionsAsync)
            .Iq(StanzaType.Get, "drift", Ns.Thing, DriftAsync);
        things.Provisioning.Forgetting += thing => Service.ForgetAsync(thing.Id);
        hub.Accounts.Removed += name => Service.ForgetAsync(name); // also of one that was never entered
        module.Starting(Service.StartAsync);
        module.Stopping(_ =>
        {
            Service.Dispose();
            return ValueTask.CompletedTask;
        });
    }

    /// <inheritdoc/>
    async Task<bool> IDesiredNode.PublishAsync(string thing, long version, IReadOnlyList<CommandParameter> parameters)
    {
        string node = $"things/{thing}/desired";
        ItemToPublish[] items = [new ItemToPublish(Item, ConfigurationXml.Desired(version, parameters))];
        PubSubError? error = (await pubSub.Service.Publisher.PublishAsync(_address, node, items, null).ConfigureAwait(false)).Error;
        if (error is { Condition: "item-not-found" })
        {
            // A thing that was never entered in the registry has none yet.
            var speaker = new Jid(thing, _address.Domain[(RegistryModule.Subdomain.Length + 1)..], string.Empty);
            await pubSub.Service.Hub.EnsureAsync(
                node, _address, c => c with { AccessModel = AccessModel.Whitelist, Type = Ns.Thing, MaxItems = 1, SendLastPublishedItem = SendLastPublishedItem.OnSubAndPresence },
                [(speaker, Affiliation.Publisher)]).ConfigureAwait(false);
            error = (await pubSub.Service.Publisher.PublishAsync(_address, node, items, null).ConfigureAwait(false)).Error;
        }

        return error is null;
    }

    /// <inheritdoc/>
    async Task<(long Version, IReadOnlyList<CommandParameter> Parameters)?> IDesiredNode.ReadAsync(string thing, CancellationToken cancel)
    {
        Outcome<IReadOnlyList<PublishedItem>> items = await pubSub.Service.Subscriber.ItemsAsync(_address, $"things/{thing}/desired", [Item], cancel).ConfigureAwait(false);
        return items.Error is null && items.Value.Count > 0 && ConfigurationXml.Read(items.Value[0].Payload.Span) is { Version: > 0 } standing
            ? (standing.Version, ParameterText.Mark(standing.Parameters, null))
            : null;
    }

    private static IqReply Reply(ConfigurationResult result)
    {
        if (result.Outcome != ConfigurationOutcome.Done)
        {
            return ConfigurationXml.Error(result.Outcome, result.Text);
        }

        using var xml = new XmlBuilder();
        ConfigurationXml.Write(xml, result.Configuration!);
        return IqReply.Result(xml);
    }

    private static bool TryNumber(string? text, out long? number)
    {
        number = null;
        if (text is null)
        {
            return true;
        }

        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value))
        {
            return false;
        }

        number = value;
        return true;
    }

    private async ValueTask<IqReply> FindAsync(IqRequest request, CancellationToken cancel) =>
        request.Payload()["thing"] is { Length: > 0 } thing ? Reply(await Service.FindAsync(request.From, thing, cancel).ConfigureAwait(false)) : StanzaError.BadRequest;

    private async ValueTask<IqReply> SetAsync(IqRequest request, CancellationToken cancel)
    {
        Element payload = request.Payload();
        if (payload["thing"] is not { Length: > 0 } thing || !TryNumber(payload["base"], out long? basis) || !TryNumber(payload["revert"], out long? revert) || !ParameterText.TryRead(payload, out List<CommandParameter>? parameters))
        {
            return StanzaError.BadRequest;
        }

        List<string> remove = [.. payload.Children.Where(c => c.Is("remove", Ns.Thing)).Select(c => c["name"] ?? string.Empty)];
        if (revert is { } version)
        {
            return parameters.Count + remove.Count > 0 ? StanzaError.BadRequest : Reply(await Service.RevertAsync(request.From, thing, version, basis, cancel).ConfigureAwait(false));
        }

        return parameters.Count + remove.Count == 0
            ? StanzaError.BadRequest
            : Reply(await Service.SetAsync(request.From, thing, new ConfigurationChange(parameters, remove, basis, payload["note"] ?? string.Empty), cancel).ConfigureAwait(false));
    }

    private async ValueTask<IqReply> VersionsAsync(IqRequest request, CancellationToken cancel)
    {
        Element payload = request.Payload();
        if (payload["thing"] is not { Length: > 0 } thing || !TryNumber(payload["before"], out long? before))
        {
            return StanzaError.BadRequest;
        }

        if (await Service.VersionsAsync(request.From, thing, before, 50, cancel).ConfigureAwait(false) is not { } versions)
        {
            return StanzaError.Forbidden;
        }

        using var xml = new XmlBuilder();
        xml.Open("versions"u8, Ns.Thing).Attribute("thing"u8, thing);
        foreach (ConfigurationVersion version in versions)
        {
            ConfigurationXml.Write(xml, "desired"u8, version, withParameters: true);
        }

        return IqReply.Result(xml.Close("versions"u8));
    }

    private async ValueTask<IqReply> DriftAsync(IqRequest request, CancellationToken cancel)
    {
        Element payload = request.Payload();
        (IReadOnlyList<ThingConfiguration> list, string? next) = await Service.ListAsync(request.From, payload["after"] ?? string.Empty, 50, payload["all"] is not ("true" or "1"), cancel).ConfigureAwait(false);
        using var xml = new XmlBuilder();
        xml.Open("drift"u8, Ns.Thing).Attribute("next"u8, next);
        foreach (ThingConfiguration configuration in list)
        {
            ConfigurationXml.Write(xml, configuration);
        }

        return IqReply.Result(xml.Close("drift"u8));
    }
}
