using IotXmpp.Features;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Things;

/// <summary>
/// Publishes what the ring holds on the thing's telemetry node (XEP-0060 §7.1), oldest first, one publish at a time. A sample leaves the ring only after the
/// result. When an answer got lost the node's last item tells whether the publish had arrived, so that no sample is published twice.
/// </summary>
internal sealed class TelemetryUplink : IIqCallback, IPubSubListener, IFieldVisitor
{
    private const string NodeKey = "node";

    private readonly XmppClient _client;
    private readonly TelemetryRing _ring;
    private readonly ThingOptions _options;
    private readonly ISettings _settings;
    private readonly Sample _sample;
    private readonly SampleXml _xml = new SampleXml();
    private readonly byte[] _nodeMade = new byte[] { 1 };
    private IThingObserver _observer;
    private bool _nodeKnown;
    private bool _withOptions;
    private bool _single;
    private bool _uncertain;
    private long _lastItemMs = -1;
    // The time of the newest sample of the batch that went out last; -1 when there was none in this life.
    private long _batchEndMs = -1;
    private int _batch;
    private int _retryMs;
    private long _notBeforeMs;
    private long _sequence;

    /// <summary>Publishes from a ring.</summary>
    /// <param name="client">The client.</param>
    /// <param name="ring">The ring.</param>
    /// <param name="options">The thing's options.</param>
    /// <param name="settings">Keeps whether the node is there.</param>
    /// <param name="scratch">Where samples are read into, within a call only: the loop measures into the same one.</param>
    public TelemetryUplink(XmppClient client, TelemetryRing ring, ThingOptions options, ISettings settings, Sample scratch)
    {
        _sample = scratch;
        _client = client;
        _ring = ring;
        _options = options;
        _settings = settings;
        _nodeKnown = settings.Read(NodeKey) != null;
        // What waited already when the thing started may have been on its way when the power went.
        _uncertain = ring.Count > 0 && _nodeKnown;
    }

    public IThingObserver Observer
    {
        set { _observer = value; }
    }

    /// <summary>Whether a publish waits for its answer.</summary>
    public bool InFlight { get; private set; }

    /// <summary>Samples that the hub has acknowledged since start.</summary>
    public long Published { get; private set; }

    /// <summary>Samples that the hub refused for what they are, and that were given up, since start.</summary>
    public long Refused { get; private set; }

    public void Step(long nowMs)
    {
        if (InFlight || _ring.Count == 0 || !_client.IsOnline || nowMs < _notBeforeMs)
        {
            return;
        }

        if (_uncertain)
        {
            InFlight = PubSub.Items(_client, _options.PubSubService, _options.TelemetryNode, 1, this, this) == SendResult.Sent;
            return;
        }

        _ring.Rewind();
        if (!_ring.TryNext(_sample))
        {
            // Nothing that this firmware can read: given up, and counted by the ring.
            _ring.AcknowledgeRead();
            return;
        }

        _withOptions = !_nodeKnown;
        StanzaWriter writer = PubSub.BeginPublish(_client, _options.PubSubService, _options.TelemetryNode, null, this, null);
        SensorData.Begin(writer, ++_sequence, false);
        SensorData.BeginNode(writer, _options.ThingId);
        WriteBatch(writer);
        writer.End().End().End().End();
        if (_withOptions)
        {
            WriteOptions(writer);
        }

        SendResult sent = _client.Commit();
        if (sent == SendResult.Sent)
        {
            InFlight = true;
        }
        else if (sent == SendResult.TooLarge)
        {
            GiveUpOrSplit(nowMs, "larger than the send buffer");
        }
        else
        {
            // Offline or full: the next step tries again.
            _ring.Rewind();
        }
    }

    /// <inheritdoc/>
    public void IqCompleted(XmppClient client, IqOutcome outcome, Stanza answer, object state)
    {
        InFlight = false;
        long nowMs = client.NowMs;
        if (state == this)
        {
            Settle(client, outcome, answer, nowMs);
            return;
        }

        switch (outcome)
        {
            case IqOutcome.Result:
                _single = false;
                _retryMs = 0;
                if (!_nodeKnown)
                {
                    _nodeKnown = true;
                    _settings.Write(NodeKey, _nodeMade);
                }

                Acknowledge();
                break;

            case IqOutcome.Error:
                Refuse(answer.ReadError(), nowMs);
                break;

            default:
                // The ring keeps what was read as such: what a full one drops of it meanwhile is lost only if it has not arrived.
                _uncertain = true;
                break;
        }
    }

