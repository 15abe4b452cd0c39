using System.Globalization;
using IotXmpp.Hub.Peers;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.AspNetCore.Connections;

namespace IotXmpp.Hub.Federation;

/// <summary>What streams with other servers have in common, whoever opened them.</summary>
internal abstract class ServerStream : PeerStream
{
    private readonly FederationHost _host;
    private readonly ServerAcks _acks;
    private bool _askedAcks;

    protected ServerStream(FederationHost host, ConnectionContext connection)
        : base(host, connection, Ns.Server)
    {
        _host = host;
        _acks = new ServerAcks(this, host.Federation);
    }

    /// <summary>The namespace that turns on use in both directions (XEP-0288 §2).</summary>
    protected const string Bidi = "urn:xmpp:bidi";

    /// <summary>The namespace of its stream feature.</summary>
    protected const string BidiFeature = "urn:xmpp:features:bidi";

    protected FederationHost Servers => _host;

    /// <summary>What the peer has shown in the TLS handshake.</summary>
    protected ShownCertificate Shown { get; } = new();

    /// <summary>Whether TLS is there, or settings make do without.</summary>
    protected bool IsSecureEnough => IsEncrypted || !_host.Federation.RequireTls;

    protected override int IdleSeconds => _host.Federation.IdleSeconds;

    /// <inheritdoc/>
    public override bool HasUnacked => !_acks.IsEmpty;

    /// <summary>Sends a stanza and keeps it until it is acknowledged, where both sides do that (XEP-0198).</summary>
    /// <param name="stanza">The stanza.</param>
    /// <param name="always">Whether it may exceed the bound.</param>
    public SendOutcome Send(SentStanza stanza, bool always = false) => _acks.Send(stanza, always, _host.Now);

    /// <inheritdoc/>
    public override void Watch(long now)
    {
        base.Watch(now);
        if (_acks.IsOverdue(now))
        {
            FederationLog.NoAcks(_host.Log, Name, Peer);
            Connection.Abort(new ConnectionAbortedException("The peer acknowledges nothing."));
        }
    }

    /// <summary>Whether stanzas between two domains may come on this stream; if not, the stream error.</summary>
    protected abstract string? Refusal(string from, string to);

    /// <summary>A start tag of the hub.</summary>
    protected static void WriteHeader(XmlBuilder xml, string? id, string from, string? to)
    {
        xml.Raw("<?xml version='1.0'?>"u8);
        xml.Open("stream:stream"u8, Ns.Server).Attribute("xmlns:stream"u8, Ns.Stream).Attribute("xmlns:db"u8, Dialback.Namespace).Attribute("id"u8, id)
            .Attribute("from"u8, from).Attribute("to"u8, to).Attribute("version"u8, "1.0"u8).Attribute("xml:lang"u8, "en"u8);
        // An empty text ends the tag: the stream stays open.
        xml.Text(string.Empty);
    }

    protected override ValueTask HandleStanzaAsync(Stanza stanza, ReadOnlyMemory<byte> bytes, Range to, Range from)
    {
        // RFC 6120 §8.1.1.2 and §8.1.2.2: between servers both addresses are required.
        if (to.Equals(default) || from.Equals(default))
        {
            StanzaPool.Return(stanza);
            Fail(IsAuthenticated ? "improper-addressing" : "not-authorized");
            return default;
        }

        if (!TryAddress(bytes.Span[from], out Jid? sender))
        {
            StanzaPool.Return(stanza);
            Fail(IsAuthenticated ? "invalid-from" : "not-authorized");
            return default;
        }

        bool isAddress = TryAddress(bytes.Span[to], out Jid? addressee);
        // What is sent to no address comes from somebody all the same: he must be one who may speak here.
        if (Refusal(sender.Domain, addressee?.Domain ?? _host.Hub.Domain.Domain) is { } refusal)
        {
            StanzaPool.Return(stanza);
            Fail(refusal);
            return default;
        }

        if (isAddress)
        {
            ValueTask routed = RouteAsync(stanza, sender, addressee!);
            if (!routed.IsCompletedSuccessfully)
            {
                return CountAsync(routed);
            }
        }
        else
        {
            stanza.From = sender;
            stanza.To = _host.Hub.Domain;
            _host.Hub.Router.Bounce(stanza, StanzaError.JidMalformed);
        }

        _acks.CountReceived();
        return default;
    }

