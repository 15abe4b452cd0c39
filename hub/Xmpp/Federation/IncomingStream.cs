using System.Net.Security;
using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Peers;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.AspNetCore.Connections;

namespace IotXmpp.Hub.Federation;

/// <summary>
/// A stream that another server has opened: it proves a domain by SASL EXTERNAL (RFC 6120 §13.7.2, XEP-0178 §3) or pairs of domains by dialback (XEP-0220), and
/// may then send stanzas from there.
/// </summary>
internal sealed class IncomingStream(FederationHost host, ConnectionContext connection) : ServerStream(host, connection)
{
    /// <summary>Pairs that one stream may prove by dialback (50): as many as a server with all its services has with all of ours.</summary>
    private const int MaxPairs = 50;

    /// <summary>Attempts at SASL that one stream has (3).</summary>
    private const int MaxAttempts = 3;

    // Also read by verifications, which run beside the stream.
    private readonly HashSet<(string Remote, string Local)> _pairs = [];
    private readonly List<RemoteLink> _links = [];
    private string _id = string.Empty;
    private string? _to;
    private string? _from;
    private string? _external;
    private bool _bidi;
    private bool _challenged;
    private int _attempts;
    private int _verifications;

    public override string? Name => _external ?? _from;

    public override bool IsAuthenticated => State == StreamState.Bound || _external is not null;

    protected override void Opened(PeerHeader header)
    {
        _to = header.To;
        _from = header.From ?? _external;
        _id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
        string? error = header.Error
            ?? (_to is not null && !Servers.Serves(_to) ? "host-unknown" : null)
            ?? (_from is not null && Servers.Serves(_from) ? "invalid-from" : null)
            ?? (_from is not null && !Servers.Allows(_from) ? "policy-violation" : null)
            // RFC 6120 §6.4.6: the stream that follows SASL is of the domain that was proven.
            ?? (_external is not null && _from != _external ? "invalid-from" : null)
            ?? (!header.IsVersion1 && !IsSecureEnough ? "unsupported-version" : null);
        if (error is not null)
        {
            Fail(error);
            return;
        }

        State = !IsSecureEnough ? StreamState.Securing : _external is null ? StreamState.Authenticating : StreamState.Bound;
        using var xml = new XmlBuilder();
        WriteHeader(xml);
        HeaderSent = true;
        if (header.IsVersion1)
        {
            WriteFeatures(xml);
        }

        Send(xml);
        if (_external is not null && _bidi && _to is not null)
        {
            Return(_external, _to, "SASL EXTERNAL, both ways");
        }
    }

    protected override void WriteHeader(XmlBuilder xml) => WriteHeader(xml, _id.Length > 0 ? _id : null, _to ?? Servers.Hub.Domain.Domain, _from);

    protected override ValueTask<SslStream?> HandshakeAsync() => Servers.Tls.AcceptAsync(Connection, Shown);

    protected override ValueTask HandleNonzaAsync(Element element)
    {
        switch (element.Namespace)
        {
            case Ns.Tls:
                StartTls(element);
                break;
            case Ns.Sasl:
                Sasl(element);
                break;
            case Bidi when element.Name == "bidi" && !IsAuthenticated && IsSecureEnough && Servers.Federation.Bidirectional:
                _bidi = true;
                break;
            case Dialback.Namespace when element.Name == "verify" && element["type"] is null:
                AnswerVerify(element);
                break;
            case Dialback.Namespace when element.Name == "result" && element["type"] is null:
                Result(element);
                break;
            case Dialback.Namespace:
                Fail("policy-violation", "Nothing of the kind was asked for.");
                break;
            case Ns.StreamManagement:
                HandleAcks(element);
                break;
            default:
                Fail("unsupported-stanza-type");
                break;
        }

        return default;
    }

    protected override string? Refusal(string from, string to)
    {
        if (!IsAuthenticated)
        {
            return "not-authorized";
        }

        if (from == _external)
        {
            return Servers.Serves(to) ? null : "host-unknown";
        }

        lock (_pairs)
        {
            return _pairs.Contains((from, to)) ? null
                : !_pairs.Any(pair => pair.Remote == from) ? "invalid-from"
                : Servers.Serves(to) ? "not-authorized" : "host-unknown";
        }
    }

    protected override void Ended()
    {
        RemoteLink[] links;
        lock (_pairs)
        {
            links = [.. _links];
            _links.Clear();
        }

        foreach (RemoteLink link in links)
        {
            link.Detach(this);
        }

        base.Ended();
    }

    private void WriteFeatures(XmlBuilder xml)
    {
        xml.Open("stream:features"u8);
        if (!IsEncrypted)
        {
            xml.Open("starttls"u8, Ns.Tls);
            if (!IsSecureEnough)
            {
                xml.Empty("required"u8);
            }

            xml.Close("starttls"u8);
        }

        if (_external is null && IsEncrypted && _from is not null && Servers.Certificates.Prove(Shown, _from))
        {
            xml.Open("mechanisms"u8, Ns.Sasl).Text("mechanism"u8, "EXTERNAL").Close("mechanisms"u8);
        }

        if (Servers.Federation.Dialback && IsSecureEnough)
        {
            xml.Open("dialback"u8, Dialback.Feature).Empty("errors"u8).Close("dialback"u8);
        }

        if (_external is null && Servers.Federation.Bidirectional)
        {
            xml.Empty("bidi"u8, BidiFeature);
        }

        if (_external is not null || (Servers.Federation.Dialback && IsSecureEnough))
        {
            WriteAcksFeature(xml);
        }

        xml.Close("stream:features"u8);
    }