    /// <inheritdoc/>
    public void ItemPublished(XmppClient client, Stanza message, string node, string itemId, string publisher, XmlPullParser payload)
    {
        if (payload != null && SensorData.IsFields(payload))
        {
            SensorData.Read(payload, this);
        }
    }

    /// <inheritdoc/>
    public void ItemRetracted(XmppClient client, Stanza message, string node, string itemId)
    {
    }

    /// <inheritdoc/>
    public void NodeChanged(XmppClient client, Stanza message, string node, string what)
    {
    }

    /// <inheritdoc/>
    public void Field(string nodeId, long unixMs, Field field)
    {
        _lastItemMs = unixMs > _lastItemMs ? unixMs : _lastItemMs;
    }

    // The last item of the node is here: what is not younger than its newest sample, up to exactly that one, had arrived.
    private void Settle(XmppClient client, IqOutcome outcome, Stanza answer, long nowMs)
    {
        if (outcome == IqOutcome.Error)
        {
            // No node, or no right to look: then it is published again, and the hub knows a sample by its time.
            _uncertain = false;
            return;
        }

        if (outcome != IqOutcome.Result)
        {
            return;
        }

        _uncertain = false;
        _lastItemMs = -1;
        PubSub.ReadItems(client, answer, this);
        if (_batchEndMs >= 0 && _lastItemMs == _batchEndMs)
        {
            Acknowledge();
            return;
        }

        _ring.Rewind();
        _batch = 0;
        bool arrived = false;
        while (!arrived && _batch < _options.MaxBatchSamples && _ring.TryNext(_sample))
        {
            _batch++;
            arrived = _sample.TimeMs == _lastItemMs;
        }

        if (arrived)
        {
            Acknowledge();
        }
        else
        {
            _ring.Rewind();
        }
    }

    private void Acknowledge()
    {
        Published += _batch;
        _ring.AcknowledgeRead();
        if (_observer != null)
        {
            _observer.Published(_batch);
        }
    }

    // The first sample has been read already. Stops where the largest sample so far might not fit any more.
    private void WriteBatch(StanzaWriter writer)
    {
        int limit = _single ? 1 : _options.MaxBatchSamples;
        int largest = 0;
        _batch = 0;
        bool more = true;
        while (more)
        {
            int before = writer.Length;
            _xml.Write(writer, _sample, false, null);
            _batch++;
            _batchEndMs = _sample.TimeMs;
            int size = writer.Length - before;
            largest = size > largest ? size : largest;
            more = _batch < limit && writer.Length + largest + 64 < _options.MaxBatchBytes && _ring.TryNext(_sample);
        }
    }

    private void WriteOptions(StanzaWriter writer)
    {
        DataForm.Begin(writer.Start("publish-options"), "submit", "http://jabber.org/protocol/pubsub#publish-options");
        DataForm.Write(writer, "pubsub#persist_items", "true");
        DataForm.Write(writer, "pubsub#max_items", _options.MaxItems.ToString());
        DataForm.Write(writer, "pubsub#access_model", _options.AccessModel);
        writer.End().End();
    }

    private void Refuse(StanzaError error, long nowMs)
    {
        if (_withOptions && error.AppCondition == "precondition-not-met")
        {
            // §7.1.5: the node is there, and its maker wanted it otherwise; that is not for the thing to change.
            _nodeKnown = true;
            _ring.Rewind();
            return;
        }

        if (!_withOptions && error.Condition == "item-not-found")
        {
            _nodeKnown = false;
            _ring.Rewind();
            return;
        }

        string text = error.ToString();
        if (error.Type == "modify")
        {
            GiveUpOrSplit(nowMs, text);
            return;
        }

        _ring.Rewind();
        Wait(nowMs);
        if (_observer != null)
        {
            _observer.PublishRefused(text);
        }
    }

    // One bad sample must not stop the others: the batch is tried one by one, and what is refused alone is given up.
    private void GiveUpOrSplit(long nowMs, string reason)
    {
        if (_batch > 1)
        {
            _single = true;
            _ring.Rewind();
            return;
        }

        Refused++;
        _ring.AcknowledgeRead();
        Wait(nowMs);
        if (_observer != null)
        {
            _observer.PublishRefused("given up: " + reason);
        }
    }

    private void Wait(long nowMs)
    {
        _retryMs = _retryMs == 0 ? _options.PublishRetryMs : _retryMs * 2;
        _retryMs = _retryMs > _options.MaxPublishRetryMs ? _options.MaxPublishRetryMs : _retryMs;
        _notBeforeMs = nowMs + _retryMs;
    }
}
