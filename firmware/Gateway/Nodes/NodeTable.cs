using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using IotXmpp.Features;
using IotXmpp.Things;

namespace IotXmpp.Gateway;

/// <summary>Is told what happens to the things behind the gateway. Calls come under the table's lock; they return at once.</summary>
public interface INodeObserver
{
    /// <summary>A thing is known from now on.</summary>
    void NodeAdded(Node node);

    /// <summary>A thing's description changed.</summary>
    void NodeUpdated(Node node);

    /// <summary>A thing's state changed.</summary>
    void NodeStateChanged(Node node);

    /// <summary>A thing is not known any more.</summary>
    void NodeRemoved(Node node);

    /// <summary>A thing measured.</summary>
    /// <param name="node">The thing.</param>
    /// <param name="sample">What; valid during the call.</param>
    /// <param name="durable">To be called when the sample is kept safe; may be null.</param>
    void NodeSampled(Node node, Sample sample, Action? durable);
}

/// <summary>
/// The things behind the gateway and their states. The ones that may come in stand in the file of keys; each has one link at most, and a new one takes the place of the
/// old. All calls are made under one lock, <see cref="Gate"/>.
/// </summary>
/// <param name="keys">Who may come in.</param>
/// <param name="time">The clock.</param>
/// <param name="gate">The lock under which everything here is called.</param>
public sealed class NodeTable(NodeKeys keys, TimeProvider time, Lock gate)
{
    /// <summary>Commands and read-outs of one thing that wait for an answer, at most. Default 16: more than a person gives, and a program that asks faster waits.</summary>
    public const int MaxAsked = 16;

    /// <summary>How long a thing may take to answer. Default 10 s: less than who asked by XMPP waits.</summary>
    public static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    /// <summary>How late a sleeping thing may wake. Default 30 s: its clock is not exact.</summary>
    private static readonly TimeSpan WakeGrace = TimeSpan.FromSeconds(30);

    private readonly SortedDictionary<string, Node> _nodes = new(StringComparer.Ordinal);
    private readonly List<INodeObserver> _observers = [];

    /// <summary>Things that have no key and come in by no link: they are listened to.</summary>
    public IReadOnlyList<string> Listened { get; init; } = [];

    /// <summary>The lock.</summary>
    public Lock Gate { get; } = gate;

    /// <summary>The things, in the order of their names.</summary>
    public IReadOnlyCollection<Node> All => _nodes.Values;

    /// <summary>When a thing came or went last.</summary>
    public DateTimeOffset Changed { get; private set; } = time.GetUtcNow();

    internal NodeKeys Keys => keys;

    internal long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Adds somebody who is told what happens.</summary>
    public void Observe(INodeObserver observer) => _observers.Add(observer);

    /// <summary>Finds a thing; null when it is not behind this gateway.</summary>
    public Node? Find(string id) => _nodes.GetValueOrDefault(id);

    /// <summary>Takes over what the file of keys says: new things appear, removed ones go and are cut.</summary>
    /// <exception cref="GatewaySettingsException">The file is not what it should be; nothing changes.</exception>
    public void Refresh()
    {
        List<string> ids = [.. keys.Ids.Union(Listened)];
        DateTimeOffset now = time.GetUtcNow();
        foreach (string id in ids.Where(id => !_nodes.ContainsKey(id)))
        {
            var node = new Node(id, now);
            _nodes.Add(id, node);
            Changed = now;
            Tell(o => o.NodeAdded(node));
        }

        foreach (Node node in _nodes.Values.Where(n => !ids.Contains(n.Id)).ToList())
        {
            node.Session?.Cut("this thing has been removed");
            Away(node, "revoked", false);
            _nodes.Remove(node.Id);
            Changed = now;
            Tell(o => o.NodeRemoved(node));
        }
    }

