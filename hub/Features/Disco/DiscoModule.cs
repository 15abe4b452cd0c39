using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Disco;

/// <summary>
/// Answers service discovery (XEP-0030) for everything that the hub serves, out of what modules have registered, and announces the hub's own capabilities in
/// the stream features (XEP-0115 §6.3). Stands last in <c>HubModules</c>: then all entities are known.
/// </summary>
public sealed class DiscoModule : IXmppModule
{
    private const string CapsNode = "urn:iotxmpp:hub";

    private IHub _hub = null!;
    private string? _capsVersion;

    /// <inheritdoc/>
    public string Name => "Disco";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0030", "Service Discovery", "2.5.0"), new("XEP-0115", "Entity Capabilities", "1.6.0", "the hub's own; clients' pass through"), new("XEP-0128", "Service Discovery Extensions", "1.0.1")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        _hub = module.Hub;
        module.Domain.Identity("server", "im", "IotXmpp hub");
        module.Account.Identity("account", "registered");
        module.StreamFeature(new CapsFeature(this));
        foreach (ServedEntity entity in _hub.Entities)
        {
            Serve(entity);
        }
    }

    private void Serve(ServedEntity served)
    {
        IEntityBuilder entity = served;
        entity.Feature(Ns.DiscoInfo).Feature(Ns.DiscoItems);
        entity.Iq(StanzaType.Get, "query", Ns.DiscoInfo, (request, cancel) => InfoAsync(served, request, cancel));
        entity.Iq(StanzaType.Get, "query", Ns.DiscoItems, (request, cancel) => ItemsAsync(served, request, cancel));
    }

    private async ValueTask<IqReply> InfoAsync(ServedEntity entity, IqRequest request, CancellationToken cancel)
    {
        if (await MayAskAsync(entity, request, cancel).ConfigureAwait(false) is { } refusal)
        {
            return refusal;
        }

        string? node = request.Payload()["node"];
        var info = new DiscoInfo();
        bool known = false;
        if (IsBelow(entity, request))
        {
            // A JID at a service, such as a room, is what its provider says.
        }
        else if (node is null || (entity.Kind == ServedKind.Domain && node == CapsNode + "#" + CapsVersion()))
        {
            known = true;
            info.Identities.AddRange(entity.Identities);
            info.Features.AddRange(entity.Features);
            info.Forms.AddRange(entity.Forms.Select(form => form.ToBytes()));
            if (entity.Kind == ServedKind.Account)
            {
                info.Features.Remove(Ns.DiscoItems);
            }
        }

        foreach (IDiscoProvider provider in entity.DiscoProviders)
        {
            (bool isKnown, StanzaError? error) = await provider.InfoAsync(request, node, info, cancel).ConfigureAwait(false);
            if (error is not null)
            {
                return error;
            }

            known |= isKnown;
        }

        if (!known)
        {
            return StanzaError.ItemNotFound;
        }

        using XmlBuilder xml = Write(info, node);
        return IqReply.Result(xml);
    }

    private async ValueTask<IqReply> ItemsAsync(ServedEntity entity, IqRequest request, CancellationToken cancel)
    {
        if (await MayAskAsync(entity, request, cancel).ConfigureAwait(false) is { } refusal)
        {
            return refusal;
        }

        string? node = request.Payload()["node"];
        bool known = node is null && !IsBelow(entity, request);
        var items = new List<DiscoItem>();
        ReadOnlyMemory<byte> trailer = default;
        if (entity.Kind == ServedKind.Domain && node is null)
        {
            items.AddRange(_hub.Entities.Where(e => e.Kind == ServedKind.Component).Select(e => new DiscoItem(e.Jid!.ToString(), null, e.Identities.FirstOrDefault().Name)));
        }
        else if (entity.Kind == ServedKind.Account && node is null)
        {
            // XEP-0030 §4: the resources that are there, for who may see them.
            foreach (Session session in _hub.Sessions.ListOf(request.Target))
            {
                if (session.IsAvailable)
                {
                    items.Add(new DiscoItem(session.Jid.ToString()));
                }
            }
        }

        foreach (IDiscoProvider provider in entity.DiscoProviders)
        {
            DiscoItems more = await provider.ItemsAsync(request, node, cancel).ConfigureAwait(false);
            if (more.Error is not null)
            {
                return more.Error;
            }

            known |= more.IsKnown;
            items.AddRange(more.Items);
            if (!more.Trailer.IsEmpty)
            {
                trailer = more.Trailer;
            }
        }

        if (!known)
        {
            return StanzaError.ItemNotFound;
        }

        using var xml = new XmlBuilder();
        xml.Open("query"u8, Ns.DiscoItems).Attribute("node"u8, node);
        foreach (DiscoItem item in items)
        {
            xml.Open("item"u8).Attribute("jid"u8, item.Jid).Attribute("node"u8, item.Node).Attribute("name"u8, item.Name).Close("item"u8);
        }

        return IqReply.Result(xml.Raw(trailer.Span).Close("query"u8));
    }

    private static bool IsBelow(ServedEntity entity, IqRequest request) => entity.Kind == ServedKind.Component && !request.Target.Equals(entity.Jid);

    // RFC 6121 §8.5.1 and XEP-0030 §9: what an account has is told to its owner and to who may see its presence; to all others it is as if it were not there.
    private async ValueTask<StanzaError?> MayAskAsync(ServedEntity entity, IqRequest request, CancellationToken cancel)
    {
        if (entity.Kind != ServedKind.Account || request.IsOwnAccount)
        {
            return null;
        }

        return await _hub.Rosters.MaySeePresenceAsync(request.Target, request.From.Bare, cancel).ConfigureAwait(false) ? null : StanzaError.ServiceUnavailable;
    }

    // XEP-0115 §5.1: identities, then features, then forms, each ended by '<', hashed with SHA-1.
    private string CapsVersion()
    {
        if (_capsVersion is null)
        {
            ServedEntity domain = _hub.Entities[0];
            var text = new StringBuilder();
            foreach ((string category, string type, string? name) in domain.Identities.OrderBy(i => i.Category, StringComparer.Ordinal).ThenBy(i => i.Type, StringComparer.Ordinal))
            {
                text.Append(category).Append('/').Append(type).Append("//").Append(name).Append('<');
            }

            foreach (string feature in domain.Features)
            {
                text.Append(feature).Append('<');
            }

            foreach (DataForm form in domain.Forms.OrderBy(f => f.FormType, StringComparer.Ordinal))
            {
                text.Append(form.FormType).Append('<');
                foreach (FormField field in form.Fields.OrderBy(f => f.Var, StringComparer.Ordinal))
                {
                    text.Append(field.Var).Append('<').AppendJoin(string.Empty, field.Values.Order(StringComparer.Ordinal).Select(value => value + "<"));
                }
            }

#pragma warning disable CA5350 // the standard's own choice: a fingerprint, no secret
            _capsVersion = Convert.ToBase64String(SHA1.HashData(Encoding.UTF8.GetBytes(text.ToString())));
#pragma warning restore CA5350
        }

        return _capsVersion;
    }

    private static XmlBuilder Write(DiscoInfo info, string? node)
    {
        var xml = new XmlBuilder();
        xml.Open("query"u8, Ns.DiscoInfo).Attribute("node"u8, node);
        foreach ((string category, string type, string? name) in info.Identities)
        {
            xml.Open("identity"u8).Attribute("category"u8, category).Attribute("type"u8, type).Attribute("name"u8, name).Close("identity"u8);
        }

        foreach (string feature in info.Features.Distinct())
        {
            xml.Open("feature"u8).Attribute("var"u8, feature).Close("feature"u8);
        }

        foreach (byte[] form in info.Forms)
        {
            xml.Raw(form);
        }

        return xml.Close("query"u8);
    }

    private sealed class CapsFeature(DiscoModule disco) : IStreamFeature
    {
        public string Namespace => string.Empty;

        public void Offer(IClientStream stream, XmlBuilder features)
        {
            if (stream.Account is not null)
            {
                features.Open("c"u8, Ns.Caps).Attribute("hash"u8, "sha-1"u8).Attribute("node"u8, CapsNode).Attribute("ver"u8, disco.CapsVersion()).Close("c"u8);
            }
        }

        public ValueTask HandleAsync(IClientStream stream, Element element, CancellationToken cancel) => default;
    }
}
