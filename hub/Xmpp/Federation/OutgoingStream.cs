using System.Net.Security;
using System.Text;
using IotXmpp.Hub.Peers;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.AspNetCore.Connections;

namespace IotXmpp.Hub.Federation;

/// <summary>
/// A stream that the hub opens to another server, for one pair of domains: TLS, then SASL EXTERNAL or dialback, then stanzas. Or, with a question, to have a
/// dialback key verified, and nothing else.
/// </summary>
internal sealed class OutgoingStream(FederationHost host, ConnectionContext connection, string local, string remote, bool directTls, DialbackQuestion? question) : ServerStream(host, connection)
{
    private readonly TaskCompletionSource<StreamOutcome> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _id;
    private bool _headerHasDialback;
    private bool _featuresHaveDialback;
    private bool _askedTls;
    private bool _askedBidi;
    private bool _askedDialback;
    private bool _authenticated;
    private bool _offersAcks;
    private Proof _proof;
    private RemoteLink? _link;

    private enum Proof : byte
    {
        None,
        Sasl,
        SaslDone,
        SaslFailed,
    }

    /// <summary>Ends when the stream may be used, the key was verified, or when neither will be.</summary>
    public Task<StreamOutcome> Outcome => _outcome.Task;

    public override string? Name => remote;

    public override bool IsAuthenticated => _authenticated;

    protected override void Begin()
    {
        base.Begin();
        using var xml = new XmlBuilder();
        WriteHeader(xml);
        HeaderSent = true;
        Send(xml);
    }

    protected override void WriteHeader(XmlBuilder xml) => WriteHeader(xml, null, local, remote);

    protected override ValueTask<SslStream?> HandshakeAsync() => Servers.Tls.ConnectAsync(Connection, remote, directTls, Shown);

    protected override void Opened(PeerHeader header)
    {
        if (header.Error is { } error)
        {
            Fail(error);
            return;
        }

        State = StreamState.Authenticating;
        _id = header.Id;
        _headerHasDialback = header.HasDialback;
        if (!header.IsVersion1)
        {
            // Before XMPP 1.0 there were neither features nor TLS.
            Authenticate(external: false);
        }
    }

    protected override async ValueTask HandleNonzaAsync(Element element)
    {
        switch (element.Namespace)
        {
            case Ns.Stream when element.Name == "features":
                Negotiate(element);
                break;
            case Ns.Tls when element.Name == "proceed" && _askedTls && !IsEncrypted:
                BeginTls();
                break;
            case Ns.Tls when element.Name == "failure":
                Give(StanzaError.RemoteServerTimeout.With("The server cannot do TLS."), isFinal: false);
                Finish();
                break;
            case Ns.Sasl when _proof == Proof.Sasl:
                Sasl(element);
                break;
            case Dialback.Namespace:
                HandleDialback(element);
                break;
            case Ns.StreamManagement:
                HandleAcks(element);
                break;
            default:
                Fail("unsupported-stanza-type");
                break;
        }

        await ValueTask.CompletedTask.ConfigureAwait(false);
    }

    protected override string? Refusal(string from, string to) => !_authenticated || question is not null ? "not-authorized"
        : from != remote ? "invalid-from"
        : _askedBidi && to == local ? null : "not-authorized";

    protected override void Ended()
    {
        Give(Error == "host-unknown" ? StanzaError.RemoteServerNotFound : StanzaError.RemoteServerTimeout, isFinal: Error == "host-unknown");
        _link?.Detach(this);
        base.Ended();
    }

    private void Negotiate(Element features)
    {
        if (!IsEncrypted)
        {
            if (features.Child("starttls", Ns.Tls) is not null)
            {
                _askedTls = true;
                using var xml = new XmlBuilder();
                Send(xml.Empty("starttls"u8, Ns.Tls));
                return;
            }

            if (!IsSecureEnough)
            {
                Give(StanzaError.RemoteServerTimeout.With("The server offers no TLS."), isFinal: false);
                Finish();
                return;
            }
        }
        else if (Servers.Federation.RequireCertificate && !Servers.Certificates.Prove(Shown, remote))
        {
            FederationLog.NotProven(Servers.Log, Peer, remote, "its certificate", "it does not name the domain, or nobody trusted has issued it");
            Give(StanzaError.RemoteServerTimeout.With("The server's certificate is not good for its domain."), isFinal: true);
            Finish();
            return;
        }

        _offersAcks = OffersAcks(features);
        if (_proof == Proof.SaslDone)
        {
            Established("SASL EXTERNAL");
            return;
        }

        _featuresHaveDialback = features.Child("dialback", Dialback.Feature) is not null;
        if (question is null && Servers.Federation.Bidirectional && features.Child("bidi", BidiFeature) is not null && !_askedBidi)
        {
            _askedBidi = true;
            using var xml = new XmlBuilder();
            Send(xml.Empty("bidi"u8, Bidi));
        }

        Authenticate(IsEncrypted && (features.Child("mechanisms", Ns.Sasl)?.Children.Any(m => m.Name == "mechanism" && m.Text.Trim() == "EXTERNAL") ?? false));
    }

