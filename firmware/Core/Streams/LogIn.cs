using IotXmpp.Sasl;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Streams;

/// <summary>
/// Authentication, by SASL2 (XEP-0388) where the server has it and by RFC 6120 §6 where not: with a token that is held, else with SCRAM. With a token the request goes out
/// right behind the stream header, so that the session is back after one round trip.
/// </summary>
internal sealed class LogIn
{
    private readonly Negotiation _negotiation;
    private readonly Connection _client;
    private readonly ClientOptions _options;
    private readonly IHash _hash;
    private readonly IRandom _random;
    private readonly ScramCache _cache;
    private readonly ISettings _settings;
    private readonly StreamFeatures _features;
    private readonly Sasl2 _sasl2;

    private FastToken _fast; // read from the settings when it is needed first
    private SaslMechanism _mechanism;
    private bool _isSasl2;
    private bool _retried;
    private bool _misled; // what is known of the server did not hold: wait for its features this time
    private byte[] _featuresHash; // of the features just read; null where it is not known

    internal LogIn(Negotiation negotiation, Connection client, ClientOptions options, IHash hash, IRandom random, ISettings settings, StreamFeatures features)
    {
        _negotiation = negotiation;
        _client = client;
        _options = options;
        _hash = hash;
        _random = random;
        _settings = settings;
        _cache = settings == null ? null : new ScramCache(settings);
        _features = features;
        _sasl2 = new Sasl2(options);
    }

    /// <summary>Whether it has succeeded on this connection.</summary>
    internal bool IsDone { get; private set; }

    /// <summary>Whether the request was sent before the server's features came.</summary>
    internal bool IsAhead { get; private set; }

    /// <summary>The namespace of what the server answers.</summary>
    internal string Namespace => _isSasl2 ? Ns.Sasl2 : Ns.Sasl;

    /// <summary>A new connection.</summary>
    internal void Begin()
    {
        _misled = IsAhead; // the last connection ended before the server had answered
        IsAhead = false;
        IsDone = false;
        _retried = false;
        _mechanism = null;
        _featuresHash = null;
        _features.Clear();
    }

    // ---- ahead of the features ----

    /// <summary>Whether a token is held that can be used at once, with what is known of the server.</summary>
    internal bool MayGoAhead()
    {
        if (IsDone || _misled || !UsesTokens() || _fast.Token == null || _fast.FeaturesHash == null || !TokenFits(_fast.Features))
        {
            return false;
        }
        _features.Take(_fast.Features);
        _mechanism = TokenMechanism();
        _isSasl2 = true;
        IsAhead = true;
        return true;
    }

    /// <summary>Writes the rest of the stream header, and the request behind it.</summary>
    internal void GoAhead(StanzaWriter writer)
    {
        writer.Attribute("xmlns:t", Ns.Thing).Attribute("t:known", _fast.FeaturesHashText());
        Request(writer, _mechanism.Initial());
    }

    /// <summary>The features came behind: an empty element says that they are the known ones (wire profile, session).</summary>
    internal void FeaturesFollow(Stanza stanza, XmlPullParser parser)
    {
        int depth = parser.Depth;
        if (!parser.NextChild(depth))
        {
            return;
        }
        parser.Rewind(stanza.Offset);
        parser.Next();
        _features.Read(parser);
        FeaturesReceived(stanza);
    }

    /// <summary>Features were read.</summary>
    internal void FeaturesReceived(Stanza stanza)
    {
        if (!IsDone && UsesTokens() && (_features.Sasl2 & (StreamFeatures.TokenUnbound | StreamFeatures.TokenEndPoint)) != 0)
        {
            byte[] bytes = new byte[stanza.Count];
            System.Array.Copy(stanza.Buffer, stanza.Offset, bytes, 0, bytes.Length);
            _featuresHash = _hash.Digest(HashName.Sha256, bytes);
        }
    }

    // ---- asking ----

    /// <summary>Begins an exchange with the best that the server offers and the options allow.</summary>
    internal void Authenticate()
    {
        byte[] binding = Binding();
        _isSasl2 = _options.Sasl2 && _client.Transport.IsSecure && _features.Sasl2 != 0;
        if (binding != null && !_features.BindingsFit(_isSasl2))
        {
            _client.Fail(new ClientError(ClientErrorKind.Policy, "channel-binding", "what the server tells of channel binding does not fit together: somebody may stand between"), StreamError.PolicyViolation);
            return;
        }
        _mechanism = _isSasl2 && UsesTokens() && _fast.Token != null && TokenFits(_features.Sasl2) ? TokenMechanism() : Password(binding);
        if (_mechanism == null)
        {
            _client.Fail(new ClientError(ClientErrorKind.Policy, "no-mechanism", "the server offers no mechanism that is allowed here"), StreamError.UnsupportedFeature);
            return;
        }
        _client.SetState(ClientState.Authenticating);
        byte[] initial = _mechanism.Initial();
        StanzaWriter writer = _client.Nonza();
        if (_isSasl2)
        {
            Request(writer, initial);
        }
        else
        {
            writer.Start("auth", Ns.Sasl).Attribute("mechanism", _mechanism.Name).Base64(initial, 0, initial.Length).End();
        }
        _client.SendNonza();
    }

