using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Registry;

/// <summary>Speaks to things that are online, as <c>things.&lt;domain&gt;</c>.</summary>
internal sealed class ThingContact(IHub hub, ThingRights rights, RegistryOptions options) : IThingContact
{
    /// <inheritdoc/>
    public void Claimed(Thing thing)
    {
        using var xml = new XmlBuilder();
        DiscoveryXml.WriteClaimed(xml, thing.Owner!, thing, isOwnerTold: false);
        Send(thing, xml.ToArray());
    }

    /// <inheritdoc/>
    public void Removed(Thing thing) => Send(thing, About("removed"u8, thing));

    /// <inheritdoc/>
    public async Task<bool> DisownedAsync(Thing thing, CancellationToken cancel) =>
        SessionOf(thing) is { IsConnected: true } session
        && await hub.Router.AskAsync(Request(About("disowned"u8, thing)), session.Jid, options.AcknowledgeTimeout, cancel).ConfigureAwait(false) is { Type: StanzaType.Result };

    private static byte[] About(ReadOnlySpan<byte> name, Thing thing)
    {
        using var xml = new XmlBuilder();
        xml.Open(name, Ns.IotDiscovery);
        DiscoveryXml.WriteNode(xml, thing);
        return xml.Close(name).ToArray();
    }

    private OutgoingStanza Request(byte[] payload) => new(StanzaKind.Iq, StanzaType.Set, rights.Service, payload);

    private Session? SessionOf(Thing thing)
    {
        Session? found = null;
        foreach (Session session in hub.Sessions.ListOf(rights.Of(thing.Account)))
        {
            // A thing binds the resource "thing" (wire profile, addresses).
            if (session.IsAvailable && (found is null || session.Jid.Resource == "thing"))
            {
                found = session;
            }
        }

        return found;
    }

    // Nobody waits: a thing that does not get it learns it when it comes back.
    private void Send(Thing thing, byte[] payload)
    {
        if (SessionOf(thing) is { } session)
        {
            _ = hub.Router.AskAsync(Request(payload), session.Jid, options.AcknowledgeTimeout, CancellationToken.None);
        }
    }
}