    /// <summary>Goes on: who was silent too long is lost, who sleeps too long is overdue, who did not answer has not.</summary>
    public void Step()
    {
        DateTimeOffset now = time.GetUtcNow();
        foreach (Node node in _nodes.Values)
        {
            if (node.State == NodeState.Online && now - node.Heard > TimeSpan.FromSeconds(node.KeepAliveSeconds * 1.5))
            {
                NodeSession? session = node.Session;
                Away(node, "keepalive-timeout", true);
                session?.Cut("nothing was heard for too long");
            }
            else if (node.State == NodeState.Sleeping && now.ToUnixTimeMilliseconds() > node.UntilMs + (long)WakeGrace.TotalMilliseconds)
            {
                Set(node, NodeState.Overdue, string.Empty, node.UntilMs);
            }

            foreach ((string id, Node.Ask ask) in node.Asked.Where(a => a.Value.Until <= now).ToList())
            {
                node.Asked.Remove(id);
                ask.Done(new NodeAnswer(NodeOutcome.Unknown, "", "the thing did not answer in time; it may have been done"));
            }
        }
    }

    /// <summary>Sets parameters of a thing; all of them have been checked.</summary>
    /// <param name="node">The thing.</param>
    /// <param name="values">What.</param>
    /// <param name="done">Is called once, under the lock, perhaps before this returns.</param>
    public void Set(Node node, ControlValue[] values, Action<NodeAnswer> done)
    {
        ArgumentNullException.ThrowIfNull(values);
        var list = new JsonObject();
        foreach (ControlValue value in values)
        {
            list[value.Parameter.Name] = NodeLine.Json(value);
        }

        Send(node, new JsonObject { ["t"] = "set", ["values"] = list }, values, done);
    }

    /// <summary>Asks a thing for its values now.</summary>
    /// <param name="node">The thing.</param>
    /// <param name="done">Is called once, under the lock, perhaps before this returns.</param>
    public void Read(Node node, Action<NodeAnswer> done) => Send(node, new JsonObject { ["t"] = "read" }, null, done);

