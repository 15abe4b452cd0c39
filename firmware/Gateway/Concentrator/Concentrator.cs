using IotXmpp.Things;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Gateway;

/// <summary>
/// The gateway as a concentrator (XEP-0326), with the set of commands that its capabilities name: one data source, <c>MeteringTopology</c>, which is flat: the gateway's own
/// thing and those behind it. Every other command is answered <c>NotImplemented</c>, as the XEP asks. What changes is told to subscribers, whose subscriptions end with
/// their presence and with the gateway's session. The hub has judged who may ask before a request comes here.
/// </summary>
internal sealed class Concentrator : IStanzaHandler, INodeObserver, IClientListener
{
    /// <summary>The required data source (XEP-0326, "Required Data Sources").</summary>
    public const string Source = "MeteringTopology";

    /// <summary>Subscribers at most. Default 32: the owner's people, each with some clients.</summary>
    public const int MaxSubscribers = 32;

    /// <summary>Things in one request at most. Default 64: all there may be.</summary>
    private const int MaxReferences = NodeKeys.MaxNodes;

    private static readonly string[] Capabilities =
    [
        "getCapabilities", "getAllDataSources", "getRootDataSources", "getChildDataSources", "containsDataSource", "containsNode", "containsNodes", "getNode", "getNodes",
        "getAllNodes", "getRootNodes", "getChildNodes", "getAncestors", "subscribe", "unsubscribe",
    ];

    private static readonly string[] Events = ["nodeAdded", "nodeUpdated", "nodeStatusChanged", "nodeRemoved", "nodeMovedUp", "nodeMovedDown"];

    private readonly NodeTable _table;
    private readonly XmppClient _client;
    private readonly string _ownId;
    private readonly DateTimeOffset _started;
    private readonly Dictionary<string, Subscription> _subscriptions = new(StringComparer.Ordinal);

    /// <summary>Makes the concentrator and lets it answer for a client.</summary>
    public Concentrator(NodeTable table, XmppClient client, string ownId)
    {
        _table = table;
        _client = client;
        _ownId = ownId;
        _started = table.Changed;
        client.AddHandler(this);
        client.AddListener(this);
        table.Observe(this);
    }

    /// <inheritdoc/>
    public bool Handle(XmppClient client, Stanza stanza)
    {
        if (stanza.Kind == StanzaKind.Presence)
        {
            // "Event subscriptions only last for as long as the client and concentrator both maintain presence."
            if (stanza.TypeIs("unavailable") && stanza.From is { } gone)
            {
                _subscriptions.Remove(gone.ToString());
            }

            return false;
        }

        if (stanza.Kind == StanzaKind.Message)
        {
            if (stanza.TypeIs("error") && stanza.From is { } deaf)
            {
                _subscriptions.Remove(deaf.ToString());
            }

            return false;
        }

        if (!stanza.IsRequest || stanza.OpenPayload() is not { } payload || !payload.NamespaceIs(Ns.Concentrators))
        {
            return false;
        }

        if (stanza.ToElement() is not { } iq)
        {
            client.ReplyError(stanza, StanzaError.ResourceConstraint);
            return true;
        }

        StanzaWriter writer = client.BeginResult(stanza);
        Answer(writer, iq.ChildAt(0), stanza.TypeIs("set"), stanza.From);
        if (client.Commit() == SendResult.TooLarge)
        {
            client.ReplyError(stanza, StanzaError.ResourceConstraint.WithText("ask for fewer things at a time"));
        }

        return true;
    }

    /// <inheritdoc/>
    public void NodeAdded(Node node) => Tell("nodeAdded", (writer, parameters) => Describe(writer, node, parameters, true));

    /// <inheritdoc/>
    public void NodeUpdated(Node node) => Tell("nodeUpdated", (writer, parameters) => Describe(writer, node, parameters, true));

    /// <inheritdoc/>
    public void NodeStateChanged(Node node)
    {
        // Online or not is a parameter of the thing; the XEP's own state says whether somebody should look.
        Tell("nodeUpdated", (writer, parameters) => Describe(writer, node, parameters, true));
        Tell("nodeStatusChanged", (writer, _) => writer.Attribute("sourceId", Source).Attribute("nodeId", node.Id).Attribute("state", StateOf(node)));
    }

    /// <inheritdoc/>
    public void NodeRemoved(Node node) => Tell("nodeRemoved", (writer, _) => writer.Attribute("sourceId", Source).Attribute("nodeId", node.Id));

    /// <inheritdoc/>
    public void NodeSampled(Node node, Sample sample, Action? durable)
    {
        // Samples go to the hub's nodes, not to subscribers of the source.
    }