    private void Request(StanzaWriter writer, byte[] initial)
    {
        FastToken fast = UsesTokens() ? _fast : null;
        string wanted = null;
        if (fast != null)
        {
            wanted = Binding() != null && (_features.Sasl2 & StreamFeatures.TokenEndPoint) != 0 ? HashedTokenMechanism.EndPoint
                : (_features.Sasl2 & StreamFeatures.TokenUnbound) != 0 ? HashedTokenMechanism.Unbound : null;
        }
        _sasl2.Write(writer, _mechanism, initial, _features.Sasl2, fast, wanted, _client.Management);
    }

    private SaslMechanism Password(byte[] binding)
    {
        int offered = _isSasl2 ? _features.Sasl2 : _features.Classic;
        if (_options.Keys != null)
        {
            // keys are of one hash, and never the password that PLAIN would need
            offered &= _options.Keys.Hash == HashName.Sha256 ? StreamFeatures.Sha256Plus | StreamFeatures.Sha256Plain : StreamFeatures.Sha1Plus | StreamFeatures.Sha1Plain;
        }
        bool plus = binding != null && (offered & (StreamFeatures.Sha256Plus | StreamFeatures.Sha1Plus)) != 0;
        int scram = offered & (plus ? StreamFeatures.Sha256Plus | StreamFeatures.Sha1Plus : StreamFeatures.Sha256Plain | StreamFeatures.Sha1Plain);
        if (scram != 0)
        {
            HashName hash = (scram & (StreamFeatures.Sha256Plus | StreamFeatures.Sha256Plain)) != 0 ? HashName.Sha256 : HashName.Sha1;
            return new ScramMechanism(hash, _hash, _random, _options, _cache, binding, plus)
            {
                OfferDigest = !_features.IsKept ? _features.Digest(_hash, hash, _isSasl2) : hash == HashName.Sha256 ? _fast.OfferDigest : null,
            };
        }
        return (offered & StreamFeatures.PlainText) != 0 && _options.AllowPlain && _client.Transport.IsSecure ? new PlainMechanism(_options.Account.Local, _options.Password) : null;
    }

    private byte[] Binding()
    {
        return _client.Transport.IsSecure ? _client.Transport.ChannelBinding : null;
    }

    // ---- tokens ----

    private bool UsesTokens()
    {
        if (!_options.Sasl2 || !_options.Tokens || _settings == null || !_client.Transport.IsSecure)
        {
            return false;
        }
        if (_fast == null)
        {
            _fast = new FastToken(_settings, _options.Account, _random);
        }
        return true;
    }

    // XEP-0484 §6: where the channel can be bound to, it is; a token without is then not used any more
    private bool TokenFits(int features)
    {
        bool canBind = Binding() != null && (features & StreamFeatures.TokenEndPoint) != 0;
        return _fast.IsBound ? canBind : !canBind && (features & StreamFeatures.TokenUnbound) != 0;
    }

    private SaslMechanism TokenMechanism()
    {
        return new HashedTokenMechanism(_hash, _options.Account.Local, _fast.Token, _fast.IsBound ? Binding() : null);
    }

    // ---- answers ----

    /// <summary>The server's word to the exchange.</summary>
    internal void Answered(XmlPullParser parser)
    {
        IsAhead = false;
        if (parser.LocalIs("failure"))
        {
            Refused(parser);
            return;
        }
        bool success = parser.LocalIs("success");
        if (!success && !parser.LocalIs("challenge"))
        {
            _negotiation.Unexpected();
            return;
        }
        bool isBroken;
        byte[] data;
        if (success && _isSasl2)
        {
            _sasl2.ReadSuccess(parser);
            data = _sasl2.Data;
            isBroken = _sasl2.IsBroken;
        }
        else
        {
            data = ReadData(parser);
            isBroken = data == null;
        }
        if (isBroken)
        {
            _client.Fail(new ClientError(ClientErrorKind.Protocol, "incorrect-encoding", "the server's SASL data is not base64"), StreamError.BadFormat);
            return;
        }
        if (!success)
        {
            Respond(data);
            return;
        }
        if (!_mechanism.Succeed(data) || !_mechanism.IsComplete)
        {
            string why = _mechanism.Failure.Length > 0 ? _mechanism.Failure : "the server did not prove that it knows the password";
            _client.Refuse(new ClientError(ClientErrorKind.Authentication, "server-not-trusted", why));
            return;
        }
        if (_isSasl2)
        {
            Succeeded();
            return;
        }
        IsDone = true;
        _mechanism = null;
        _client.Reader.Restart();
        _negotiation.OpenStream();
    }

