using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Registry;

/// <summary>XEP-0347's requests as calls of <see cref="ThingRegistry"/>, its outcomes as answers.</summary>
internal sealed class DiscoveryRequests(ThingRegistry registry, ThingRights rights, RegistryOptions options)
{
    public void Register(IEntityBuilder service)
    {
        service.Feature(Ns.IotDiscovery);
        Set("register", RegisterAsync);
        Set("mine", MineAsync);
        Set("remove", RemoveAsync);
        Set("unregister", UnregisterAsync);
        Set("update", UpdateAsync);
        // It waits for the thing; meanwhile its owner's session goes on.
        service.Iq(StanzaType.Set, "disown", Ns.IotDiscovery, (request, cancel) => GuardedAsync(DisownAsync, request, cancel), IqOrdering.Concurrent);
        service.Iq(StanzaType.Get, "search", Ns.IotDiscovery, (request, cancel) => GuardedAsync(SearchAsync, request, cancel));

        void Set(string name, Func<Jid, Element, CancellationToken, Task<IqReply>> handle) =>
            service.Iq(StanzaType.Set, name, Ns.IotDiscovery, (request, cancel) => GuardedAsync(handle, request, cancel));
    }

    private static StanzaError Error(RegistryOutcome outcome, RegistryOptions options) => outcome switch
    {
        RegistryOutcome.NotFound => StanzaError.ItemNotFound,
        RegistryOutcome.NotAllowed => StanzaError.NotAllowed,
        RegistryOutcome.Forbidden => StanzaError.Forbidden,
        RegistryOutcome.Conflict => StanzaError.Conflict.With("That id is another's."),
        RegistryOutcome.BadId => StanzaError.NotAcceptable.With("The id of a thing behind a gateway is 1 to 64 of a-z, 0-9 and -."),
        RegistryOutcome.WeakKey => StanzaError.NotAcceptable.With($"A thing that can be claimed has a KEY of at least {options.KeyChars} characters."),
        RegistryOutcome.Throttled => StanzaError.ResourceConstraint.With($"Too many claims have failed; try again in {Math.Ceiling(options.ClaimWindow.TotalMinutes):0} minutes."),
        _ => StanzaError.ResourceConstraint,
    };

    private async ValueTask<IqReply> GuardedAsync(Func<Jid, Element, CancellationToken, Task<IqReply>> handle, IqRequest request, CancellationToken cancel)
    {
        if (request.From.Domain != rights.Domain.Domain || request.From.Local.Length == 0)
        {
            return StanzaError.Forbidden; // things and owners are accounts here
        }

        try
        {
            return await handle(request.From, request.Payload(), cancel).ConfigureAwait(false);
        }
        catch (StorageException e) when (e.IsResourceConstraint)
        {
            return StanzaError.ResourceConstraint.With("The database cannot take more now.");
        }
    }

    private async Task<IqReply> RegisterAsync(Jid from, Element register, CancellationToken cancel)
    {
        if (!DiscoveryXml.TryFlag(register, "selfOwned", false, out bool isSelfOwned))
        {
            return StanzaError.BadRequest;
        }

        if (DiscoveryXml.ReadTags(register, out StanzaError? wrong) is not { } tags)
        {
            return wrong!;
        }

        RegistryAnswer answer = await registry.RegisterAsync(DiscoveryXml.AddressOf(from, register), tags, isSelfOwned, cancel).ConfigureAwait(false);
        if (answer.Outcome != RegistryOutcome.Done)
        {
            return Error(answer.Outcome, options);
        }

        // §3.2: a thing that is somebody's learns whose.
        return answer.Thing is { Owner: { } owner } thing && !owner.Equals(from.Bare) ? Claimed(owner, thing, isOwnerTold: false) : IqReply.Empty;
    }