    /// <inheritdoc/>
    public void SessionStarted(XmppClient client, bool resumed)
    {
        if (!resumed)
        {
            // "if it goes offline and back online, … the event subscription is removed"
            _subscriptions.Clear();
        }
    }

    /// <inheritdoc/>
    public void StateChanged(XmppClient client, ClientState state)
    {
        // Nothing to do.
    }

    /// <inheritdoc/>
    public void ConnectionLost(XmppClient client, ClientError reason)
    {
        // The session may be resumed yet.
    }

    /// <inheritdoc/>
    public void Undelivered(XmppClient client, byte[] buffer, int offset, int count)
    {
        // An event that did not arrive: its subscription has ended with the session.
    }

    private void Answer(StanzaWriter writer, Element request, bool isSet, Jid? from)
    {
        writer.Start(request.Name + "Response", Ns.Concentrators);
        string? source = request.Attribute("sourceId");
        bool isSource = source == Source;
        switch (request.Name)
        {
            case "getCapabilities" when !isSet:
                Values(Result(writer, "OK"), Capabilities);
                break;
            case "getAllDataSources" or "getRootDataSources" when !isSet:
                Result(writer, "OK").Start("dataSource").Attribute("sourceId", Source).Attribute("name", "Things of this gateway").Attribute("hasChildren", false)
                    .TimeAttribute("lastChanged", _table.Changed.ToUnixTimeMilliseconds()).End();
                break;
            case "getChildDataSources" when !isSet:
                Result(writer, isSource ? "OK" : "NotFound");
                break;
            case "containsDataSource" when !isSet:
                Result(writer, "OK").Text(isSource ? "true" : "false");
                break;
            case "containsNode" when !isSet:
                Result(writer, "OK").Text(Knows(request) ? "true" : "false");
                break;
            case "containsNodes" when !isSet && References(request) is { Count: <= MaxReferences } nodes:
                Values(Result(writer, "OK"), nodes.Select(n => Knows(n) ? "true" : "false"));
                break;
            case "getNode" when !isSet:
                if (!Knows(request))
                {
                    Result(writer, "NotFound");
                    break;
                }

                Describe(Result(writer, "OK"), request.Attribute("nodeId")!, Flag(request, "parameters", false), false);
                break;
            case "getNodes" when !isSet && References(request) is { Count: <= MaxReferences } nodes:
                if (!nodes.TrueForAll(Knows))
                {
                    Result(writer, "NotFound");
                    break;
                }

                Nodes(Result(writer, "OK"), nodes.Select(n => n.Attribute("nodeId")!), Flag(request, "parameters", false));
                break;
            case "getAllNodes" or "getRootNodes" when !isSet:
                // A flat source: all its nodes are roots.
                if (!isSource)
                {
                    Result(writer, "NotFound");
                    break;
                }

                Nodes(Result(writer, "OK"), _table.All.Select(n => n.Id).Prepend(_ownId), Flag(request, "parameters", false));
                break;
            case "getChildNodes" when !isSet:
                Result(writer, Knows(request) ? "OK" : "NotFound");
                break;
            case "getAncestors" when !isSet:
                // The node itself is in the list, and in a flat source nobody else.
                if (!Knows(request))
                {
                    Result(writer, "NotFound");
                    break;
                }

                Nodes(Result(writer, "OK"), [request.Attribute("nodeId")!], Flag(request, "parameters", false));
                break;
            case "subscribe" when isSet:
                Result(writer, Subscribe(request, isSource, from));
                break;
            case "unsubscribe" when isSet:
                Result(writer, Unsubscribe(request, isSource, from));
                break;
            default:
                Result(writer, "NotImplemented");
                break;
        }
    }

    private static StanzaWriter Result(StanzaWriter writer, string code) => writer.Attribute("result", code);

    private static void Values(StanzaWriter writer, IEnumerable<string> values)
    {
        foreach (string value in values)
        {
            writer.Element("value", value);
        }
    }

    private static bool Flag(Element request, string name, bool absent) => request.Attribute(name) switch { null => absent, "true" or "1" => true, _ => false };

    private static List<Element> References(Element request) => [.. Enumerable.Range(0, request.ChildCount).Select(request.ChildAt).Where(c => c.Name == "node")];

    // A cache type is of no use where ids are unique; an empty one must be ignored.
    private bool Knows(Element reference) => reference.Attribute("sourceId") == Source && string.IsNullOrEmpty(reference.Attribute("cacheType"))
        && reference.Attribute("nodeId") is { } id && (id == _ownId || _table.Find(id) is not null);