    /// <summary>Offers stream management in the features (XEP-0198 §2). For dialback there are no others than those before it.</summary>
    protected static void WriteAcksFeature(XmlBuilder xml) => xml.Empty("sm"u8, Ns.StreamManagement);

    /// <summary>Whether features offer stream management.</summary>
    protected static bool OffersAcks(Element features) => features.Child("sm", Ns.StreamManagement) is not null;

    /// <summary>Asks the other server for stream management; what is sent behind counts.</summary>
    protected void AskForAcks()
    {
        _askedAcks = true;
        _acks.Start("<enable xmlns='urn:xmpp:sm:3'/>"u8);
    }

    /// <summary>An element of stream management has come.</summary>
    protected void HandleAcks(Element element)
    {
        using var xml = new XmlBuilder();
        switch (element.Name)
        {
            case "enable" when IsAuthenticated && !_acks.IsOn:
                _acks.Start("<enabled xmlns='urn:xmpp:sm:3'/>"u8);
                break;
            case "enable":
                StreamManagementFeature.WriteFailed(xml, new ResumeFailure("unexpected-request"));
                Send(xml);
                break;
            case "resume":
                // Streams between servers are not resumed: what was lost goes back to who has sent it.
                StreamManagementFeature.WriteFailed(xml, new ResumeFailure("item-not-found"));
                Send(xml);
                break;
            case "enabled" when _askedAcks:
                _askedAcks = false;
                break;
            case "failed" when _askedAcks:
                _askedAcks = false;
                _acks.Stop();
                break;
            case "r" when _acks.IsOn:
                _acks.WriteAnswer(xml);
                Send(xml);
                break;
            case "a" when _acks.IsOn && uint.TryParse(element["h"], NumberStyles.None, CultureInfo.InvariantCulture, out uint h):
                if (!_acks.Acknowledge(h, _host.Now))
                {
                    _acks.WriteTooHigh(xml, h);
                    Fail("undefined-condition", null, xml.Written);
                }

                break;
            default:
                Fail("unsupported-stanza-type");
                break;
        }
    }

    /// <inheritdoc/>
    protected override void WriteLast(XmlBuilder xml) => _acks.WriteAnswer(xml);

    /// <summary>The stream is gone: who has sent what nobody has acknowledged is told (XEP-0198 §5, RFC 6120 §10.4). It may have arrived; to send it again might deliver it twice.</summary>
    protected override void Ended()
    {
        SentStanza[] lost = _acks.End();
        if (lost.Length > 0)
        {
            FederationLog.Unacked(_host.Log, Name, Peer, lost.Length);
        }

        foreach (SentStanza stanza in lost)
        {
            _host.Hub.Router.Bounce(Stanza.Parse(stanza.Bytes, stanza.From, stanza.To), StanzaError.RemoteServerTimeout);
        }
    }

    private async ValueTask CountAsync(ValueTask routed)
    {
        await routed.ConfigureAwait(false);
        _acks.CountReceived();
    }

    /// <summary>Another server asks whether a key is the hub's own (XEP-0220 §2.2.2).</summary>
    protected void AnswerVerify(Element verify)
    {
        if (verify["from"] is not { } receiving || verify["to"] is not { } originating || verify["id"] is not { } id)
        {
            Fail("improper-addressing");
            return;
        }

        using var xml = new XmlBuilder();
        if (!IsSecureEnough)
        {
            Dialback.Write(xml, "db:verify"u8, originating, receiving, id, "error", error: StanzaError.PolicyViolation.With("TLS is required."));
        }
        else if (!_host.Serves(originating))
        {
            Dialback.Write(xml, "db:verify"u8, originating, receiving, id, "error", error: StanzaError.ItemNotFound);
        }
        else
        {
            Dialback.Write(xml, "db:verify"u8, originating, receiving, id, _host.Dialback.IsOurs(verify.Text, receiving, originating, id) ? "valid" : "invalid");
        }

        Send(xml);
    }
}
