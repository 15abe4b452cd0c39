using System.Collections;
using IotXmpp.Sasl;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Streams;

/// <summary>The life of a client's connections: attempts, time limits, the session that outlives them, and what ends them. The steps up to online are <see cref="Negotiation"/>'s.</summary>
internal sealed class Connection : IStreamSink
{
    /// <summary>Hosts that the server may send us to, one after the other, before the usual wait applies. Default 3: two servers must not send a fleet around in circles.</summary>
    private const int MaxRedirects = 3;

    private const string AskMarkup = "<r xmlns='urn:xmpp:sm:3'/>";
    private static readonly XmlName StreamErrorName = new XmlName(Ns.Stream, "error");

    private readonly XmppClient _client;
    private readonly ClientOptions _options;
    private readonly StanzaWriter _writer;
    private readonly IqTable _iqs;
    private readonly StanzaDispatcher _dispatcher;
    private readonly Negotiation _negotiation;
    private readonly ReconnectPolicy _policy;
    private readonly KeepAlive _keepAlive;

    private long _deadline;
    private long _onlineSince = -1;
    private bool _opened; // our header is out: a stream error can be said
    private bool _refused;
    private int _redirects;
    private string _redirectHost = string.Empty;
    private int _redirectPort;

    internal Connection(XmppClient client, ClientOptions options, ITransport transport, IHash hash, IRandom random, ISettings settings, StanzaWriter writer, IqTable iqs, StanzaDispatcher dispatcher)
    {
        _client = client;
        _options = options;
        _writer = writer;
        _iqs = iqs;
        _dispatcher = dispatcher;
        Transport = transport;
        Jid = options.Account;
        Reader = new StreamReader(this, options);
        Management = new StreamManagement(options.UnackedBytes);
        _policy = new ReconnectPolicy(random);
        _keepAlive = new KeepAlive(options);
        _negotiation = new Negotiation(this, options, hash, random, settings);
    }

    internal ITransport Transport { get; }

    internal StreamReader Reader { get; }

    internal StreamManagement Management { get; }

    internal ArrayList Listeners { get; } = new ArrayList();

    internal ClientState State { get; private set; }

    internal Jid Jid { get; private set; }

    internal ClientError LastError { get; private set; }

    internal long ReconnectAtMs { get; private set; }

    internal long NowMs { get; private set; }

    // ---- from the platform ----

    internal void Start()
    {
        if (State == ClientState.Stopped)
        {
            ReconnectAtMs = long.MinValue;
            SetState(ClientState.Waiting);
        }
    }

    internal void Stop()
    {
        switch (State)
        {
            case ClientState.Stopped:
            case ClientState.Closing:
                return;
            case ClientState.Online:
                Nonza().Raw("</stream:stream>");
                SendNonza();
                _deadline = NowMs + _options.CloseTimeoutSeconds * 1000L;
                SetState(ClientState.Closing);
                return;
            case ClientState.Waiting:
                SessionIsLost();
                SetState(ClientState.Stopped); // there is no connection to be lost: the last error stays
                return;
            default:
                Finish(new ClientError(ClientErrorKind.Stopped, "stopped", string.Empty));
                return;
        }
    }

    internal void ReconnectNow()
    {
        if (State == ClientState.Waiting)
        {
            ReconnectAtMs = NowMs;
        }
    }

    internal void Tick(long now)
    {
        NowMs = now;
        _iqs.Tick(_client, now);
        switch (State)
        {
            case ClientState.Stopped:
                return;
            case ClientState.Waiting:
                if (now >= ReconnectAtMs)
                {
                    Open();
                }
                return;
            case ClientState.Online:
                Keep(now);
                return;
            case ClientState.Closing:
                if (now >= _deadline)
                {
                    Finish(new ClientError(ClientErrorKind.Stopped, "stopped", string.Empty));
                }
                return;
            default:
                if (now >= _deadline)
                {
                    string text = State == ClientState.Connecting ? "no connection within the time limit" : "no session within the time limit";
                    Fail(new ClientError(ClientErrorKind.Timeout, "timeout", text), State == ClientState.Connecting ? null : StreamError.ConnectionTimeout);
                }
                return;
        }
    }

    internal void Connected(long now)
    {
        NowMs = now;
        if (State != ClientState.Connecting)
        {
            return;
        }
        _deadline = now + _options.NegotiationTimeoutSeconds * 1000L;
        _opened = true;
        _negotiation.Begin();
    }

    internal void Secured(long now)
    {
        NowMs = now;
        if (State == ClientState.Securing)
        {
            _opened = true;
            _negotiation.Secured();
        }
    }

