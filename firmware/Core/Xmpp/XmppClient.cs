using System.Collections;
using IotXmpp.Sasl;
using IotXmpp.Streams;
using IotXmpp.Xml;

namespace IotXmpp.Xmpp;

/// <summary>
/// The XMPP client without input, output, threads or clock of its own: bytes come by <see cref="Feed"/>, time by <see cref="Tick"/>, and go out by <see cref="ITransport"/>.
/// It connects, negotiates, keeps the session alive and resumes it; the stanzas are the application's.
/// </summary>
/// <remarks>
/// Not safe for several threads: call it from one, or under one lock. Handlers are called within <see cref="Feed"/> and <see cref="Tick"/> and may call the client.
/// Between a Begin… and its <see cref="Commit()"/> call nothing but the writer. Time is milliseconds of any clock that does not go back.
/// </remarks>
public sealed class XmppClient
{
    private readonly ClientOptions _options;
    private readonly StanzaWriter _writer;
    private readonly IqTable _iqs;
    private readonly StanzaDispatcher _dispatcher;
    private readonly Connection _connection;

    private readonly byte[] _id = new byte[IqTable.MaxIdBytes];

    // the stanza that is being built
    private long _requestId;
    private Jid _requestTo;
    private IIqCallback _requestCallback;
    private object _requestState;
    private int _requestSeconds;

    /// <summary>A client, not started.</summary>
    /// <param name="options">Account and bounds; not to be changed afterwards.</param>
    /// <param name="transport">The way to the server.</param>
    /// <param name="hash">Hash functions.</param>
    /// <param name="random">Dice.</param>
    /// <param name="settings">Where SCRAM keys are kept; null keeps none.</param>
    public XmppClient(ClientOptions options, ITransport transport, IHash hash, IRandom random, ISettings settings)
    {
        _options = options;
        _writer = new StanzaWriter(options.SendBufferBytes, options.SendBufferMaximum);
        byte[] start = new byte[2];
        random.Fill(start); // so that an answer to the run before does not fit
        _iqs = new IqTable(options.PendingIqs, (start[0] << 8 | start[1]) & 4095);
        _dispatcher = new StanzaDispatcher(this, _iqs);
        _connection = new Connection(this, options, transport, hash, random, settings, _writer, _iqs, _dispatcher);
    }

    /// <summary>The settings it was made with.</summary>
    public ClientOptions Options => _options;

    /// <summary>Where it stands.</summary>
    public ClientState State => _connection.State;

    /// <summary>Whether stanzas can be sent.</summary>
    public bool IsOnline => _connection.State == ClientState.Online;

    /// <summary>The bound full address; before the first binding the account.</summary>
    public Jid Jid => _connection.Jid;

    /// <summary>Why the last connection ended; null when none has.</summary>
    public ClientError LastError => _connection.LastError;

    /// <summary>When the next attempt is made, on the clock of <see cref="Tick"/>; only in the state Waiting.</summary>
    public long ReconnectAtMs => _connection.ReconnectAtMs;

    /// <summary>The time of the last <see cref="Tick"/>.</summary>
    public long NowMs => _connection.NowMs;

    /// <summary>Stanzas that wait for acknowledgement (XEP-0198).</summary>
    public int Unacked => _connection.Management.Unacked;

    /// <summary>IQs that wait for an answer.</summary>
    public int PendingIqs => _iqs.Count;

    /// <summary>Adds somebody who is told what happens to the session.</summary>
    public void AddListener(IClientListener listener)
    {
        _connection.Listeners.Add(listener);
    }

    /// <summary>Adds somebody who sees every stanza but the answers to our IQs, in the order of adding.</summary>
    public void AddHandler(IStanzaHandler handler)
    {
        _dispatcher.Add(handler);
    }

    /// <summary>Is shown every stanza before anybody else, the answers to our IQs too, for a log; what it returns does not count. Null for nobody.</summary>
    public IStanzaHandler Observer
    {
        set { _dispatcher.Observer = value; }
    }

    /// <summary>Adds somebody who answers IQ requests with this payload.</summary>
    public void AddIqHandler(XmlName payload, IStanzaHandler handler)
    {
        _dispatcher.Add(payload, handler);
    }

