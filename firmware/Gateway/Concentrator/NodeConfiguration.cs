using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using IotXmpp.Features;
using IotXmpp.Things;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Gateway;

/// <summary>
/// The configuration of the things behind the gateway (wire profile, registry): what is published on <c>things/&lt;id&gt;/desired</c> is set on the thing, once for each version, as soon as it is there; what then holds
/// goes to <c>things/&lt;id&gt;/reported</c>. A thing that says no is told with its words, one that gives no answer is asked again.
/// </summary>
internal sealed class NodeConfiguration : INodeObserver, IClientListener, IStanzaHandler, IIqCallback
{
    /// <summary>How long until a thing that gave no answer is asked again, and until what the hub did not take is sent again. Default 30 s: three times what a thing has to answer.</summary>
    private const long RetryMs = 30_000;

    // XEP-0060 §12.8: of a node with one item its usual id.
    private const string ItemId = "current";

    private static readonly XmlName Config = new(Ns.Thing, "config");

    private readonly NodeTable _table;
    private readonly XmppClient _client;
    private readonly Jid _pubSub;
    private readonly ISettings _settings;
    private readonly Dictionary<string, Kept> _kept = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Wish> _wishes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _known = [];
    private readonly HashSet<string> _toSubscribe = [];
    private readonly HashSet<string> _toReport = [];
    private long _retryAtMs = long.MaxValue;
    private long _nowMs;

    /// <summary>Takes and tells configurations.</summary>
    /// <param name="table">The things.</param>
    /// <param name="client">The client.</param>
    /// <param name="pubSub">Where the nodes are.</param>
    /// <param name="settings">Keeps which version a thing has taken, and the sum of what was told of it.</param>
    public NodeConfiguration(NodeTable table, XmppClient client, Jid pubSub, ISettings settings)
    {
        _table = table;
        _client = client;
        _pubSub = pubSub;
        _settings = settings;
        client.AddListener(this);
        client.AddHandler(this);
        table.Observe(this);
    }

    /// <summary>Is told what was set on a thing, or why not: thing, version, error or null.</summary>
    public Action<string, int, string?>? Taken { get; set; }

    /// <summary>The hub has the thing behind this gateway, so its nodes are there.</summary>
    public void Accepted(string id)
    {
        if (_table.Find(id) is { } node)
        {
            _known.Add(id);
            _toSubscribe.Add(id);
            Offer(node);
            Flush();
        }
    }

    /// <summary>Goes on with what has to be tried again.</summary>
    public void Step(long nowMs)
    {
        _nowMs = nowMs;
        if (nowMs < _retryAtMs || !_client.IsOnline)
        {
            return;
        }

        _retryAtMs = long.MaxValue;
        foreach (string id in _wishes.Keys.ToList())
        {
            Try(id);
        }

        Flush();
    }

    /// <inheritdoc/>
    public bool Handle(XmppClient client, Stanza stanza)
    {
        // The gateway's own node is its thing loop's.
        if (stanza.Kind != StanzaKind.Message || !_pubSub.Equals(stanza.From) || stanza.ToElement()?.Child(Ns.PubSubEvent, "event")?.Child("items") is not { ChildCount: > 0 } items
            || NodeOf(items.Attribute("node")) is not { } node)
        {
            return false;
        }

        if (items.ChildAt(items.ChildCount - 1).Child(Ns.Thing, "config") is { } config
            && int.TryParse(config.Attribute("version"), NumberStyles.None, CultureInfo.InvariantCulture, out int version) && version > 0 && version != KeptOf(node.Id).Version)
        {
            _wishes[node.Id] = new Wish(version, config);
            Try(node.Id);
        }

        return true;
    }

    /// <inheritdoc/>
    public void SessionStarted(XmppClient client, bool resumed)
    {
        if (!resumed)
        {
            // The hub registers each thing anew, and says so.
            _known.Clear();
            _toSubscribe.Clear();
        }
    }

    /// <inheritdoc/>
    public void IqCompleted(XmppClient client, IqOutcome outcome, Stanza answer, object state)
    {
        if (state is (string id, int sum))
        {
            if (outcome == IqOutcome.Result)
            {
                Keep(id, KeptOf(id) with { Reported = sum });
            }
            else if (outcome != IqOutcome.Error)
            {
                _toReport.Add(id);
                RetryLater();
            }
        }
        else if (outcome is not (IqOutcome.Result or IqOutcome.Error))
        {
            _toSubscribe.Add((string)state);
            RetryLater();
        }
    }

    /// <inheritdoc/>
    public void NodeStateChanged(Node node) => NodeUpdated(node);

    /// <inheritdoc/>
    public void NodeUpdated(Node node)
    {
        if (node.State == NodeState.Online)
        {
            Try(node.Id);
            Offer(node);
            Flush();
        }
    }

    /// <inheritdoc/>
    public void NodeRemoved(Node node)
    {
        _known.Remove(node.Id);
        _wishes.Remove(node.Id);
        _toSubscribe.Remove(node.Id);
        _toReport.Remove(node.Id);
        _kept.Remove(node.Id);
        _settings.Write(KeyOf(node.Id), null);
    }

    /// <inheritdoc/>
    public void NodeAdded(Node node)
    {
        // Configured when the hub has it.
    }

    /// <inheritdoc/>
    public void NodeSampled(Node node, Sample sample, Action? durable)
    {
        // A value that changes by itself is telemetry.
    }

    /// <inheritdoc/>
    public void StateChanged(XmppClient client, ClientState state)
    {
        // Told by the session.
    }

    /// <inheritdoc/>
    public void ConnectionLost(XmppClient client, ClientError reason)
    {
        // All is told anew with the next session.
    }

