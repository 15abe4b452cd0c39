using IotXmpp.Sasl;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Streams;

/// <summary>From the first stream header to a bound or resumed session (RFC 6120 §4–7, XEP-0198 §3 and §5). Each step is one method, named after what the server has sent.</summary>
internal sealed class Negotiation
{
    private static readonly XmlName Features = new XmlName(Ns.Stream, "features");
    private static readonly XmlName StartTls = new XmlName(Ns.Tls, "starttls");
    private static readonly XmlName Mechanisms = new XmlName(Ns.Sasl, "mechanisms");
    private static readonly XmlName BindName = new XmlName(Ns.Bind, "bind");
    private static readonly XmlName SessionName = new XmlName(Ns.Session, "session");
    private static readonly XmlName Management = new XmlName(Ns.StreamManagement, "sm");
    private const string BindId = "bind";
    private const string SessionId = "session";

    private readonly Connection _client;
    private readonly ClientOptions _options;
    private readonly IHash _hash;
    private readonly IRandom _random;
    private readonly ScramCache _cache;

    private SaslMechanism _mechanism;
    private bool _authenticated;
    private bool _retried;

    // what the last features offered
    private bool _tls;
    private bool _tlsRequired;
    private bool _session;
    private bool _management;
    private bool _bind;
    private int _offered;

    private const int Sha256Plus = 1;
    private const int Sha1Plus = 2;
    private const int Sha256Plain = 4;
    private const int Sha1Plain = 8;
    private const int PlainText = 16;

    internal Negotiation(Connection client, ClientOptions options, IHash hash, IRandom random, ISettings settings)
    {
        _client = client;
        _options = options;
        _hash = hash;
        _random = random;
        _cache = settings == null ? null : new ScramCache(settings);
    }

    /// <summary>The transport is connected.</summary>
    internal void Begin()
    {
        _authenticated = false;
        _retried = false;
        _mechanism = null;
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
            case ClientState.Opening when parser.Is(Features):
                ReadFeatures(parser);
                Next();
                return;
            case ClientState.Securing when parser.NamespaceIs(Ns.Tls):
                TlsAnswered(parser);
                return;
            case ClientState.Authenticating when parser.NamespaceIs(Ns.Sasl):
                SaslAnswered(parser);
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

    private void OpenStream()
    {
        _client.SetState(ClientState.Opening);
        StanzaWriter writer = _client.Nonza();
        writer.Start("stream:stream").Attribute("xmlns", Ns.Client).Attribute("xmlns:stream", Ns.Stream)
            .Attribute("to", _options.Account.Domain).Attribute("version", "1.0").CloseTag();
        _client.SendNonza();
    }

    private void ReadFeatures(XmlPullParser parser)
    {
        _tls = false;
        _tlsRequired = false;
        _session = false;
        _management = false;
        _bind = false;
        _offered = 0;
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            if (parser.Is(StartTls))
            {
                _tls = true;
                _tlsRequired = HasChild(parser, "required");
            }
            else if (parser.Is(Mechanisms))
            {
                int inner = parser.Depth;
                while (parser.NextChild(inner))
                {
                    _offered |= Mechanism(parser.ReadText());
                }
            }
            else if (parser.Is(BindName))
            {
                _bind = true;
            }
            else if (parser.Is(SessionName))
            {
                _session = !HasChild(parser, "optional"); // servers that want what RFC 6121 §1.4 dropped
            }
            else if (parser.Is(Management))
            {
                _management = true;
            }
        }
    }

    private void Next()
    {
        if (!_client.Transport.IsSecure && !MayStayPlain())
        {
            if (!_tls)
            {
                _client.Fail(new ClientError(ClientErrorKind.Policy, "tls-required", "the server offers no TLS, and going on without is not allowed"), StreamError.PolicyViolation);
                return;
            }
            _client.SetState(ClientState.Securing);
            _client.Nonza().Empty("starttls", Ns.Tls);
            _client.SendNonza();
            return;
        }
        if (!_authenticated)
        {
            Authenticate();
            return;
        }
        if (_management && _options.StreamManagement && _client.Management.ResumeId != null)
        {
            _client.SetState(ClientState.Resuming);
            byte[] id = _client.Management.ResumeId;
            _client.Nonza().Start("resume", Ns.StreamManagement).Attribute("h", (long)_client.Management.Handled).Attribute("previd", id, 0, id.Length).End();
            _client.SendNonza();
            return;
        }
        _client.SessionIsLost();
        Bind();
    }