    private void StartTls(Element element)
    {
        using var xml = new XmlBuilder();
        if (IsEncrypted || IsAuthenticated || element.Name != "starttls")
        {
            // RFC 6120 §5.4.2.2: failure ends the stream.
            Send(xml.Empty("failure"u8, Ns.Tls));
            Finish();
            return;
        }

        Send(xml.Empty("proceed"u8, Ns.Tls));
        BeginTls();
    }

    private void Sasl(Element element)
    {
        using var xml = new XmlBuilder();
        if (!IsEncrypted)
        {
            Refuse("encryption-required");
            return;
        }

        if (IsAuthenticated)
        {
            Fail("not-authorized");
            return;
        }

        string text = element.Text.Trim();
        switch (element.Name)
        {
            case "auth" when element["mechanism"] != "EXTERNAL":
                Refuse("invalid-mechanism");
                return;
            case "auth" when text.Length == 0:
                _challenged = true;
                Send(xml.Open("challenge"u8, Ns.Sasl).Text("=").Close("challenge"u8));
                return;
            case "response" when !_challenged:
            case not ("auth" or "response"):
                Refuse("malformed-request");
                return;
        }

        _challenged = false;
        byte[] bytes = new byte[text.Length];
        if (text is not ("=" or "") && !Convert.TryFromBase64String(text, bytes, out _))
        {
            Refuse("incorrect-encoding");
            return;
        }

        string asserted = text is "=" or "" ? string.Empty : Encoding.UTF8.GetString(Convert.FromBase64String(text));
        // XEP-0178 §3, step 10: who says another name in the start tag than here gets neither.
        if (_from is null || (asserted.Length > 0 && (!JidPrep.TryDomainpart(asserted, out string? domain) || domain != _from)))
        {
            Refuse("invalid-authzid");
            return;
        }

        if (!Servers.Certificates.Prove(Shown, _from))
        {
            FederationLog.NotProven(Servers.Log, Peer, _from, "its certificate", "it does not name the domain, or nobody trusted has issued it");
            Refuse("not-authorized");
            return;
        }

        FederationLog.Proven(Servers.Log, _from, "SASL EXTERNAL", Peer);
        Send(xml.Empty("success"u8, Ns.Sasl));
        _external = _from;
        Trust();
        Restart();
    }

    private void Refuse(string condition)
    {
        using var xml = new XmlBuilder();
        Send(xml.Open("failure"u8, Ns.Sasl).Empty(Encoding.UTF8.GetBytes(condition)).Close("failure"u8));
        if (++_attempts >= MaxAttempts)
        {
            Fail("policy-violation", "Too many failed attempts to authenticate.");
        }
    }

    // XEP-0220 §2.2.1: the peer says that it is a domain, and shall be asked there.
    private void Result(Element element)
    {
        if (!JidPrep.TryDomainpart(element["from"] ?? string.Empty, out string? remote) || !JidPrep.TryDomainpart(element["to"] ?? string.Empty, out string? local))
        {
            Fail("improper-addressing");
            return;
        }

        StanzaError? error = !IsSecureEnough ? StanzaError.PolicyViolation.With("TLS is required.")
            : !Servers.Serves(local) ? StanzaError.ItemNotFound
            : !Servers.Allows(remote) ? StanzaError.NotAllowed
            : !Servers.Federation.Dialback || (Servers.Federation.RequireCertificate && !Servers.Certificates.Prove(Shown, remote)) ? StanzaError.NotAuthorized
            : null;
        if (error is null)
        {
            lock (_pairs)
            {
                if (_pairs.Count + _verifications >= MaxPairs)
                {
                    error = StanzaError.ResourceConstraint;
                }
                else
                {
                    _verifications++;
                }
            }
        }

        if (error is not null)
        {
            Answer(remote, local, "error", error);
            return;
        }

        // Beside the stream: pairs that are proven go on meanwhile (§2.2.1).
        _ = VerifyAsync(new DialbackQuestion(local, remote, _id, element.Text.Trim()));
    }

    private async Task VerifyAsync(DialbackQuestion question)
    {
        StreamOutcome outcome;
        try
        {
            outcome = await Servers.VerifyAsync(question).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return; // the hub stops
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            FederationLog.Broken(Servers.Log, e, question.Receiving, question.Originating);
            outcome = new StreamOutcome(StanzaError.InternalServerError);
        }

        lock (_pairs)
        {
            _verifications--;
            if (outcome.Error is null && State != StreamState.Closed)
            {
                _pairs.Add((question.Originating, question.Receiving));
                if (State != StreamState.Bound)
                {
                    State = StreamState.Bound;
                    Trust();
                }
            }
        }

        if (State == StreamState.Closed)
        {
            return;
        }

        if (outcome.Error is null)
        {
            FederationLog.Proven(Servers.Log, question.Originating, "dialback", Peer);
            Answer(question.Originating, question.Receiving, "valid", null);
            if (_bidi)
            {
                Return(question.Originating, question.Receiving, "dialback, both ways");
            }

            return;
        }

        FederationLog.NotProven(Servers.Log, Peer, question.Originating, "dialback", outcome.Error.Condition);
        bool isLie = outcome.Error == StanzaError.Forbidden;
        Answer(question.Originating, question.Receiving, isLie ? "invalid" : "error", isLie ? null : outcome.Error);
        if (isLie && !IsAuthenticated)
        {
            Finish();
        }
    }

    private void Answer(string remote, string local, string type, StanzaError? error)
    {
        using var xml = new XmlBuilder();
        Dialback.Write(xml, "db:result"u8, local, remote, null, type, error: error);
        Send(xml);
    }

    // XEP-0288 §2: what the hub has for the domain that was proven goes by this stream.
    private void Return(string remote, string local, string way)
    {
        if (Servers.Link(local, remote) is { } link)
        {
            lock (_pairs)
            {
                _links.Add(link);
            }

            link.Attach(this, way);
        }
    }
}
