using System.Globalization;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>Who is there, by the sessions of the hub.</summary>
internal static class SessionPresence
{
    /// <summary>Whether an available session has this JID; of other domains their servers know.</summary>
    public static bool IsAvailable(IHub hub, Jid jid)
    {
        if (jid.Domain != hub.Domain.Domain)
        {
            return true;
        }

        foreach (Session session in hub.Sessions.Of(jid.Bare))
        {
            if (session.IsAvailable && (jid.IsBare || session.Jid.Equals(jid)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The states of presence of the available sessions with this JID.</summary>
    public static ShowValues ShowsOf(IHub hub, Jid jid)
    {
        ShowValues shows = ShowValues.None;
        foreach (Session session in hub.Sessions.Of(jid.Bare))
        {
            if (session.Presence is { } presence && (jid.IsBare || session.Jid.Equals(jid)))
            {
                shows |= ShowOf(presence);
            }
        }

        return shows;
    }

    // RFC 6121 §4.7.2.1
    private static ShowValues ShowOf(Stanza presence)
    {
        XmlSpanReader reader = presence.ReadInner();
        while (reader.Read())
        {
            if (reader.IsStart("show"u8, "jabber:client"u8))
            {
                return reader.ReadText().Trim() switch
                {
                    "away" => ShowValues.Away,
                    "chat" => ShowValues.Chat,
                    "dnd" => ShowValues.Dnd,
                    "xa" => ShowValues.Xa,
                    _ => ShowValues.Online,
                };
            }

            if (reader.Node == XmlNode.Start)
            {
                reader.Skip();
            }
        }

        return ShowValues.Online;
    }
}

/// <summary>When a session that has become available was last there (XEP-0312).</summary>
internal static class Ago
{
    private const long MostSeconds = 315_576_000; // ten years: nothing here is older

    /// <summary>What its presence says; where that is no number, what the hub knows of the account. Null where the client asks for nothing.</summary>
    public static async ValueTask<DateTimeOffset?> SinceAsync(IHub hub, Stanza presence, Session session)
    {
        if (!TryRead(presence, out long? seconds))
        {
            return null;
        }

        return seconds is { } ago ? hub.Time.GetUtcNow().AddSeconds(-ago) : (await hub.LastSeen.FindAsync(session.Jid.Local).ConfigureAwait(false))?.At;
    }

    /// <summary>Whether there is <c>ago</c>, and its seconds.</summary>
    public static bool TryRead(Stanza presence, out long? seconds)
    {
        seconds = null;
        XmlSpanReader reader = presence.ReadInner();
        while (reader.Read())
        {
            if (reader.Node != XmlNode.Start)
            {
                continue;
            }

            if (reader.IsStart("ago"u8, "urn:xmpp:ago:0"u8))
            {
                seconds = long.TryParse(reader.Attribute("secs"u8), NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? Math.Min(value, MostSeconds) : null;
                return true;
            }

            reader.Skip();
        }

        return false;
    }
}

/// <summary>Notifications that came back (XEP-0060 §12.2).</summary>
internal static class Bounce
{
    /// <summary>The node of a notification whose addressee is not there for good; null where the error says less, or does not carry what it is about.</summary>
    public static string? Read(Stanza error)
    {
        string? node = null;
        bool isGone = false;
        XmlSpanReader reader = error.ReadInner();
        while (reader.Read())
        {
            if (reader.Node != XmlNode.Start)
            {
                continue;
            }

            if (reader.IsStart("event"u8, "http://jabber.org/protocol/pubsub#event"u8))
            {
                node = Element.Read(ref reader).FirstChild?["node"];
            }
            else if (reader.IsStart("error"u8))
            {
                Element element = Element.Read(ref reader);
                isGone = element.Child("gone", Ns.StanzaErrors) is not null || (element["type"] == "cancel" && element.Child("item-not-found", Ns.StanzaErrors) is not null);
            }
            else
            {
                reader.Skip();
            }
        }

        return isGone ? node : null;
    }
}
