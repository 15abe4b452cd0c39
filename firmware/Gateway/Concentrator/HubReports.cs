using IotXmpp.Features;
using IotXmpp.Things;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Gateway;

/// <summary>
/// Tells the hub which things are behind the gateway and how each is. A thing is registered when it has come in for the first time (XEP-0347 §3.4, with <c>nodeId</c>): its key
/// in the gateway's file is its owner's consent, so it becomes the gateway's owner's. Behind a gateway that is nobody's it is registered with a KEY, and claimed by its code. Its state goes as presence to <c>things.&lt;domain&gt;</c>, so that the hub, which sees
/// the gateway's own presence end, knows that theirs ends too.
/// </summary>
internal sealed class HubReports : INodeObserver, IClientListener, IIqCallback, IStanzaHandler
{
    /// <summary>How long until a registration that failed is tried again. Default 5 minutes; a new session tries at once.</summary>
    private const long RetryMs = 300_000;

    private readonly NodeTable _table;
    private readonly XmppClient _client;
    private readonly Jid _things;
    private readonly HashSet<string> _due = [];
    private readonly HashSet<string> _seen = [];
    private readonly HashSet<string> _claimable = [];
    private long _retryAtMs = long.MaxValue;

    public HubReports(NodeTable table, XmppClient client, Jid things)
    {
        _table = table;
        _client = client;
        _things = things;
        client.AddListener(this);
        client.AddHandler(this);
        table.Observe(this);
    }

    /// <summary>The hub takes samples of a thing now: it was claimed, or had been before.</summary>
    public Action<string>? Accepted { get; set; }

    /// <summary>A line for people.</summary>
    public Action<string>? Said { get; set; }

    /// <summary>Goes on with registrations that have to be tried again.</summary>
    public void Step(long nowMs)
    {
        if (nowMs >= _retryAtMs && _client.IsOnline)
        {
            _retryAtMs = long.MaxValue;
            Register();
        }
    }

    /// <inheritdoc/>
    public void NodeAdded(Node node)
    {
        // Told when it comes.
    }

    /// <inheritdoc/>
    public void NodeUpdated(Node node)
    {
        if (_seen.Contains(node.Id) && node.State == NodeState.Online)
        {
            Tell(node);
        }
    }

    /// <inheritdoc/>
    public void NodeStateChanged(Node node)
    {
        if (node.State == NodeState.Online && _seen.Add(node.Id))
        {
            _due.Add(node.Id);
            Register();
        }

        if (_seen.Contains(node.Id))
        {
            Tell(node);
        }
    }

    /// <inheritdoc/>
    public void NodeRemoved(Node node)
    {
        _seen.Remove(node.Id);
        _due.Remove(node.Id);
        Tell(node);
        if (_client.IsOnline)
        {
            _client.BeginIq("set", _things, null, null).Start("unregister", Ns.IotDiscovery).Attribute("nodeId", node.Id).Attribute("sourceId", Concentrator.Source);
            _client.Commit();
        }
    }

    /// <inheritdoc/>
    public void NodeSampled(Node node, Sample sample, Action? durable)
    {
        // Samples go to the hub's nodes.
    }

    /// <inheritdoc/>
    public void SessionStarted(XmppClient client, bool resumed)
    {
        if (resumed)
        {
            return;
        }

        // Known ones of before a restart too: the hub shall know that they are not there now.
        foreach (Node node in _table.All)
        {
            _seen.Add(node.Id);
            _due.Add(node.Id);
            Tell(node);
        }

        Register();
    }

    /// <inheritdoc/>
    public void StateChanged(XmppClient client, ClientState state)
    {
        // Told by the others.
    }

    /// <inheritdoc/>
    public void ConnectionLost(XmppClient client, ClientError reason)
    {
        // All is told anew with the next session.
    }

    /// <inheritdoc/>
    public void Undelivered(XmppClient client, byte[] buffer, int offset, int count)
    {
        // Presence of a session that is over.
    }

