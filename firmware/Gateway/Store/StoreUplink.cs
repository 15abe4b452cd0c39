using System.Globalization;
using IotXmpp.Features;
using IotXmpp.Things;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Gateway;

/// <summary>The bounds of a <see cref="StoreUplink"/>.</summary>
public sealed record UplinkLimits
{
    /// <summary>Samples a second that are sent of what waited while the hub was away. Default 500: seven days of twenty things in seven hours, without drowning the hub or a slow line.</summary>
    public double BacklogPerSecond { get; init; } = 500;

    /// <summary>Samples in one publish at most. Default 50.</summary>
    public int MaxBatchSamples { get; init; } = 50;

    /// <summary>Bytes of one publish at most. Default 14,000: the client's send buffer has 16 KiB.</summary>
    public int MaxBatchBytes { get; init; } = 14_000;

    /// <summary>Publishes that wait for their answer at most. Default 8.</summary>
    public int MaxInFlight { get; init; } = 8;

    /// <summary>Milliseconds to wait after the hub refused samples of a thing. Default 15,000; doubled up to <see cref="MaxRetryMs"/>.</summary>
    public int RetryMs { get; init; } = 15_000;

    /// <summary>Milliseconds to wait at most. Default 300,000: five minutes.</summary>
    public int MaxRetryMs { get; init; } = 300_000;
}

/// <summary>
/// Publishes what the store holds, each thing on its own node (XEP-0060 §7.1), and removes it when the hub has acknowledged it. What is new goes at once; what waited goes
/// beside it, oldest first, at a bounded rate. An item's id is made of its first sample, so a publish whose answer got lost replaces itself when it is sent again.
/// Called under the client's lock.
/// </summary>
public sealed class StoreUplink : IIqCallback, IClientListener
{
    private readonly XmppClient _client;
    private readonly SampleStore _store;
    private readonly Jid _service;
    private readonly UplinkLimits _limits;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, Source> _sources = new(StringComparer.Ordinal);
    private readonly Field _field = new();
    private double _tokens;
    private long _tokensAtMs = -1;
    private long _newFrom;
    private int _next;
    private int _inFlight;
    private long _sequence;

    /// <summary>Makes an uplink; nothing is sent before <see cref="Pump"/>.</summary>
    /// <param name="client">The client.</param>
    /// <param name="store">What waits.</param>
    /// <param name="service">The hub's publish-subscribe service.</param>
    /// <param name="limits">The bounds; null for the usual.</param>
    /// <param name="time">The clock.</param>
    public StoreUplink(XmppClient client, SampleStore store, Jid service, UplinkLimits? limits, TimeProvider time)
    {
        _client = client;
        _store = store;
        _service = service;
        _limits = limits ?? new UplinkLimits();
        _time = time;
        client.AddListener(this);
    }

    /// <summary>Samples that the hub has acknowledged since start.</summary>
    public long Published { get; private set; }

    /// <summary>Is told how many samples of which thing the hub has acknowledged; may be null.</summary>
    public Action<string, int>? Acknowledged { get; set; }

    /// <summary>Is told why the hub refused samples of a thing; may be null.</summary>
    public Action<string, string>? Refused { get; set; }

    /// <summary>Goes on, as far as the bounds allow.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    public void Pump(long nowMs)
    {
        if (!_client.IsOnline)
        {
            return;
        }

        Refill(nowMs);
        IReadOnlyList<string> things = _store.Things;
        for (int i = 0; i < things.Count && _inFlight < _limits.MaxInFlight; i++)
        {
            // In turn: none waits for another that has more.
            string thing = things[_next++ % things.Count];
            if (!_sources.TryGetValue(thing, out Source? source))
            {
                _sources.Add(thing, source = new Source(thing));
            }

            if (nowMs < source.NotBeforeMs)
            {
                continue;
            }

            if (!source.NewOnItsWay)
            {
                Publish(source, _newFrom, long.MaxValue);
            }

            // A batch of what waited is always as large as it may be, and the tokens may go below zero for it: sent again after a crash it begins and ends at the same samples, so it replaces itself.
            if (!source.OldOnItsWay && _tokens >= 1 && _inFlight < _limits.MaxInFlight && !Publish(source, source.OldFrom, _newFrom) && source.OldFrom > 0)
            {
                // What came late stands before what was sent last.
                source.OldFrom = 0;
                Publish(source, 0, _newFrom);
            }
        }
    }