    private void Nodes(StanzaWriter writer, IEnumerable<string> ids, bool parameters)
    {
        foreach (string id in ids)
        {
            writer.Start("node");
            Describe(writer, id, parameters, false);
            writer.End();
        }
    }

    private void Describe(StanzaWriter writer, string id, bool parameters, bool source)
    {
        if (_table.Find(id) is { } node)
        {
            Describe(writer, node, parameters, source);
            return;
        }

        writer.Attribute("nodeId", _ownId).Attribute("nodeType", "IotXmpp.Gateway").Attribute("state", "None").Attribute("hasChildren", false).Attribute("isReadable", true)
            .Attribute("isControllable", true).TimeAttribute("lastChanged", _started.ToUnixTimeMilliseconds());
        if (parameters)
        {
            Text(writer, "id", "Node ID", _ownId);
            Text(writer, "type", "Node Type", "Gateway");
        }
    }

    private static void Describe(StanzaWriter writer, Node node, bool parameters, bool source)
    {
        writer.Attribute("sourceId", source ? Source : null).Attribute("nodeId", node.Id).Attribute("nodeType", "IotXmpp.Thing").Attribute("state", StateOf(node)).Attribute("hasChildren", false)
            .Attribute("isReadable", true).Attribute("isControllable", node.Parameters.Length > 0).TimeAttribute("lastChanged", node.Changed.ToUnixTimeMilliseconds());
        if (!parameters)
        {
            return;
        }

        Text(writer, "id", "Node ID", node.Id);
        Text(writer, "type", "Node Type", node.Model ?? "Thing");
        Text(writer, "presence", "Presence", node.StateName);
        writer.Start("dateTime").Attribute("id", "since").Attribute("name", "Since").TimeAttribute("value", node.Since.ToUnixTimeMilliseconds()).End();
        if (node.Reason.Length > 0)
        {
            Text(writer, "reason", "Reason", node.Reason);
        }

        if (node.Firmware is not null)
        {
            Text(writer, "fw", "Firmware", node.Firmware);
        }

        if (node.Battery is { } battery)
        {
            writer.Start("int").Attribute("id", "bat").Attribute("name", "Battery, %").Attribute("value", battery).End();
        }

        if (node.Rssi is { } rssi)
        {
            writer.Start("int").Attribute("id", "rssi").Attribute("name", "Signal, dBm").Attribute("value", rssi).End();
        }
    }

    private static void Text(StanzaWriter writer, string id, string name, string value) => writer.Start("string").Attribute("id", id).Attribute("name", name).Attribute("value", value).End();

    private static string StateOf(Node node) => node.State switch
    {
        NodeState.Online or NodeState.Sleeping => "None",
        NodeState.Overdue => "WarningUnsigned",
        _ => node.Reason.Length == 0 || node.Reason == "shutdown" ? "Information" : "ErrorUnsigned",
    };

    private string Subscribe(Element request, bool isSource, Jid? from)
    {
        if (!isSource)
        {
            return "NotFound";
        }

        // What was is not kept: the client reads the source anew.
        if (request.Attribute("getEventsSince") is not null || from is null)
        {
            return "NotImplemented";
        }

        string who = from.ToString();
        if (!_subscriptions.TryGetValue(who, out Subscription? subscription))
        {
            if (_subscriptions.Count >= MaxSubscribers)
            {
                return "OtherError";
            }

            _subscriptions.Add(who, subscription = new Subscription(from));
        }

        subscription.Parameters = Flag(request, "parameters", false);
        subscription.Events.UnionWith(Events.Where(e => Flag(request, e, true)));
        return "OK";
    }

    private string Unsubscribe(Element request, bool isSource, Jid? from)
    {
        if (!isSource)
        {
            return "NotFound";
        }

        if (from is not null && _subscriptions.TryGetValue(from.ToString(), out Subscription? subscription))
        {
            subscription.Events.ExceptWith(Events.Where(e => Flag(request, e, true)));
            if (subscription.Events.Count == 0)
            {
                _subscriptions.Remove(from.ToString());
            }
        }

        return "OK";
    }

    private void Tell(string name, Action<StanzaWriter, bool> write)
    {
        foreach (Subscription subscription in _subscriptions.Values.Where(s => s.Events.Contains(name)))
        {
            StanzaWriter writer = _client.BeginMessage(subscription.Who, null, null).Start(name, Ns.Concentrators);
            write(writer, subscription.Parameters);
            _client.Commit();
        }
    }

    private sealed class Subscription(Jid who)
    {
        public Jid Who { get; } = who;

        public bool Parameters { get; set; }

        public HashSet<string> Events { get; } = [];
    }
}