    internal void Disconnected(long now, string reason)
    {
        NowMs = now;
        if (State == ClientState.Closing)
        {
            Finish(new ClientError(ClientErrorKind.Stopped, "stopped", string.Empty));
        }
        else if (State != ClientState.Stopped && State != ClientState.Waiting)
        {
            _opened = false;
            Fail(new ClientError(ClientErrorKind.Connection, "disconnected", reason), null);
        }
    }

    internal void Feed(byte[] buffer, int offset, int count)
    {
        if (State == ClientState.Stopped || State == ClientState.Waiting || State == ClientState.Connecting)
        {
            return;
        }
        _keepAlive.Received(NowMs);
        Reader.Feed(buffer, offset, count);
    }

    // ---- from the stream ----

    void IStreamSink.StreamOpened(XmlPullParser parser)
    {
        _negotiation.HeaderReceived(parser);
    }

    void IStreamSink.ElementReceived(Stanza stanza, XmlPullParser parser)
    {
        if (parser.Is(StreamErrorName))
        {
            StreamErrorReceived(parser);
            return;
        }
        if (State == ClientState.Online && stanza.Kind != StanzaKind.None)
        {
            _dispatcher.Dispatch(stanza);
            Management.Received();
            return;
        }
        if (State == ClientState.Online && parser.NamespaceIs(Ns.StreamManagement))
        {
            Management.NonzaReceived(parser, this);
            return;
        }
        if (State == ClientState.Closing || State == ClientState.Online)
        {
            return; // what comes between the two closing tags is not answered; an unknown nonza is not ours to judge
        }
        _negotiation.Received(stanza, parser);
    }

    void IStreamSink.Oversized(Stanza stanza)
    {
        if (State != ClientState.Online || stanza.Kind == StanzaKind.None)
        {
            ((IStreamSink)this).Refused(XmlError.LimitExceeded);
            return;
        }
        if (stanza.IsRequest)
        {
            _client.ReplyError(stanza, StanzaError.ResourceConstraint);
        }
        else if (stanza.Kind == StanzaKind.Iq)
        {
            _iqs.Answer(_client, stanza, Jid, false);
        }
        Management.Received();
    }

    void IStreamSink.StreamClosed()
    {
        if (State == ClientState.Closing)
        {
            Finish(new ClientError(ClientErrorKind.Stopped, "stopped", string.Empty));
            return;
        }
        Nonza().Raw("</stream:stream>");
        SendNonza();
        _opened = false;
        Management.CannotResume(); // a closed stream is not resumed (XEP-0198 §5)
        Fail(new ClientError(ClientErrorKind.Connection, "closed", "the server closed the stream"), null);
    }

    void IStreamSink.Refused(XmlError error)
    {
        string condition = StreamError.Of(error);
        Fail(new ClientError(ClientErrorKind.Xml, condition, "the server's XML was refused"), condition);
    }

    private void StreamErrorReceived(XmlPullParser parser)
    {
        StreamErrorReader said = new StreamErrorReader(parser);
        if (said.HasRetry)
        {
            _policy.Hint(said.RetryAfter, said.RetrySpread);
        }
        Nonza().Raw("</stream:stream>");
        SendNonza();
        _opened = false;
        ClientError error = new ClientError(ClientErrorKind.Stream, said.Condition, said.Text);
        if (said.Condition == StreamError.Conflict)
        {
            Management.CannotResume(); // replaced: there is nothing left to resume
            Refuse(error);
            return;
        }
        if (said.Condition == StreamError.SeeOtherHost && _redirects < MaxRedirects && HostAddress.TryParse(said.Host, out string name, out int port))
        {
            _redirects++;
            _redirectHost = name;
            _redirectPort = port;
            _policy.Hint(0, 0);
        }
        Fail(error, null);
    }

    // ---- for the negotiation ----

    internal StanzaWriter Nonza()
    {
        _writer.Clear();
        return _writer;
    }

    internal void SendNonza()
    {
        _keepAlive.Sent(NowMs);
        Transport.Send(_writer.Buffer, 0, _writer.Length);
    }

    internal void SetState(ClientState state)
    {
        if (State == state)
        {
            return;
        }
        State = state;
        for (int i = 0; i < Listeners.Count; i++)
        {
            ((IClientListener)Listeners[i]).StateChanged(_client, state);
        }
    }

    /// <summary>From here until the handshake is done nothing may be written.</summary>
    internal void StartTls()
    {
        _opened = false;
        Reader.Stop();
        Transport.StartTls();
    }

