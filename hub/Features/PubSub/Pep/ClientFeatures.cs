using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub.Pep;

/// <summary>What a client has announced in its presence (XEP-0115 §4).</summary>
/// <param name="Node">Who made the client.</param>
/// <param name="Version">The hash of its features.</param>
/// <param name="Hash">How that was made.</param>
internal sealed record ClientCaps(string Node, string Version, string Hash)
{
    /// <summary>Reads what a presence says, or null.</summary>
    public static ClientCaps? Read(Stanza presence)
    {
        XmlSpanReader reader = presence.ReadInner();
        while (reader.Read())
        {
            if (reader.Node != XmlNode.Start)
            {
                continue;
            }

            if (reader.IsStart("c"u8, "http://jabber.org/protocol/caps"u8))
            {
                return reader.Attribute("node"u8) is { Length: > 0 } node && reader.Attribute("ver"u8) is { Length: > 0 } version && reader.Attribute("hash"u8) is { Length: > 0 } hash
                    ? new ClientCaps(node, version, hash)
                    : null;
            }

            reader.Skip();
        }

        return null;
    }
}

/// <summary>
/// Of which nodes clients want to hear (XEP-0163 §4.3.1: <c>node+notify</c>): asked once for each kind of client, and believed of others only where the hash proves it (XEP-0115 §5.4).
/// </summary>
internal sealed class ClientFeatures(IHub hub, PepOptions options)
{
    /// <summary>Features that a client may name (1,000); one with more has none here.</summary>
    private const int MaxFeatures = 1_000;
    private const string Notify = "+notify";

    private static readonly FrozenSet<string> Nothing = FrozenSet<string>.Empty;
    private readonly ConcurrentDictionary<ClientCaps, FrozenSet<string>> _known = new();

    /// <summary>The nodes, where that kind of client is known.</summary>
    public FrozenSet<string>? Known(ClientCaps caps) => _known.GetValueOrDefault(caps);

    /// <summary>Asks a client.</summary>
    /// <param name="account">The account that asks (bare JID).</param>
    /// <param name="resource">Who is asked.</param>
    /// <param name="caps">What it has announced.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async Task<FrozenSet<string>> AskAsync(Jid account, Jid resource, ClientCaps caps, CancellationToken cancel)
    {
        using var xml = new XmlBuilder();
        xml.Open("query"u8, Ns.DiscoInfo).Attribute("node"u8, caps.Node + "#" + caps.Version).Close("query"u8);
        Stanza? answer = await hub.Router.AskAsync(
            new OutgoingStanza(StanzaKind.Iq, StanzaType.Get, account, xml.ToArray()), resource, TimeSpan.FromSeconds(options.AskSeconds), cancel).ConfigureAwait(false);
        if (answer is not { Type: StanzaType.Result } || answer.Child() is not { } info || !info.Is("query", Ns.DiscoInfo) || info.Children.Count() > MaxFeatures)
        {
            return Nothing;
        }

        FrozenSet<string> nodes = info.Children.Where(c => c.Is("feature", Ns.DiscoInfo)).Select(c => c["var"] ?? string.Empty)
            .Where(v => v.EndsWith(Notify, StringComparison.Ordinal)).Select(v => v[..^Notify.Length]).ToFrozenSet(StringComparer.Ordinal);
        if (VersionOf(info, caps.Hash) == caps.Version)
        {
            if (_known.Count >= options.CachedClients)
            {
                _known.Clear();
            }

            _known[caps] = nodes;
        }

        return nodes;
    }

    /// <summary>The hash of what a client has told (XEP-0115 §5.1); null where it is not well-formed or the hash is not known.</summary>
    public static string? VersionOf(Element info, string hash)
    {
        var text = new StringBuilder();
        // §5.1: by category, then type, then language (and the name, where all these are the same).
        List<string> identities =
        [
            .. info.Children.Where(c => c.Is("identity", Ns.DiscoInfo))
                .OrderBy(c => c["category"], Octets.Instance).ThenBy(c => c["type"], Octets.Instance).ThenBy(c => c["xml:lang"], Octets.Instance).ThenBy(c => c["name"], Octets.Instance)
                .Select(c => $"{c["category"]}/{c["type"]}/{c["xml:lang"]}/{c["name"]}"),
        ];
        List<string> features = [.. info.Children.Where(c => c.Is("feature", Ns.DiscoInfo)).Select(c => c["var"] ?? string.Empty).Order(Octets.Instance)];
        // §5.4 rule 3: the same twice is an attack or a mistake.
        if (identities.Distinct().Count() != identities.Count || features.Distinct().Count() != features.Count)
        {
            return null;
        }

        identities.Concat(features).ToList().ForEach(part => text.Append(part).Append('<'));
        // §5.4 rule 3.5: a form of two types is of none.
        if (info.Children.Any(c => c.Is("x", Ns.DataForms) && c.Children.Any(field => field["var"] == "FORM_TYPE" && field.Children.Select(value => value.Text).Distinct().Count() > 1)))
        {
            return null;
        }

        // Rule 3.6: one without a type, or with one that is shown, does not count.
        List<DataForm> forms = [.. info.Children.Where(c => c.Children.Any(field => field["var"] == "FORM_TYPE" && field["type"] == "hidden")).Select(DataForm.Read).OfType<DataForm>().Where(f => f.FormType is not null).OrderBy(f => f.FormType, Octets.Instance)];
        if (forms.Select(f => f.FormType).Distinct().Count() != forms.Count)
        {
            return null;
        }

        foreach (DataForm form in forms)
        {
            text.Append(form.FormType).Append('<');
            foreach (FormField field in form.Fields.OrderBy(f => f.Var, Octets.Instance))
            {
                text.Append(field.Var).Append('<');
                foreach (string value in field.Values.Order(Octets.Instance))
                {
                    text.Append(value).Append('<');
                }
            }
        }

        byte[] bytes = Encoding.UTF8.GetBytes(text.ToString());
        byte[]? sum = hash switch
        {
#pragma warning disable CA5350 // the standard's own choice: a fingerprint, no secret
            "sha-1" => SHA1.HashData(bytes),
#pragma warning restore CA5350
            "sha-256" => SHA256.HashData(bytes),
            "sha-512" => SHA512.HashData(bytes),
            _ => null,
        };
        return sum is null ? null : Convert.ToBase64String(sum);
    }
}

/// <summary>The order of octets (RFC 4790 §9.3, <c>i;octet</c>), in which XEP-0115 §5.1 sorts.</summary>
internal sealed class Octets : IComparer<string?>
{
    public static readonly Octets Instance = new();

    public int Compare(string? x, string? y) => Encoding.UTF8.GetBytes(x ?? string.Empty).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(y ?? string.Empty));
}

/// <summary>The nodes that a session wants to hear of.</summary>
internal sealed class WantedNodes(ClientCaps? caps, FrozenSet<string> nodes)
{
    public static readonly WantedNodes None = new(null, FrozenSet<string>.Empty);

    /// <summary>What it has announced.</summary>
    public ClientCaps? Caps => caps;

    /// <summary>The nodes.</summary>
    public FrozenSet<string> Nodes => nodes;

    /// <summary>Seconds since it was last there, as its initial presence said (XEP-0312); negative where that was no number, null where it said nothing.</summary>
    public long? Ago { get; init; }

    public static bool Wants(Session session, string node) => session.IsAvailable && session.Get<WantedNodes>() is { } wanted && wanted.Nodes.Contains(node);
}
