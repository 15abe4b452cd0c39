using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Push;

/// <summary>What is worth waking a device for (XEP-0357 §7 leaves it to the server).</summary>
public static class PushRules
{
    private const string Jingle = "urn:xmpp:jingle:1";

    /// <summary>Whether a message of a conversation is: something to read, an invitation, a call; not receipts, markers, typing, what is not to be stored (XEP-0334), copies (XEP-0280).</summary>
    public static bool Warrants(StanzaType type, MessageTraits traits)
    {
        if (type is not (StanzaType.Chat or StanzaType.Normal) || (traits & MessageTraits.Carbon) != 0)
        {
            return false;
        }

        // A call is over when it is not taken now: that it is not stored (XEP-0353 §3 leaves that open) says nothing.
        return (traits & MessageTraits.Call) != 0
            || ((traits & MessageTraits.NoStore) == 0 && (traits & (MessageTraits.Body | MessageTraits.Encrypted | MessageTraits.Invitation)) != 0);
    }

    /// <summary>Whether a message of a room is.</summary>
    public static bool Warrants(Stanza message, PushGroupchat wanted, Jid account)
    {
        // XEP-0045 §7.2.14: what was said before it joined has a delay.
        if (message.Type != StanzaType.Groupchat || wanted == PushGroupchat.None || (message.Traits & (MessageTraits.Body | MessageTraits.Encrypted)) == 0 || (message.Traits & (MessageTraits.Delay | MessageTraits.NoStore)) != 0)
        {
            return false;
        }

        return wanted == PushGroupchat.All || Mentions(message, account);
    }

    /// <summary>Whether a request is a call: somebody begins a session (XEP-0166 §6.2).</summary>
    public static bool IsCall(Stanza iq) => iq is { Kind: StanzaKind.Iq, Type: StanzaType.Set } && iq.Child() is { } child && child.Is("jingle", Jingle) && child["action"] == "session-initiate";

    private static bool Mentions(Stanza message, Jid account)
    {
        XmlSpanReader reader = message.ReadInner();
        while (reader.Read())
        {
            if (reader.Node != XmlNode.Start)
            {
                continue;
            }

            if (reader.IsStart("reference"u8, "urn:xmpp:reference:0"u8) && reader.Attribute("type"u8) == "mention" && reader.Attribute("uri"u8) is { } uri && IsOf(uri, account))
            {
                return true;
            }

            if (reader.IsStart("body"u8) && HasWord(reader.ReadText(), account.Local))
            {
                return true;
            }

            if (reader.Node == XmlNode.Start)
            {
                reader.Skip();
            }
        }

        return false;
    }

    private static bool IsOf(string uri, Jid account) => uri.StartsWith("xmpp:", StringComparison.Ordinal) && Addresses.JidPrep.TryParse(uri[5..].Split('?')[0], out Jid? jid) && jid.Bare.Equals(account);

    private static bool HasWord(string text, string word)
    {
        for (int at = 0; (at = text.IndexOf(word, at, StringComparison.OrdinalIgnoreCase)) >= 0; at++)
        {
            if ((at == 0 || !char.IsLetterOrDigit(text[at - 1])) && (at + word.Length == text.Length || !char.IsLetterOrDigit(text[at + word.Length])))
            {
                return true;
            }
        }

        return false;
    }
}