    internal void SetBound(Jid jid)
    {
        Jid = jid;
    }

    internal void GoOnline(bool resumed)
    {
        _onlineSince = NowMs;
        _redirects = 0;
        _keepAlive.Begin(NowMs);
        SetState(ClientState.Online);
        for (int i = 0; i < Listeners.Count && State == ClientState.Online; i++)
        {
            ((IClientListener)Listeners[i]).SessionStarted(_client, resumed);
        }
    }

    /// <summary>The session of before is not coming back: who waits is told.</summary>
    internal void SessionIsLost()
    {
        Management.TellUndelivered(_client, Listeners);
        Management.Clear();
        _iqs.EndAll(_client);
    }

    // ---- ends ----

    /// <summary>Ends the connection and the hope that trying again soon will help.</summary>
    internal void Refuse(ClientError error)
    {
        _refused = true;
        _policy.Refused();
        Fail(error, null);
    }

    /// <summary>Ends the connection; the next attempt follows by policy.</summary>
    /// <param name="error">Why.</param>
    /// <param name="condition">The stream error to tell the server; null for none.</param>
    internal void Fail(ClientError error, string condition)
    {
        if (State == ClientState.Stopped || State == ClientState.Waiting)
        {
            return;
        }
        if (condition != null && _opened)
        {
            Nonza().Raw("<stream:error>").Empty(condition, Ns.StreamErrors).Raw("</stream:error></stream:stream>");
            SendNonza();
        }
        bool stop = !_options.Reconnect || _refused && _options.StopWhenRefused;
        End();
        _refused = false;
        LastError = error;
        if (stop || Management.ResumeId == null)
        {
            SessionIsLost();
        }
        if (stop)
        {
            SetState(ClientState.Stopped);
        }
        else
        {
            ReconnectAtMs = NowMs + _policy.NextDelayMs();
            SetState(ClientState.Waiting);
        }
        Tell(error);
    }

    private void Finish(ClientError error)
    {
        End();
        LastError = error;
        SessionIsLost();
        SetState(ClientState.Stopped);
        Tell(error);
    }

    private void End()
    {
        Reader.Stop();
        if (State != ClientState.Waiting && State != ClientState.Stopped)
        {
            Transport.Close();
        }
        _opened = false;
        _policy.Ended(_onlineSince < 0 ? 0 : NowMs - _onlineSince);
        _onlineSince = -1;
    }

    private void Tell(ClientError error)
    {
        for (int i = 0; i < Listeners.Count; i++)
        {
            ((IClientListener)Listeners[i]).ConnectionLost(_client, error);
        }
    }

    private void Open()
    {
        _deadline = NowMs + _options.ConnectTimeoutSeconds * 1000L;
        SetState(ClientState.Connecting);
        string host = _redirectHost;
        int port = _redirectPort;
        _redirectHost = string.Empty; // a redirect holds for one attempt
        _redirectPort = 0;
        Transport.Open(host, port);
    }

    // ---- online ----

    /// <summary>Sends what stands in the writer: one whole stanza.</summary>
    internal void SendStanza(bool matters)
    {
        _keepAlive.Sent(NowMs);
        int length = _writer.Length;
        if (Management.Sent(_writer.Buffer, 0, length, matters))
        {
            // in the same piece as the stanza: one TLS record, one packet
            _writer.Raw(AskMarkup);
            if (!_writer.Overflowed)
            {
                Management.Asked();
                length = _writer.Length;
            }
        }
        Transport.Send(_writer.Buffer, 0, length);
    }

    internal void AskForAcknowledgement()
    {
        Management.Asked();
        Nonza().Raw(AskMarkup);
        SendNonza();
    }

    private void Keep(long now)
    {
        KeepAliveStep step = _keepAlive.Tick(now);
        if (step == KeepAliveStep.GiveUp)
        {
            Fail(new ClientError(ClientErrorKind.Timeout, "ping-timeout", "the server does not answer"), StreamError.ConnectionTimeout);
        }
        if (step != KeepAliveStep.Ping)
        {
            return;
        }
        if (Management.AskWanted)
        {
            AskForAcknowledgement();
        }
        // nobody is told of the answer: any byte has counted as a sign of life before it is read
        _client.BeginIq("get", null, null, null).Empty("ping", Ns.Ping);
        if (_client.Commit(false) != SendResult.Sent)
        {
            AskForAcknowledgement(); // no room for a ping: the acknowledgement is the sign of life
        }
    }
}