    // ---- driven by the platform ----

    /// <summary>Begins: the first attempt is made at the next <see cref="Tick"/>.</summary>
    public void Start()
    {
        _connection.Start();
    }

    /// <summary>Ends: closes the stream, waits a little for the server's closing, then is Stopped. The session is given up.</summary>
    public void Stop()
    {
        _connection.Stop();
    }

    /// <summary>Cuts the connection and tries again by the reconnect policy; the session may be resumed.</summary>
    public void Drop()
    {
        _connection.Fail(new ClientError(ClientErrorKind.Stopped, "dropped", string.Empty), null);
    }

    /// <summary>Makes the next attempt at the next <see cref="Tick"/> instead of waiting, when the platform knows that the network is back.</summary>
    public void ReconnectNow()
    {
        _connection.ReconnectNow();
    }

    /// <summary>Says what time it is: call it at least once a second. Allocates nothing when there is nothing to do.</summary>
    public void Tick(long nowMs)
    {
        _connection.Tick(nowMs);
    }

    /// <summary>The transport is connected.</summary>
    public void Connected(long nowMs)
    {
        _connection.Connected(nowMs);
    }

    /// <summary>The TLS handshake that <see cref="ITransport.StartTls"/> began is done and the certificate is good.</summary>
    public void Secured(long nowMs)
    {
        _connection.Secured(nowMs);
    }

    /// <summary>The transport is closed, or could not be opened.</summary>
    public void Disconnected(long nowMs)
    {
        Disconnected(nowMs, "the connection was closed");
    }

    /// <summary>The transport is closed, or could not be opened, for this reason.</summary>
    public void Disconnected(long nowMs, string reason)
    {
        _connection.Disconnected(nowMs, reason);
    }

    /// <summary>Bytes from the server, in any pieces.</summary>
    public void Feed(byte[] buffer, int offset, int count)
    {
        _connection.Feed(buffer, offset, count);
    }

    // ---- sending ----

    /// <summary>Begins a request with the usual time-out. Write its payload, then <see cref="Commit()"/>.</summary>
    /// <param name="type"><c>get</c> or <c>set</c>.</param>
    /// <param name="to">Whom to ask; null for the own account.</param>
    /// <param name="callback">Is told how it ended; may be null.</param>
    /// <param name="state">Given to the callback.</param>
    public StanzaWriter BeginIq(string type, Jid to, IIqCallback callback, object state)
    {
        return BeginIq(type, to, callback, state, _options.IqTimeoutSeconds);
    }

    /// <summary>Begins a request.</summary>
    /// <param name="type"><c>get</c> or <c>set</c>.</param>
    /// <param name="to">Whom to ask; null for the own account.</param>
    /// <param name="callback">Is told how it ended; may be null.</param>
    /// <param name="state">Given to the callback.</param>
    /// <param name="timeoutSeconds">Seconds to wait for the answer.</param>
    public StanzaWriter BeginIq(string type, Jid to, IIqCallback callback, object state, int timeoutSeconds)
    {
        Clear();
        _requestId = _iqs.NextId();
        _requestTo = to;
        _requestCallback = callback;
        _requestState = state;
        _requestSeconds = timeoutSeconds;
        int length = IqTable.WriteId(_requestId, _id);
        return _writer.Start("iq").Attribute("type", type).Attribute("id", _id, 0, length).Attribute("to", to);
    }

    /// <summary>Begins a message. Write its payload, then <see cref="Commit()"/>.</summary>
    /// <param name="to">The receiver.</param>
    /// <param name="type">The type (RFC 6121 §5.2.2); null for none.</param>
    /// <param name="id">The id; null for none.</param>
    public StanzaWriter BeginMessage(Jid to, string type, string id)
    {
        Clear();
        return _writer.Start("message").Attribute("to", to).Attribute("type", type).Attribute("id", id);
    }

    /// <summary>Begins a presence. Write its payload, then <see cref="Commit()"/>.</summary>
    /// <param name="to">The receiver; null for all who may see it.</param>
    /// <param name="type">The type (RFC 6121 §4.7.1); null for available.</param>
    public StanzaWriter BeginPresence(Jid to, string type)
    {
        Clear();
        return _writer.Start("presence").Attribute("to", to).Attribute("type", type);
    }

