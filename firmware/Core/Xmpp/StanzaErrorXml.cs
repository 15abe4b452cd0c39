using IotXmpp.Xml;

namespace IotXmpp.Xmpp;

/// <summary>A stanza error to and from XML (RFC 6120 §8.3.2).</summary>
public static class StanzaErrorXml
{
    /// <summary>Writes <c>&lt;error/&gt;</c> into the open stanza.</summary>
    public static void Write(StanzaWriter writer, StanzaError error)
    {
        writer.Start("error").Attribute("type", error.Type);
        writer.Empty(error.Condition, Ns.StanzaErrors);
        if (error.Text.Length > 0)
        {
            writer.Start("text", Ns.StanzaErrors).Text(error.Text).End();
        }
        if (error.AppCondition.Length > 0)
        {
            writer.Empty(error.AppCondition, error.AppNamespace);
        }
        writer.End();
    }

    /// <summary>Reads the <c>&lt;error/&gt;</c> that the parser stands on, to its end.</summary>
    public static StanzaError Read(XmlPullParser parser)
    {
        string type = parser.Attribute("type");
        string condition = StanzaError.UndefinedCondition.Condition;
        string text = string.Empty;
        string appNamespace = string.Empty;
        string appCondition = string.Empty;
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            if (!parser.NamespaceIs(Ns.StanzaErrors))
            {
                appNamespace = parser.NamespaceUri;
                appCondition = parser.LocalName;
            }
            else if (parser.LocalIs("text"))
            {
                text = parser.ReadText();
            }
            else
            {
                condition = parser.LocalName;
            }
        }
        return new StanzaError(type == null ? "cancel" : type, condition, text, appNamespace, appCondition);
    }
}