    private byte[] ReadData(XmlPullParser parser)
    {
        string text = parser.ReadText();
        return text == "=" && !_isSasl2 ? new byte[0] : Sasl2.Decode(text);
    }

    private void Respond(byte[] challenge)
    {
        byte[] response = _mechanism.Respond(challenge);
        if (response == null)
        {
            _client.Nonza().Empty("abort", Namespace);
            _client.SendNonza();
            _client.Refuse(new ClientError(ClientErrorKind.Authentication, "server-not-trusted", _mechanism.Failure));
            return;
        }
        _client.Nonza().Start("response", Namespace).Base64(response, 0, response.Length).End();
        _client.SendNonza();
    }

    private void Refused(XmlPullParser parser)
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
            else if (!_isSasl2 || parser.NamespaceIs(Ns.Sasl))
            {
                condition = parser.LocalName;
            }
        }
        ClientError error = new ClientError(ClientErrorKind.Authentication, condition, text);
        if (condition == "temporary-auth-failure")
        {
            _client.Fail(error, null);
            return;
        }
        if (_mechanism is HashedTokenMechanism)
        {
            // XEP-0484 §4.1: the token is worth nothing any more, the password or the keys are
            _fast.Drop();
            Authenticate();
            return;
        }
        if (_mechanism.UsedCache && !_retried)
        {
            // the password was changed: the kept keys are of the old one
            _retried = true;
            _mechanism.Refused();
            Authenticate();
            return;
        }
        _client.Refuse(error);
    }

    /// <summary>SASL2 has succeeded, and all that was asked for within it is told.</summary>
    private void Succeeded()
    {
        IsDone = true;
        _mechanism = null;
        KeepToken();
        StreamManagement management = _client.Management;
        if ((_sasl2.IsResumed || _sasl2.ResumeFailed) && _sasl2.HasHandled && !management.Acked(_sasl2.Handled) || _sasl2.IsResumed && !_sasl2.HasHandled)
        {
            _client.Fail(new ClientError(ClientErrorKind.Protocol, "handled-count-too-high", "the server acknowledges more than was sent"), StreamError.UndefinedCondition);
            return;
        }
        if (_sasl2.IsResumed)
        {
            if (management.ResumeId == null)
            {
                _negotiation.Unexpected();
                return;
            }
            _features.Clear();
            management.Resend(_client.Transport);
            _client.GoOnline(true);
            return;
        }
        if (!_sasl2.IsBound)
        {
            if (_sasl2.ResumeFailed)
            {
                _client.SessionIsLost();
            }
            _client.SetState(ClientState.Opening); // the features of the stream that goes on are next
            return;
        }
        _client.SessionIsLost();
        if (_sasl2.Jid == null || _sasl2.Jid.IsBare)
        {
            _client.Fail(new ClientError(ClientErrorKind.Protocol, StreamError.UndefinedCondition, "the server bound no full address"), StreamError.UndefinedCondition);
            return;
        }
        _client.SetBound(_sasl2.Jid);
        if (_sasl2.IsEnabled)
        {
            management.EnableSent();
            management.Enabled(_sasl2.ResumeId == null ? null : Utf8.Encode(_sasl2.ResumeId));
        }
        _features.Clear();
        _client.GoOnline(false);
    }

    private void KeepToken()
    {
        if (!UsesTokens())
        {
            return;
        }
        if (_sasl2.Token != null)
        {
            bool isBound = Binding() != null && (_features.Sasl2 & StreamFeatures.TokenEndPoint) != 0;
            _fast.Keep(Utf8.Encode(_sasl2.Token), isBound);
        }
        // only where SCRAM-SHA-256 can follow a token that was refused: its hash of the offer is the one that is kept
        if (_fast.Token != null && _featuresHash != null && (_features.Sasl2 & (StreamFeatures.Sha256Plus | StreamFeatures.Sha256Plain)) != 0)
        {
            byte[] hash = new byte[FastToken.HashBytes];
            System.Array.Copy(_featuresHash, 0, hash, 0, hash.Length);
            _fast.Remember(_features.Sasl2, hash, _features.Digest(_hash, HashName.Sha256, true));
        }
    }
}