    private bool MayStayPlain()
    {
        if (!_client.Transport.IsLoopback || _tlsRequired)
        {
            return false;
        }
        return _options.Plaintext == PlaintextPolicy.Loopback || _options.Plaintext == PlaintextPolicy.LoopbackWithoutTls && !_tls;
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

    private void Authenticate()
    {
        byte[] binding = _client.Transport.IsSecure ? _client.Transport.ChannelBinding : null;
        if (_options.Keys != null)
        {
            // keys are of one hash, and never the password that PLAIN would need
            _offered &= _options.Keys.Hash == HashName.Sha256 ? Sha256Plus | Sha256Plain : Sha1Plus | Sha1Plain;
        }
        if (binding != null && (_offered & (Sha256Plus | Sha1Plus)) != 0)
        {
            _mechanism = Scram((_offered & Sha256Plus) != 0 ? HashName.Sha256 : HashName.Sha1, binding, true);
        }
        else if ((_offered & (Sha256Plain | Sha1Plain)) != 0)
        {
            _mechanism = Scram((_offered & Sha256Plain) != 0 ? HashName.Sha256 : HashName.Sha1, binding, false);
        }
        else if ((_offered & PlainText) != 0 && _options.AllowPlain && _client.Transport.IsSecure)
        {
            _mechanism = new PlainMechanism(_options.Account.Local, _options.Password);
        }
        else
        {
            _client.Fail(new ClientError(ClientErrorKind.Policy, "no-mechanism", "the server offers no mechanism that is allowed here"), StreamError.UnsupportedFeature);
            return;
        }
        _client.SetState(ClientState.Authenticating);
        byte[] initial = _mechanism.Initial();
        _client.Nonza().Start("auth", Ns.Sasl).Attribute("mechanism", _mechanism.Name).Base64(initial, 0, initial.Length).End();
        _client.SendNonza();
    }

    private ScramMechanism Scram(HashName hash, byte[] binding, bool plus)
    {
        return new ScramMechanism(hash, _hash, _random, _options, _cache, binding, plus);
    }

    private void SaslAnswered(XmlPullParser parser)
    {
        if (parser.LocalIs("failure"))
        {
            SaslRefused(parser);
            return;
        }
        bool success = parser.LocalIs("success");
        if (!success && !parser.LocalIs("challenge"))
        {
            Unexpected();
            return;
        }
        byte[] text = Utf8.Encode(parser.ReadText());
        byte[] data = text.Length == 1 && text[0] == '=' ? new byte[0] : Base64.Decode(text, 0, text.Length);
        if (data == null)
        {
            _client.Fail(new ClientError(ClientErrorKind.Protocol, "incorrect-encoding", "the server's SASL data is not base64"), StreamError.BadFormat);
            return;
        }
        if (!success)
        {
            byte[] response = _mechanism.Respond(data);
            if (response == null)
            {
                _client.Nonza().Empty("abort", Ns.Sasl);
                _client.SendNonza();
                _client.Refuse(new ClientError(ClientErrorKind.Authentication, "server-not-trusted", _mechanism.Failure));
                return;
            }
            _client.Nonza().Start("response", Ns.Sasl).Base64(response, 0, response.Length).End();
            _client.SendNonza();
            return;
        }
        if (!_mechanism.Succeed(data) || !_mechanism.IsComplete)
        {
            string why = _mechanism.Failure.Length > 0 ? _mechanism.Failure : "the server did not prove that it knows the password";
            _client.Refuse(new ClientError(ClientErrorKind.Authentication, "server-not-trusted", why));
            return;
        }
        _authenticated = true;
        _mechanism = null;
        _client.Reader.Restart();
        OpenStream();
    }

    private void SaslRefused(XmlPullParser parser)
    {
        string condition = "not-authorized";
        string text = string.Empty;
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            if (parser.LocalIs("text"))
            {
                text = parser.ReadText();
            }
            else
            {
                condition = parser.LocalName;
            }
        }
        if (_mechanism.UsedCache && !_retried)
        {
            // the password was changed: the kept keys are of the old one
            _retried = true;
            _mechanism.Refused();
            Authenticate();
            return;
        }
        ClientError error = new ClientError(ClientErrorKind.Authentication, condition, text);
        if (condition == "temporary-auth-failure")
        {
            _client.Fail(error, null);
            return;
        }
        _client.Refuse(error);
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

    private void Bind()
    {
        if (!_bind)
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
        if (_session)
        {
            _client.Nonza().Start("iq").Attribute("type", "set").Attribute("id", SessionId).Empty("session", Ns.Session).End();
            _client.SendNonza();
            return;
        }
        Bound();
    }

    private void Bound()
    {
        if (_management && _options.StreamManagement)
        {
            // Nothing waits for <enabled/>: stanzas after <enable/> are counted on both sides (XEP-0198 §3), one round trip less.
            _client.Management.EnableSent();
            _client.Nonza().Start("enable", Ns.StreamManagement).Attribute("resume", "true").End();
            _client.SendNonza();
        }
        _client.GoOnline(false);
    }

    private void Unexpected()
    {
        _client.Fail(new ClientError(ClientErrorKind.Protocol, "unexpected", "the server sent something out of order"), StreamError.UndefinedCondition);
    }

    private static bool HasChild(XmlPullParser parser, string name)
    {
        bool found = false;
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            found |= parser.LocalIs(name);
        }
        return found;
    }

    private static int Mechanism(string name)
    {
        switch (name)
        {
            case "SCRAM-SHA-256-PLUS": return Sha256Plus;
            case "SCRAM-SHA-1-PLUS": return Sha1Plus;
            case "SCRAM-SHA-256": return Sha256Plain;
            case "SCRAM-SHA-1": return Sha1Plain;
            case "PLAIN": return PlainText;
            default: return 0;
        }
    }
}
