using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Carbons;

/// <summary>Message Carbons (XEP-0280): all clients of a person see the whole conversation.</summary>
public sealed class CarbonsModule : IXmppModule, IMessageCopier
{
    private const string Namespace = "urn:xmpp:carbons:2";

    /// <summary>All rules of §6.1 hold, and not only most of them (§6.2).</summary>
    private const string AllRules = "urn:xmpp:carbons:rules:0";
    private const MessageTraits Conversation = MessageTraits.Receipt | MessageTraits.ChatState | MessageTraits.Marker | MessageTraits.Invitation;

    private IHub _hub = null!;
    private volatile bool _isUsed;

    /// <inheritdoc/>
    public bool IsUsed => _isUsed;

    /// <inheritdoc/>
    public string Name => "Carbons";

    /// <inheritdoc/>
    public Xep[] Xeps =>
    [
        new("XEP-0280", "Message Carbons", "1.0.1", "also within Bind 2; all rules of §6.1"),
        new("XEP-0334", "Message Processing Hints", "1.0.0"),
        new("XEP-0085", "Chat State Notifications", "2.1", "clients'; copied, never stored alone"),
        new("XEP-0184", "Message Delivery Receipts", "1.4.0", "clients'; copied"),
        new("XEP-0308", "Last Message Correction", "1.2.1", "clients'; copied and archived like any message"),
        new("XEP-0333", "Displayed Markers", "1.0.0", "clients'; copied"),
    ];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        _hub = module.Hub;
        module.Copies(this);
        module.BindFeature(new InlineEnabling(this));
        module.Domain.Feature(Namespace).Feature(AllRules);
        module.Account.Feature(Namespace).Feature(AllRules)
            .Iq(StanzaType.Set, "enable", Namespace, (request, _) => Turn(request, isOn: true))
            .Iq(StanzaType.Set, "disable", Namespace, (request, _) => Turn(request, isOn: false));
    }

    /// <inheritdoc/>
    public void Sent(Stanza message, Session sender, Delivered delivered)
    {
        // §6.1: also what goes to an occupant of a room.
        if (IsEligible(message))
        {
            SentMessages.Of(sender).Note(message);
            Copy(message, sender.Jid.Bare, "sent"u8, session => session != sender && !delivered.Includes(session));
        }
    }

    /// <inheritdoc/>
    public void Received(Stanza message, Jid account, Delivered delivered)
    {
        // §6.1: what comes from an occupant of a room is sent by the room to every client that has joined.
        if (IsEligible(message) ? (message.Traits & MessageTraits.Room) == 0 : IsAnswerToOneCopied(message))
        {
            Copy(message, account, "received"u8, session => !delivered.Includes(session) && !message.IsDeniedFor(session));
        }
    }

    /// <summary>Whether a message that is no error is one that other clients want to see (§6.1, §9).</summary>
    public static bool IsEligible(Stanza message)
    {
        MessageTraits traits = message.Traits;
        if ((traits & (MessageTraits.Private | MessageTraits.Carbon)) != 0)
        {
            return false;
        }

        return message.Type switch
        {
            StanzaType.Chat => (traits & MessageTraits.NoCopy) == 0,
            StanzaType.Normal => (traits & MessageTraits.NoCopy) == 0 && (traits & (MessageTraits.Body | Conversation)) != 0,
            StanzaType.Headline => (traits & MessageTraits.NoCopy) == 0 && (traits & Conversation) != 0,
            _ => false,
        };
    }

    // §6.1: an error goes the way of the message that it is about, whatever it carries of that.
    private bool IsAnswerToOneCopied(Stanza message) =>
        message is { Type: StanzaType.Error, To: { } to } && _hub.Sessions.TryGet(to, out Session? session) && session.Get<SentMessages>() is { } sent && sent.Has(message);

    private IqReply Turn(IqRequest request, bool isOn)
    {
        if (!request.IsOwnAccount || request.Session is not { } session)
        {
            return StanzaError.NotAllowed;
        }

        Turn(session, isOn);
        return IqReply.Empty;
    }

    private void Turn(Session session, bool isOn)
    {
        session.Set(isOn ? CarbonState.On : CarbonState.Off);
        _isUsed |= isOn;
    }

    private void Copy(Stanza message, Jid account, ReadOnlySpan<byte> direction, Predicate<Session> isMeant)
    {
        var recipients = new List<Jid>();
        foreach (Session session in _hub.Sessions.Of(account))
        {
            if (session.Get<CarbonState>() is { IsOn: true } && isMeant(session))
            {
                recipients.Add(session.Jid);
            }
        }

        if (recipients.Count == 0)
        {
            return;
        }

        using var xml = new XmlBuilder(message.Inner.Length + 512);
        xml.Open(direction, Namespace);
        Forwarded.Write(xml, message.ToBytes());
        _hub.Router.Multicast(new OutgoingStanza(StanzaKind.Message, message.Type, account, xml.Close(direction).ToArray()), recipients);
    }

    private sealed class CarbonState(bool isOn)
    {
        public static readonly CarbonState On = new(true);
        public static readonly CarbonState Off = new(false);

        public bool IsOn => isOn;
    }

    private sealed class InlineEnabling(CarbonsModule carbons) : IBindFeature
    {
        public string Namespace => CarbonsModule.Namespace;

        public ValueTask EnableAsync(Session session, Element? request, XmlBuilder bound, CancellationToken cancel)
        {
            if (request is { Name: "enable" })
            {
                carbons.Turn(session, isOn: true);
            }

            return default;
        }
    }
}