    private async Task<IqReply> MineAsync(Jid from, Element mine, CancellationToken cancel)
    {
        if (!DiscoveryXml.TryFlag(mine, "public", true, out bool isPublic))
        {
            return StanzaError.BadRequest;
        }

        if (DiscoveryXml.ReadTags(mine, out StanzaError? wrong) is not { } tags)
        {
            return wrong!;
        }

        RegistryAnswer answer = await registry.ClaimAsync(from, tags, isPublic, cancel).ConfigureAwait(false);
        return answer.Outcome == RegistryOutcome.Done ? Claimed(rights.Of(answer.Thing!.Account), answer.Thing, isOwnerTold: true) : Error(answer.Outcome, options);
    }

    private async Task<IqReply> RemoveAsync(Jid from, Element remove, CancellationToken cancel)
    {
        if (!DiscoveryXml.TryAddress(remove, rights.Domain, out ThingAddress address, out StanzaError? wrong))
        {
            return wrong;
        }

        RegistryAnswer answer = await registry.RemoveAsync(from, address, cancel).ConfigureAwait(false);
        return answer.Outcome == RegistryOutcome.Done ? IqReply.Empty : Error(answer.Outcome, options);
    }

    private async Task<IqReply> UnregisterAsync(Jid from, Element unregister, CancellationToken cancel)
    {
        await registry.UnregisterAsync(DiscoveryXml.AddressOf(from, unregister), cancel).ConfigureAwait(false);
        return IqReply.Empty; // §3.13: always
    }

    private async Task<IqReply> UpdateAsync(Jid from, Element update, CancellationToken cancel)
    {
        if (DiscoveryXml.ReadTags(update, out StanzaError? wrong) is not { } tags)
        {
            return wrong!;
        }

        RegistryAnswer answer;
        if (update["jid"] is null)
        {
            answer = await registry.UpdateAsync(DiscoveryXml.AddressOf(from, update), tags, cancel).ConfigureAwait(false);
            if (answer is { Outcome: RegistryOutcome.Done, Thing.Owner: null })
            {
                // §3.10: the thing registers itself anew.
                using var xml = new XmlBuilder();
                xml.Open("disowned"u8, Ns.IotDiscovery);
                DiscoveryXml.WriteNode(xml, answer.Thing);
                return IqReply.Result(xml.Close("disowned"u8));
            }
        }
        else if (DiscoveryXml.TryAddress(update, rights.Domain, out ThingAddress address, out wrong))
        {
            answer = await registry.UpdateAsync(from, address, tags, cancel).ConfigureAwait(false);
        }
        else
        {
            return wrong;
        }

        return answer.Outcome == RegistryOutcome.Done ? IqReply.Empty : Error(answer.Outcome, options);
    }

    private async Task<IqReply> DisownAsync(Jid from, Element disown, CancellationToken cancel)
    {
        if (!DiscoveryXml.TryAddress(disown, rights.Domain, out ThingAddress address, out StanzaError? wrong))
        {
            return wrong;
        }

        RegistryAnswer answer = await registry.DisownAsync(from, address, cancel).ConfigureAwait(false);
        return answer.Outcome == RegistryOutcome.Done ? IqReply.Empty : Error(answer.Outcome, options);
    }

    private async Task<IqReply> SearchAsync(Jid from, Element element, CancellationToken cancel)
    {
        if (DiscoveryXml.ReadSearch(element, options.FoundThings, out StanzaError? wrong) is not { } search)
        {
            return wrong!;
        }

        FoundThings found = await registry.SearchAsync(search, cancel).ConfigureAwait(false);
        using var things = new XmlBuilder();
        int written = 0;
        foreach (Thing thing in found.Things)
        {
            if (things.Count >= options.FoundBytes)
            {
                break; // the rest is for the next page
            }

            DiscoveryXml.WriteThing(things, rights.Of(thing.Account), thing);
            written++;
        }

        using var xml = new XmlBuilder();
        xml.Open("found"u8, Ns.IotDiscovery);
        xml.Attribute("more"u8, found.HasMore || written < found.Things.Count ? "true"u8 : "false"u8);
        return IqReply.Result(xml.Raw(things.Written).Close("found"u8));
    }

    private static IqReply Claimed(Jid jid, Thing thing, bool isOwnerTold)
    {
        using var xml = new XmlBuilder();
        DiscoveryXml.WriteClaimed(xml, jid, thing, isOwnerTold);
        return IqReply.Result(xml);
    }
}