    /// <summary>A thing may publish now where it might not before: it is tried at once.</summary>
    public void TryAgain(string thingId)
    {
        if (_sources.TryGetValue(thingId, out Source? source))
        {
            source.NotBeforeMs = 0;
            source.RetryMs = 0;
        }
    }

    /// <inheritdoc/>
    public void IqCompleted(XmppClient client, IqOutcome outcome, Stanza answer, object state)
    {
        ArgumentNullException.ThrowIfNull(client);
        var batch = (Batch)state;
        Source source = batch.Source;
        _inFlight--;
        Settle(batch);
        switch (outcome)
        {
            case IqOutcome.Result:
                source.NodeKnown = true;
                source.RetryMs = 0;
                source.Single = false;
                source.OldFrom = batch.IsOld ? batch.Keys[^1] + 1 : source.OldFrom;
                _store.Remove(source.Thing, batch.Keys);
                Published += batch.Keys.Count;
                Acknowledged?.Invoke(source.Thing, batch.Keys.Count);
                break;
            case IqOutcome.Error:
                source.OldFrom = 0;
                Refuse(batch, answer.ReadError(), client.NowMs);
                break;
            default:
                // It may have arrived: the same first sample makes the same item again.
                source.OldFrom = 0;
                break;
        }

        Pump(client.NowMs);
    }

    /// <inheritdoc/>
    public void StateChanged(XmppClient client, ClientState state)
    {
        // Told by the others.
    }

    /// <inheritdoc/>
    public void SessionStarted(XmppClient client, bool resumed)
    {
        // What is measured from now on need not wait behind what waited.
        _newFrom = SampleStore.KeyAt(_time.GetUtcNow().ToUnixTimeMilliseconds());
        foreach (Source source in _sources.Values)
        {
            source.NotBeforeMs = 0;
        }
    }

    /// <inheritdoc/>
    public void ConnectionLost(XmppClient client, ClientError reason)
    {
        // What is on its way is told by IqCompleted.
    }

    /// <inheritdoc/>
    public void Undelivered(XmppClient client, byte[] buffer, int offset, int count)
    {
        // Publishes are IQs.
    }

    private void Refill(long nowMs)
    {
        if (_tokensAtMs >= 0)
        {
            _tokens = Math.Min(Math.Max(_limits.MaxBatchSamples, _limits.BacklogPerSecond), _tokens + ((nowMs - _tokensAtMs) * _limits.BacklogPerSecond / 1000));
        }
        else
        {
            _tokens = _limits.MaxBatchSamples;
        }

        _tokensAtMs = nowMs;
    }

    // False when there is nothing.
    private bool Publish(Source source, long from, long before)
    {
        bool old = before != long.MaxValue;
        IReadOnlyList<(long Key, Sample Sample)> rows;
        try
        {
            rows = _store.Oldest(source.Thing, from, source.Single ? 1 : _limits.MaxBatchSamples, source.OnItsWay);
        }
        catch (SampleStoreException e)
        {
            Refused?.Invoke(source.Thing, e.Message);
            Wait(source, _client.NowMs);
            return true;
        }

        var keys = new List<long>(rows.Count);
        if (rows.Count == 0 || rows[0].Key >= before)
        {
            return false;
        }

        var batch = new Batch(source, keys, old);
        StanzaWriter writer = PubSub.BeginPublish(_client, _service, $"things/{source.Thing}/telemetry", string.Create(CultureInfo.InvariantCulture, $"s{rows[0].Key:x}"), this, batch);
        SensorData.Begin(writer, ++_sequence, false);
        SensorData.BeginNode(writer, source.Thing);
        int largest = 0;
        foreach ((long key, Sample sample) in rows)
        {
            if (key >= before || (keys.Count > 0 && writer.Length + largest + 128 > _limits.MaxBatchBytes))
            {
                break;
            }

            int length = writer.Length;
            Write(writer, sample);
            largest = Math.Max(largest, writer.Length - length);
            keys.Add(key);
        }

        writer.End().End().End().End();
        if (!source.NodeKnown)
        {
            DataForm.Begin(writer.Start("publish-options"), "submit", "http://jabber.org/protocol/pubsub#publish-options");
            DataForm.Write(writer, "pubsub#persist_items", "true");
            DataForm.Write(writer, "pubsub#access_model", "whitelist");
            writer.End().End();
            batch.WithOptions = true;
        }

        switch (_client.Commit())
        {
            case SendResult.Sent:
                _inFlight++;
                source.OnItsWay.UnionWith(keys);
                if (old)
                {
                    source.OldOnItsWay = true;
                    _tokens -= keys.Count;
                }
                else
                {
                    source.NewOnItsWay = true;
                }

                break;
            case SendResult.TooLarge:
                GiveUpOrSplit(batch, "larger than the send buffer", _client.NowMs);
                break;
            default:
                break; // offline or full: the next call tries again
        }

        return true;
    }