    private void Authenticate(bool external)
    {
        using var xml = new XmlBuilder();
        if (question is not null)
        {
            Dialback.Write(xml, "db:verify"u8, question.Receiving, question.Originating, question.StreamId, null, question.Key);
        }
        else if (external && _proof == Proof.None)
        {
            _proof = Proof.Sasl;
            // XEP-0178 §3: the domain is said again, since a certificate may name several.
            xml.Open("auth"u8, Ns.Sasl).Attribute("mechanism"u8, "EXTERNAL"u8).Text(Convert.ToBase64String(Encoding.UTF8.GetBytes(local))).Close("auth"u8);
        }
        else if (Servers.Federation.Dialback && IsSecureEnough && _id is not null && (_headerHasDialback || _featuresHaveDialback) && !_askedDialback)
        {
            _askedDialback = true;
            Dialback.Write(xml, "db:result"u8, local, remote, null, null, Servers.Dialback.KeyFor(remote, local, _id));
        }
        else
        {
            Give(StanzaError.RemoteServerTimeout.With("There is no way to authenticate that both servers know."), isFinal: true);
            Finish();
            return;
        }

        Send(xml);
    }

    private void Sasl(Element element)
    {
        switch (element.Name)
        {
            case "success":
                _proof = Proof.SaslDone;
                Restart();
                Begin();
                break;
            case "challenge":
                using (var xml = new XmlBuilder())
                {
                    Send(xml.Open("response"u8, Ns.Sasl).Text(Convert.ToBase64String(Encoding.UTF8.GetBytes(local))).Close("response"u8));
                }

                break;
            default:
                // XEP-0178 §3, step 11: dialback may still do.
                _proof = Proof.SaslFailed;
                FederationLog.NotProven(Servers.Log, Peer, local, "SASL EXTERNAL at the other server", element.FirstChild?.Name ?? "failure");
                Authenticate(external: false);
                break;
        }
    }

    private void HandleDialback(Element element)
    {
        // XEP-0220 §2.1.1, §2.2.1: an answer counts only where it was asked for, on this stream, for these domains.
        if (element.Name == "result" && _askedDialback && !_authenticated && element["from"] == remote && element["to"] == local)
        {
            switch (element["type"])
            {
                case "valid":
                    Established("dialback");
                    return;
                case "invalid":
                    Give(StanzaError.InternalServerError.With("The other server does not take this one for what it is."), isFinal: true);
                    Finish();
                    return;
                case "error":
                    Give(StanzaError.RemoteServerTimeout.With("Dialback: " + (Condition(element) ?? "error")), isFinal: true);
                    Finish();
                    return;
            }
        }
        else if (element.Name == "verify" && question is not null && !_outcome.Task.IsCompleted && element["from"] == question.Originating && element["to"] == question.Receiving && element["id"] == question.StreamId)
        {
            Give(element["type"] switch
            {
                "valid" => null,
                "invalid" => StanzaError.Forbidden,
                _ => Condition(element) == "item-not-found" ? StanzaError.RemoteServerNotFound : StanzaError.RemoteServerTimeout,
            }, isFinal: true);
            Finish();
            return;
        }
        else if (element.Name == "verify" && element["type"] is null && _askedBidi)
        {
            AnswerVerify(element);
            return;
        }
        else if (element.Name == "result" && element["type"] is null && _askedBidi && element["from"] is { } from && element["to"] is { } to)
        {
            // XEP-0288 §2 lets it ask for more pairs; it may as well open a stream for them.
            using var xml = new XmlBuilder();
            Dialback.Write(xml, "db:result"u8, to, from, null, "error", error: StanzaError.ResourceConstraint);
            Send(xml);
            return;
        }

        Fail("policy-violation", "Nothing of the kind was asked for.");
    }

    private static string? Condition(Element element) => element.Child("error", Ns.Client)?.Children.FirstOrDefault(c => c.Namespace == Ns.StanzaErrors && c.Name != "text")?.Name;

    private void Established(string way)
    {
        _authenticated = true;
        State = StreamState.Bound;
        Trust();
        if (_offersAcks)
        {
            AskForAcks();
        }

        _link = Servers.Link(local, remote);
        _link?.Attach(this, way);
        Give(null, isFinal: true);
    }

    private void Give(StanzaError? error, bool isFinal) => _outcome.TrySetResult(new StreamOutcome(error, isFinal));
}