    /// <inheritdoc/>
    public void Undelivered(XmppClient client, byte[] buffer, int offset, int count)
    {
        // What was published is told again until the hub has taken it.
    }

    private static string KeyOf(string id) => "config-" + id;

    private static string NodeName(string id, string which) => $"things/{id}/{which}";

    // XEP-0325 has no word for a choice: it is a string there, as for a thing with a session of its own.
    private static void Write(StanzaWriter writer, ControlParameter parameter, string value)
        => writer.Start(SensorData.ElementOf(parameter.Kind), Ns.Control).Attribute("name", parameter.Name).Attribute("value", value).End();

    private Node? NodeOf(string? name)
    {
        const string prefix = "things/";
        const string suffix = "/desired";
        return name is not null && name.StartsWith(prefix, StringComparison.Ordinal) && name.EndsWith(suffix, StringComparison.Ordinal) && name.Length > prefix.Length + suffix.Length
            ? _table.Find(name[prefix.Length..^suffix.Length]) : null;
    }

    private Kept KeptOf(string id)
    {
        if (!_kept.TryGetValue(id, out Kept kept))
        {
            kept = _settings.Read(KeyOf(id)) is { Length: 8 } bytes ? new Kept(BinaryPrimitives.ReadInt32LittleEndian(bytes), BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(4))) : default;
            _kept[id] = kept;
        }

        return kept;
    }

    private void Keep(string id, Kept kept)
    {
        if (KeptOf(id) != kept)
        {
            _kept[id] = kept;
            byte[] bytes = new byte[8];
            BinaryPrimitives.WriteInt32LittleEndian(bytes, kept.Version);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), kept.Reported);
            _settings.Write(KeyOf(id), bytes);
        }
    }

    private void RetryLater() => _retryAtMs = Math.Min(_retryAtMs, _nowMs + RetryMs);

    // Sets what is wished for, where the thing is there and nothing is under way.
    private void Try(string id)
    {
        if (!_wishes.TryGetValue(id, out Wish? wish) || wish.IsAsked || _table.Find(id) is not { State: NodeState.Online } node)
        {
            return;
        }

        ControlValue[] values = [];
        if (wish.Config.ChildCount > 0 && NodeRequests.Check(node, wish.Config, out values) is { } wrong)
        {
            Settle(node, wish, (wrong.Parameter, wrong.Text));
            return;
        }

        if (values.Length == 0)
        {
            Settle(node, wish, null);
            return;
        }

        wish.IsAsked = true;
        _table.Set(node, values, answer =>
        {
            wish.IsAsked = false;
            if (!_wishes.TryGetValue(id, out Wish? now) || now != wish)
            {
                Try(id); // another version has come meanwhile
            }
            else if (answer.Outcome is NodeOutcome.Done or NodeOutcome.Failed or NodeOutcome.Mute)
            {
                Settle(node, wish, answer.Outcome == NodeOutcome.Done ? null : (answer.Parameter, answer.Text));
            }
            else
            {
                // Done or not, it is set once more: that changes nothing. One that is away is asked when it comes.
                RetryLater();
            }
        });
    }

    private void Settle(Node node, Wish wish, (string Parameter, string Text)? failure)
    {
        _wishes.Remove(node.Id);
        // Before it is told: after a crash in between it is told then.
        Keep(node.Id, new Kept(wish.Version, 0));
        Taken?.Invoke(node.Id, wish.Version, failure?.Text);
        Report(node, failure);
    }

    // A thing that has come may say other values than were told last.
    private void Offer(Node node)
    {
        if (_known.Contains(node.Id) && node.State == NodeState.Online && node.Parameters.Length > 0)
        {
            _toReport.Add(node.Id);
        }
    }

    private void Flush()
    {
        if (!_client.IsOnline)
        {
            return;
        }

        foreach (string id in _toSubscribe.ToList())
        {
            // The service answers with the last item, and sends it with each presence.
            if (PubSub.Subscribe(_client, _pubSub, NodeName(id, "desired"), this, id) != SendResult.Sent)
            {
                RetryLater();
                return;
            }

            _toSubscribe.Remove(id);
        }

        foreach (string id in _toReport.ToList())
        {
            _toReport.Remove(id);
            if (_table.Find(id) is { } node && !_wishes.ContainsKey(id))
            {
                Report(node, null);
            }
        }
    }

    private void Report(Node node, (string Parameter, string Text)? failure)
    {
        Kept kept = KeptOf(node.Id);
        List<(ControlParameter Parameter, string Value)> values = [];
        int sum = kept.Version;
        foreach (ControlParameter parameter in node.Parameters)
        {
            if (NodeTable.Current(node, parameter) is { } value)
            {
                values.Add((parameter, value));
                foreach (byte b in Encoding.UTF8.GetBytes(parameter.Name + "=" + value))
                {
                    sum = (sum * 31) + b;
                }
            }
        }

        sum = sum == 0 ? 1 : sum; // 0: nothing was told
        if (sum == kept.Reported && failure is null)
        {
            return;
        }

        StanzaWriter writer = PubSub.BeginPublish(_client, _pubSub, NodeName(node.Id, "reported"), ItemId, this, (node.Id, sum)).Start(Config).Attribute("version", kept.Version);
        foreach ((ControlParameter parameter, string value) in values)
        {
            Write(writer, parameter, value);
        }

        if (failure is { } wrong)
        {
            writer.Start("paramError", Ns.Control).Attribute("var", wrong.Parameter).Text(wrong.Text).End();
        }

        if (_client.Commit() != SendResult.Sent)
        {
            _toReport.Add(node.Id);
            RetryLater();
        }
    }

    // What a thing has taken, and the sum of what was told of it.
    private readonly record struct Kept(int Version, int Reported);

    private sealed record Wish(int Version, Element Config)
    {
        public bool IsAsked { get; set; }
    }
}
