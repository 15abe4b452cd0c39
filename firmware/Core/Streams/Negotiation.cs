using IotXmpp.Sasl;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Streams;

/// <summary>
/// From the first stream header to a bound or resumed session (RFC 6120 §4–7, XEP-0198 §3 and §5). Each step is one method, named after what the server has sent. The steps of
/// authentication are <see cref="LogIn"/>'s.
/// </summary>
internal sealed class Negotiation
{
    private static readonly XmlName FeaturesName = new XmlName(Ns.Stream, "features");
    private static readonly XmlName BindName = new XmlName(Ns.Bind, "bind");
    private const string BindId = "bind";
    private const string SessionId = "session";

    private readonly Connection _client;
    private readonly ClientOptions _options;
    private readonly LogIn _logIn;
    private readonly StreamFeatures _features = new StreamFeatures();

    internal Negotiation(Connection client, ClientOptions options, IHash hash, IRandom random, ISettings settings)
    {
        _client = client;
        _options = options;
        _logIn = new LogIn(this, client, options, hash, random, settings, _features);
    }

    /// <summary>The transport is connected.</summary>
    internal void Begin()
    {
        _logIn.Begin();
        _client.Reader.Begin();
        OpenStream();
    }

    /// <summary>The TLS handshake is done.</summary>
    internal void Secured()
    {
        if (!_client.Transport.IsSecure)
        {
            _client.Fail(new ClientError(ClientErrorKind.Policy, "not-secure", "the transport reports TLS but is not secure"), null);
            return;
        }
        _client.Reader.Begin();
        OpenStream();
    }

    /// <summary>The server's header: version and namespace must be ours.</summary>
    internal void HeaderReceived(XmlPullParser parser)
    {
        if (!parser.Is(Ns.Stream, "stream"))
        {
            _client.Fail(new ClientError(ClientErrorKind.Protocol, StreamError.InvalidNamespace, "the root is not a stream"), StreamError.InvalidNamespace);
            return;
        }
        string version = parser.Attribute("version");
        if (version == null || version.Length < 2 || version[0] == '0')
        {
            _client.Fail(new ClientError(ClientErrorKind.Protocol, StreamError.UnsupportedVersion, "the server does not speak XMPP 1.0"), StreamError.UnsupportedVersion);
        }
    }

    /// <summary>Anything that the server sends before the session is there.</summary>
    internal void Received(Stanza stanza, XmlPullParser parser)
    {
        switch (_client.State)
        {
            case ClientState.Opening when parser.Is(FeaturesName):
                _features.Read(parser);
                _logIn.FeaturesReceived(stanza);
                Next();
                return;
            case ClientState.Authenticating when parser.Is(FeaturesName) && _logIn.IsAhead:
                _logIn.FeaturesFollow(stanza, parser);
                return;
            case ClientState.Securing when parser.NamespaceIs(Ns.Tls):
                TlsAnswered(parser);
                return;
            case ClientState.Authenticating when parser.NamespaceIs(_logIn.Namespace):
                _logIn.Answered(parser);
                return;
            case ClientState.Resuming when parser.NamespaceIs(Ns.StreamManagement):
                ResumeAnswered(parser);
                return;
            case ClientState.Binding when stanza.Kind == StanzaKind.Iq:
                BindAnswered(stanza);
                return;
        }
        Unexpected();
    }

    /// <summary>Opens a stream; where a token is held, the authentication is sent right behind, and the features are not waited for.</summary>
    internal void OpenStream()
    {
        _client.SetState(ClientState.Opening);
        bool ahead = _logIn.MayGoAhead();
        if (ahead)
        {
            _client.SetState(ClientState.Authenticating);
        }
        StanzaWriter writer = _client.Nonza();
        writer.Start("stream:stream").Attribute("xmlns", Ns.Client).Attribute("xmlns:stream", Ns.Stream);
        if (_client.Transport.IsSecure)
        {
            writer.Attribute("from", _options.Account); // RFC 6120 §4.7.1: not before TLS
        }
        writer.Attribute("to", _options.Account.Domain).Attribute("version", "1.0");
        if (ahead)
        {
            _logIn.GoAhead(writer);
        }
        writer.CloseTag();
        _client.SendNonza();
    }

    private void Next()
    {
        if (!_client.Transport.IsSecure && !MayStayPlain())
        {
            if (!_features.Tls)
            {
                _client.Fail(new ClientError(ClientErrorKind.Policy, "tls-required", "the server offers no TLS, and going on without is not allowed"), StreamError.PolicyViolation);
                return;
            }
            _client.SetState(ClientState.Securing);
            _client.Nonza().Empty("starttls", Ns.Tls);
            _client.SendNonza();
            return;
        }
        if (!_logIn.IsDone)
        {
            _logIn.Authenticate();
            return;
        }
        if (_features.Management && _options.StreamManagement && _client.Management.ResumeId != null)
        {
            _client.SetState(ClientState.Resuming);
            byte[] id = _client.Management.ResumeId;
            _client.Nonza().Start("resume", Ns.StreamManagement).Attribute("h", NumberFormat.Signed(_client.Management.Handled)).Attribute("previd", id, 0, id.Length).End();
            _client.SendNonza();
            return;
        }
        _client.SessionIsLost();
        Bind();
    }