    /// <summary>Begins the result of a request that is being handled. Write its payload, then <see cref="Commit()"/>.</summary>
    public StanzaWriter BeginResult(Stanza request)
    {
        Clear();
        request.WriteAnswer(_writer, "result");
        return _writer;
    }

    /// <summary>Begins the result of a request that was deferred. Write its payload, then <see cref="Commit()"/>.</summary>
    public StanzaWriter BeginResult(IqRequest request)
    {
        Clear();
        request.WriteAnswer(_writer, "result");
        return _writer;
    }

    /// <summary>Begins an error answer of one's own making: write the whole <c>&lt;error/&gt;</c>, then <see cref="Commit()"/>.</summary>
    public StanzaWriter BeginError(Stanza request)
    {
        Clear();
        request.WriteAnswer(_writer, "error");
        return _writer;
    }

    /// <summary>Begins an error answer of one's own making to a request that was deferred: write the whole <c>&lt;error/&gt;</c>, then <see cref="Commit()"/>.</summary>
    public StanzaWriter BeginError(IqRequest request)
    {
        Clear();
        request.WriteAnswer(_writer, "error");
        return _writer;
    }

    /// <summary>Answers a request with an empty result.</summary>
    public SendResult ReplyEmpty(Stanza request)
    {
        BeginResult(request);
        return Commit();
    }

    /// <summary>Answers a request with an error.</summary>
    public SendResult ReplyError(Stanza request, StanzaError error)
    {
        Clear();
        request.WriteAnswer(_writer, "error");
        StanzaErrorXml.Write(_writer, error);
        return Commit();
    }

    /// <summary>Answers a deferred request with an error.</summary>
    public SendResult ReplyError(IqRequest request, StanzaError error)
    {
        Clear();
        request.WriteAnswer(_writer, "error");
        StanzaErrorXml.Write(_writer, error);
        return Commit();
    }

    /// <summary>Begins any stanza: write it from its start tag on, then <see cref="Commit()"/>.</summary>
    public StanzaWriter BeginStanza()
    {
        Clear();
        return _writer;
    }

    /// <summary>Sends one whole stanza as it is, in the namespace of the stream. Its answer, if any, comes to the handlers.</summary>
    public SendResult SendStanza(byte[] stanza, int offset, int count)
    {
        Clear();
        _writer.Raw(stanza, offset, count);
        return Commit();
    }

    /// <summary>Sends one whole stanza from a tree.</summary>
    public SendResult SendStanza(Element stanza)
    {
        Clear();
        stanza.WriteTo(_writer, Ns.Client);
        return Commit();
    }

    /// <summary>Sends a request whose payload is a tree.</summary>
    public SendResult SendIq(string type, Jid to, Element payload, IIqCallback callback, object state, int timeoutSeconds)
    {
        payload.WriteTo(BeginIq(type, to, callback, state, timeoutSeconds), Ns.Client);
        return Commit();
    }

    /// <summary>Closes the elements of what was begun and sends it. A callback is called only when the answer is Sent.</summary>
    public SendResult Commit()
    {
        return Commit(true);
    }

    internal SendResult Commit(bool matters)
    {
        long id = _requestId;
        _requestId = 0;
        _writer.EndTo(0);
        if (_writer.Overflowed)
        {
            return SendResult.TooLarge;
        }
        if (!IsOnline)
        {
            return SendResult.Offline;
        }
        if (!_connection.Management.HasRoom(_writer.Length))
        {
            _connection.AskForAcknowledgement();
            return SendResult.QueueFull;
        }
        if (id != 0)
        {
            if (_iqs.IsFull)
            {
                return SendResult.TooManyIqs;
            }
            _iqs.Add(id, _requestTo, _requestCallback, _requestState, NowMs + _requestSeconds * 1000L);
        }
        _connection.SendStanza(matters);
        return SendResult.Sent;
    }

    private void Clear()
    {
        _requestId = 0;
        _requestTo = null;
        _requestCallback = null;
        _requestState = null;
        _writer.Clear();
    }
}