    private void Write(StanzaWriter writer, Sample sample)
    {
        SensorData.BeginTime(writer, sample.TimeMs);
        for (int i = 0; i < sample.Count; i++)
        {
            _field.Name = sample.Name(i);
            _field.Kind = sample.Kind(i);
            _field.Value = sample.Value(i);
            _field.Unit = _field.Kind == FieldKind.Numeric ? sample.Text(i) : string.Empty;
            _field.Flags = sample.Flags(i);
            SensorData.Write(writer, _field);
        }

        writer.End();
    }

    private static void Settle(Batch batch)
    {
        batch.Source.OnItsWay.ExceptWith(batch.Keys);
        if (batch.IsOld)
        {
            batch.Source.OldOnItsWay = false;
        }
        else
        {
            batch.Source.NewOnItsWay = false;
        }
    }

    private void Refuse(Batch batch, StanzaError error, long nowMs)
    {
        Source source = batch.Source;
        if (batch.WithOptions && error.AppCondition == "precondition-not-met")
        {
            // §7.1.5: the node is there, and its maker wanted it otherwise.
            source.NodeKnown = true;
        }
        else if (!batch.WithOptions && error.Condition == "item-not-found")
        {
            source.NodeKnown = false;
        }
        else if (error.Type == "modify")
        {
            GiveUpOrSplit(batch, error.ToString(), nowMs);
        }
        else
        {
            Wait(source, nowMs);
            Refused?.Invoke(source.Thing, error.ToString());
        }
    }

    // One bad sample must not stop the others: they are tried one by one, and what is refused alone is given up.
    private void GiveUpOrSplit(Batch batch, string reason, long nowMs)
    {
        if (batch.Keys.Count > 1)
        {
            batch.Source.Single = true;
            return;
        }

        _store.GiveUp(batch.Source.Thing, batch.Keys);
        Wait(batch.Source, nowMs);
        Refused?.Invoke(batch.Source.Thing, "given up: " + reason);
    }

    private void Wait(Source source, long nowMs)
    {
        source.RetryMs = source.RetryMs == 0 ? _limits.RetryMs : Math.Min(source.RetryMs * 2, _limits.MaxRetryMs);
        source.NotBeforeMs = nowMs + source.RetryMs;
    }

    private sealed class Source(string thing)
    {
        public string Thing { get; } = thing;

        public HashSet<long> OnItsWay { get; } = [];

        public bool NodeKnown { get; set; }

        public bool Single { get; set; }

        public bool OldOnItsWay { get; set; }

        public bool NewOnItsWay { get; set; }

        /// <summary>From where on what waits is looked for: behind what the hub has, which leaves the store with the next commit.</summary>
        public long OldFrom { get; set; }

        public int RetryMs { get; set; }

        public long NotBeforeMs { get; set; }
    }

    private sealed class Batch(Source source, List<long> keys, bool isOld)
    {
        public Source Source { get; } = source;

        public List<long> Keys { get; } = keys;

        public bool IsOld { get; } = isOld;

        public bool WithOptions { get; set; }
    }
}