    private bool MayStayPlain()
    {
        if (!_client.Transport.IsLoopback || _features.TlsRequired)
        {
            return false;
        }
        return _options.Plaintext == PlaintextPolicy.Loopback || _options.Plaintext == PlaintextPolicy.LoopbackWithoutTls && !_features.Tls;
    }

    private void TlsAnswered(XmlPullParser parser)
    {
        if (!parser.LocalIs("proceed"))
        {
            _client.Fail(new ClientError(ClientErrorKind.Protocol, "starttls-failure", "the server refused STARTTLS after offering it"), null);
            return;
        }
        if (_client.Reader.HasMore)
        {
            // Bytes behind <proceed/> came in clear: whoever put them there wants them read as if they came over TLS.
            _client.Fail(new ClientError(ClientErrorKind.Protocol, "starttls-injection", "the server sent more in clear after <proceed/>"), null);
            return;
        }
        _client.StartTls();
    }

    private void ResumeAnswered(XmlPullParser parser)
    {
        StreamManagement management = _client.Management;
        bool counted = StreamManagement.TryCount(parser, out uint handled);
        if (parser.LocalIs("resumed"))
        {
            if (!counted || !management.Acked(handled))
            {
                _client.Fail(new ClientError(ClientErrorKind.Protocol, "handled-count-too-high", "the server acknowledges more than was sent"), StreamError.UndefinedCondition);
                return;
            }
            management.Resend(_client.Transport);
            _client.GoOnline(true);
            return;
        }
        if (!parser.LocalIs("failed"))
        {
            Unexpected();
            return;
        }
        if (counted)
        {
            management.Acked(handled); // §5: what it had is not to be told as lost
        }
        _client.SessionIsLost();
        Bind();
    }

    internal void Bind()
    {
        if (!_features.Bind)
        {
            _client.Fail(new ClientError(ClientErrorKind.Protocol, StreamError.UnsupportedFeature, "the server offers no resource binding"), StreamError.UnsupportedFeature);
            return;
        }
        _client.SetState(ClientState.Binding);
        StanzaWriter writer = _client.Nonza();
        writer.Start("iq").Attribute("type", "set").Attribute("id", BindId).Start(BindName);
        if (_options.Resource.Length > 0)
        {
            writer.Element("resource", _options.Resource);
        }
        writer.EndTo(0);
        _client.SendNonza();
    }

    private void BindAnswered(Stanza stanza)
    {
        if (stanza.TypeIs("error"))
        {
            StanzaError error = stanza.ReadError();
            _client.Fail(new ClientError(ClientErrorKind.Binding, error.Condition, error.Text), null);
            return;
        }
        if (!stanza.TypeIs("result"))
        {
            Unexpected();
            return;
        }
        if (stanza.Id == SessionId)
        {
            Bound();
            return;
        }
        XmlPullParser parser = stanza.Id == BindId ? stanza.Open(BindName) : null;
        Jid jid = null;
        if (parser != null && parser.NextChild(parser.Depth) && parser.LocalIs("jid"))
        {
            Jid.TryParse(parser.ReadText(), out jid);
        }
        if (jid == null || jid.IsBare)
        {
            _client.Fail(new ClientError(ClientErrorKind.Protocol, StreamError.UndefinedCondition, "the server bound no full address"), StreamError.UndefinedCondition);
            return;
        }
        _client.SetBound(jid);
        if (_features.Session)
        {
            _client.Nonza().Start("iq").Attribute("type", "set").Attribute("id", SessionId).Empty("session", Ns.Session).End();
            _client.SendNonza();
            return;
        }
        Bound();
    }

    private void Bound()
    {
        if (_features.Management && _options.StreamManagement)
        {
            // Nothing waits for <enabled/>: stanzas after <enable/> are counted on both sides (XEP-0198 §3), one round trip less.
            _client.Management.EnableSent();
            _client.Nonza().Start("enable", Ns.StreamManagement).Attribute("resume", "true").End();
            _client.SendNonza();
        }
        _client.GoOnline(false);
    }

    internal void Unexpected()
    {
        _client.Fail(new ClientError(ClientErrorKind.Protocol, "unexpected", "the server sent something out of order"), StreamError.UndefinedCondition);
    }
}