    /// <summary>The value that a parameter has, as far as the gateway knows; null when it does not.</summary>
    public static string? Current(Node node, ControlParameter parameter)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(parameter);
        int at = node.SetSince.Contains(parameter.Name) ? -1 : node.Last?.IndexOf(parameter.Name) ?? -1;
        return at >= 0 ? node.Last!.Value(at) : node.Values.GetValueOrDefault(parameter.Name);
    }

    /// <summary>Why nothing can be sent to a thing now; null when it can.</summary>
    public static NodeAnswer? Unreachable(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return node.State != NodeState.Online ? new NodeAnswer(NodeOutcome.Away, "", $"{node.Id} is {node.StateName}")
            : node.Session is null ? new NodeAnswer(NodeOutcome.Mute, "", $"{node.Id} only speaks: nothing can be asked of it")
            : null;
    }

    // ---- for sessions ----

    internal void Opened(Node node, NodeSession session, JsonElement hello)
    {
        List<Node.Ask> left = [];
        if (node.Session is { } old && old != session)
        {
            // A dead socket never keeps a thing out.
            old.Cut("another link of this thing took its place");
            left = Unlink(node);
        }

        (ControlParameter[] parameters, Dictionary<string, string> values) = NodeLine.ReadParameters(hello);
        node.Session = session;
        node.Parameters = parameters;
        node.Values = values;
        node.SetSince.UnionWith(values.Keys);
        node.Firmware = NodeLine.Text(hello, "fw", NodeLine.MaxName);
        node.Boot = NodeLine.Text(hello, "boot", NodeLine.MaxName);
        node.Model = NodeLine.Text(hello, "model", NodeLine.MaxName);
        node.KeepAliveSeconds = (int)(NodeLine.Number(hello, "keepalive", 10, 1200) ?? 60);
        TakeStatus(node, hello);
        node.Heard = time.GetUtcNow();
        node.Changed = node.Heard;
        Tell(o => o.NodeUpdated(node));
        Set(node, NodeState.Online, string.Empty, 0);
        Unanswered(left, "replaced");
    }

    internal void Heard(Node node) => node.Heard = time.GetUtcNow();

    internal void Status(Node node, JsonElement line)
    {
        TakeStatus(node, line);
        node.Changed = time.GetUtcNow();
        Tell(o => o.NodeUpdated(node));
    }

    internal void Sampled(Node node, Sample sample, Action? durable)
    {
        node.Last = sample;
        node.SetSince.Clear();
        Tell(o => o.NodeSampled(node, sample, durable));
    }

    internal void Answered(Node node, string? id, NodeAnswer answer)
    {
        if (id is not null && node.Asked.Remove(id, out Node.Ask? ask))
        {
            if (answer.Outcome == NodeOutcome.Done && ask.Values is not null)
            {
                foreach (ControlValue value in ask.Values)
                {
                    node.Values[value.Parameter.Name] = value.Text;
                    node.SetSince.Add(value.Parameter.Name);
                }
            }

            ask.Done(answer);
        }
    }

    internal void Overheard(Node node, Sample? sample, int? battery, int? rssi, string via, int keepAliveSeconds)
    {
        node.Heard = time.GetUtcNow();
        node.Via = via;
        node.Rssi = rssi ?? node.Rssi;
        node.KeepAliveSeconds = keepAliveSeconds;
        bool changed = battery is not null && node.Battery != battery;
        node.Battery = battery ?? node.Battery;
        if (node.State != NodeState.Online)
        {
            Set(node, NodeState.Online, string.Empty, 0);
        }
        else if (changed)
        {
            node.Changed = node.Heard;
            Tell(o => o.NodeUpdated(node));
        }

        if (sample is not null)
        {
            Sampled(node, sample, null);
        }
    }

    internal void Slept(Node node, long untilMs)
    {
        List<Node.Ask> left = Unlink(node);
        Set(node, NodeState.Sleeping, string.Empty, untilMs);
        Unanswered(left, "sleep");
    }

    internal void Closed(Node node, NodeSession session, string reason)
    {
        if (node.Session == session)
        {
            Away(node, reason, true);
        }
    }

    private void Away(Node node, string reason, bool tell)
    {
        List<Node.Ask> left = Unlink(node);
        if (node.State is NodeState.Online || !tell)
        {
            Set(node, NodeState.Offline, reason, 0, tell);
        }

        Unanswered(left, reason);
    }

    private static List<Node.Ask> Unlink(Node node)
    {
        List<Node.Ask> left = [.. node.Asked.Values];
        node.Asked.Clear();
        node.Session = null;
        node.Via = null;
        return left;
    }

    // Last, when the thing's new state stands: whoever is told may ask at once again, and must not meet a thing that is online without a link.
    private static void Unanswered(List<Node.Ask> left, string reason)
    {
        foreach (Node.Ask ask in left)
        {
            ask.Done(new NodeAnswer(NodeOutcome.Unknown, "", $"the link to the thing ended ({reason}) before it answered; it may have been done"));
        }
    }

    private void Set(Node node, NodeState state, string reason, long untilMs, bool tell = true)
    {
        if (node.State != state || state == NodeState.Sleeping)
        {
            node.Since = time.GetUtcNow();
        }

        bool changed = node.State != state || node.Reason != reason || node.UntilMs != untilMs;
        node.State = state;
        node.Reason = reason;
        node.UntilMs = untilMs;
        if (state != NodeState.Online)
        {
            node.Rssi = null;
        }

        if (changed && tell)
        {
            node.Changed = time.GetUtcNow();
            Tell(o => o.NodeStateChanged(node));
        }
    }

    private void Send(Node node, JsonObject line, ControlValue[]? values, Action<NodeAnswer> done)
    {
        if (Unreachable(node) is { } why)
        {
            done(why);
            return;
        }

        if (node.Asked.Count >= MaxAsked)
        {
            done(new NodeAnswer(NodeOutcome.Busy, "", $"{node.Id} has {MaxAsked} commands to answer already"));
            return;
        }

        string id = (++node.NextAsk).ToString(CultureInfo.InvariantCulture);
        line["id"] = id;
        node.Asked.Add(id, new Node.Ask(done, time.GetUtcNow() + AnswerLimit, values));
        if (!node.Session!.TrySend(line))
        {
            node.Asked.Remove(id);
            done(new NodeAnswer(NodeOutcome.Busy, "", $"{node.Id} does not read what it is sent"));
        }
    }

    private static void TakeStatus(Node node, JsonElement line)
    {
        node.Rssi = (int?)NodeLine.Number(line, "rssi", -200, 0) ?? node.Rssi;
        node.Battery = (int?)NodeLine.Number(line, "bat", 0, 100) ?? node.Battery;
    }

    private void Tell(Action<INodeObserver> tell)
    {
        foreach (INodeObserver observer in _observers)
        {
            tell(observer);
        }
    }
}