    /// <inheritdoc/>
    public bool Handle(XmppClient client, Stanza stanza)
    {
        // The registry tells that a thing was claimed (XEP-0347 §3.7) or is nobody's any more (§3.14).
        if (stanza.Kind != StanzaKind.Iq || !stanza.TypeIs("set") || stanza.From is not { } from || from.Domain != _things.Domain || stanza.OpenPayload() is not { } payload
            || !payload.NamespaceIs(Ns.IotDiscovery) || payload.Attribute("nodeId") is not { Length: > 0 } id)
        {
            return false;
        }

        string what = payload.LocalName;
        string? owner = payload.Attribute("jid");
        if (what is not ("claimed" or "removed" or "disowned") || _table.Find(id) is null)
        {
            client.ReplyError(stanza, StanzaError.ItemNotFound);
            return true;
        }

        client.ReplyEmpty(stanza);
        if (what == "claimed")
        {
            Said?.Invoke($"{id} belongs to {owner} now");
            Accepted?.Invoke(id);
            Tell(id);
        }
        else if (what == "disowned")
        {
            // As a thing that is reset: it can be claimed again.
            Said?.Invoke($"{id} belongs to nobody now");
            _due.Add(id);
            Register();
        }

        return true;
    }

    /// <inheritdoc/>
    public void IqCompleted(XmppClient client, IqOutcome outcome, Stanza answer, object state)
    {
        ArgumentNullException.ThrowIfNull(client);
        string id = (string)state;
        if (outcome == IqOutcome.Result)
        {
            if ((answer.OpenPayload() is { } payload && payload.Is(Ns.IotDiscovery, "claimed")) || !_claimable.Contains(id))
            {
                Accepted?.Invoke(id);
                Tell(id);
            }
            else if (_table.Keys.Find(id) is { } key)
            {
                Said?.Invoke($"{id} is registered and nobody's yet; its owner claims it with: iotxmpp claim '{NodeClaim.Code(id, key)}'");
            }

            return;
        }

        if (outcome == IqOutcome.Error && answer.ReadError().Condition == "not-acceptable" && _claimable.Add(id))
        {
            // The gateway is nobody's: whoever has the code may claim the thing.
            _due.Add(id);
            Register();
            return;
        }

        _due.Add(id);
        _retryAtMs = Math.Min(_retryAtMs, client.NowMs + RetryMs);
        if (outcome == IqOutcome.Error)
        {
            Said?.Invoke($"the hub does not register {id}: {answer.ReadError()}");
        }
    }

    private void Register()
    {
        if (!_client.IsOnline)
        {
            return;
        }

        foreach (string id in _due.ToList())
        {
            // One that is only listened to has no key: behind a gateway that is nobody's it cannot be claimed.
            string? key = _table.Keys.Find(id);
            if (_table.Find(id) is not { } node || (key is null && _claimable.Contains(id)))
            {
                _due.Remove(id);
                continue;
            }

            StanzaWriter writer = _client.BeginIq("set", _things, this, id).Start("register", Ns.IotDiscovery).Attribute("nodeId", id).Attribute("sourceId", Concentrator.Source);
            Tag(writer, "SN", id);
            if (_claimable.Contains(id) && key is not null)
            {
                Tag(writer, "KEY", NodeClaim.Key(key));
            }

            if (_client.Commit() != SendResult.Sent)
            {
                _retryAtMs = Math.Min(_retryAtMs, _client.NowMs + 1000);
                return;
            }

            _due.Remove(node.Id);
        }
    }

    private static void Tag(StanzaWriter writer, string name, string value) => writer.Start("str").Attribute("name", name).Attribute("value", value).End();

    private void Tell(string id)
    {
        if (_table.Find(id) is { } node)
        {
            Tell(node);
        }
    }

    // The form of the wire profile's presence, with the id of the thing that is meant.
    private void Tell(Node node)
    {
        if (!_client.IsOnline)
        {
            return;
        }

        StanzaWriter writer = _client.BeginPresence(_things, null).Start("thing", Ns.Thing).Attribute("nodeId", node.Id).Attribute("state", node.StateName);
        writer.TimeAttribute("since", node.Since.ToUnixTimeMilliseconds());
        if (node.State == NodeState.Offline && node.Reason.Length > 0)
        {
            writer.Attribute("reason", node.Reason);
        }

        if (node.State is NodeState.Sleeping or NodeState.Overdue)
        {
            writer.TimeAttribute("until", node.UntilMs);
        }

        writer.Attribute("fw", node.Firmware).Attribute("boot", node.Boot);
        if (node.Rssi is { } rssi)
        {
            writer.Attribute("rssi", rssi);
        }

        if (node.Battery is { } battery)
        {
            writer.Attribute("bat", battery);
        }

        writer.Attribute("keepalive", node.KeepAliveSeconds);
        _client.Commit();
    }
}
