using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Archive;

/// <summary>Queries, results and preferences as XML (XEP-0313, XEP-0441).</summary>
internal static class ArchiveXml
{
    /// <summary>The namespace of archives.</summary>
    public const string Namespace = "urn:xmpp:mam:2";

    /// <summary>Reads a query.</summary>
    /// <returns>The query, or the error that the standard names.</returns>
    public static (ArchiveQuery? Query, StanzaError? Error) ReadQuery(Element element, ArchiveOptions options)
    {
        if (element["node"] is not null || !ResultSetRequest.TryRead(element, out ResultSetRequest? page))
        {
            return (null, element["node"] is not null ? StanzaError.FeatureNotImplemented : StanzaError.BadRequest);
        }

        if (page?.Index is not null)
        {
            // XEP-0059 §2.6: who does not support places says so.
            return (null, StanzaError.FeatureNotImplemented.With("Pages are asked for by 'before' and 'after'."));
        }

        var query = new ArchiveQuery { Max = Math.Min(page?.Max ?? options.Page, options.MaxPage), PageAfter = page?.After, PageBefore = page?.Before };
        return element.Child("x", Ns.DataForms) is { } x ? ReadForm(x, query, options) : (query, null);
    }

    /// <summary>Writes the form of a query with all fields that there are (§5.1.5).</summary>
    public static void WriteForm(XmlBuilder xml)
    {
        xml.Open("query"u8, Namespace).Open("x"u8, Ns.DataForms).Attribute("type"u8, "form"u8);
        xml.Open("field"u8).Attribute("type"u8, "hidden"u8).Attribute("var"u8, "FORM_TYPE"u8).Text("value"u8, Namespace).Close("field"u8);
        xml.Open("field"u8).Attribute("type"u8, "jid-single"u8).Attribute("var"u8, "with"u8).Close("field"u8);
        foreach (string var in (string[])["start", "end", "before-id", "after-id"])
        {
            xml.Open("field"u8).Attribute("type"u8, "text-single"u8).Attribute("var"u8, var).Close("field"u8);
        }

        // The list is open: all ids that there are would be the archive.
        xml.Open("field"u8).Attribute("type"u8, "list-multi"u8).Attribute("var"u8, "ids"u8)
            .Open("validate"u8, "http://jabber.org/protocol/xdata-validate").Attribute("datatype"u8, "xs:string"u8).Empty("open"u8).Close("validate"u8).Close("field"u8);
        xml.Open("field"u8).Attribute("type"u8, "boolean"u8).Attribute("var"u8, "include-groupchat"u8).Close("field"u8);
        xml.Close("x"u8).Close("query"u8);
    }

    /// <summary>Writes one result, what stands in its message (§5.2).</summary>
    public static byte[] Result(ArchivedMessage message, string? queryId)
    {
        using var xml = new XmlBuilder(message.Stanza.Length + 256);
        xml.Open("result"u8, Namespace).Attribute("queryid"u8, queryId).Attribute("id"u8, message.Id.ToString());
        Forwarded.Write(xml, message.Stanza, message.Id.At);
        return xml.Close("result"u8).ToArray();
    }

    /// <summary>Writes the end of the results (§5.3).</summary>
    public static void WriteEnd(XmlBuilder xml, ArchivePage page)
    {
        xml.Open("fin"u8, Namespace).Attribute("complete"u8, page.IsComplete ? "true" : null);
        new ResultSetPage(page.Messages.Count > 0 ? page.Messages[0].Id.ToString() : null, page.Messages.Count > 0 ? page.Messages[^1].Id.ToString() : null, null, page.Count).WriteTo(xml);
        xml.Close("fin"u8);
    }

    /// <summary>Reads preferences; null where they are not what the standard says, or too long.</summary>
    public static ArchivePreferences? ReadPreferences(Element element, ArchiveOptions options)
    {
        if (element["default"] is not ("always" or "never" or "roster"))
        {
            return null;
        }

        return ReadJids(element.Child("always"), options) is { } always && ReadJids(element.Child("never"), options) is { } never
            ? ArchivePreferences.Of(element["default"]!, always, never)
            : null;
    }

    /// <summary>Writes preferences.</summary>
    public static void WritePreferences(XmlBuilder xml, ArchivePreferences preferences)
    {
        xml.Open("prefs"u8, Namespace).Attribute("default"u8, preferences.Default);
        WriteJids(xml, "always"u8, preferences.Always);
        WriteJids(xml, "never"u8, preferences.Never);
        xml.Close("prefs"u8);
    }

    private static (ArchiveQuery? Query, StanzaError? Error) ReadForm(Element x, ArchiveQuery query, ArchiveOptions options)
    {
        if (DataForm.Read(x) is not { FormType: Namespace } form)
        {
            return (null, StanzaError.BadRequest);
        }

        foreach (FormField field in form.Fields)
        {
            switch (field.Var)
            {
                case "with" when JidPrep.TryParse(field.Value, out Jid? with):
                    query = query with { With = with };
                    break;
                case "start" when Forwarded.TryStamp(field.Value, out DateTimeOffset start):
                    query = query with { Start = start };
                    break;
                case "end" when Forwarded.TryStamp(field.Value, out DateTimeOffset end):
                    query = query with { End = end };
                    break;
                case "after-id" when field.Value.Length > 0:
                    query = query with { AfterId = field.Value };
                    break;
                case "before-id" when field.Value.Length > 0:
                    query = query with { BeforeId = field.Value };
                    break;
                case "ids" when field.Values.Count is > 0 && field.Values.Count <= options.MaxPage:
                    query = query with { Ids = field.Values };
                    break;
                case "ids" when field.Values.Count > options.MaxPage:
                    return (null, StanzaError.ResourceConstraint.With($"At most {options.MaxPage} ids in one query."));
                case "include-groupchat" when field.TryBoolean(out _):
                    // Rooms keep their own archives: there is none to leave out or in.
                    break;
                case "with" or "start" or "end" or "after-id" or "before-id" or "ids" or "include-groupchat":
                    return (null, StanzaError.BadRequest.With($"The value of {field.Var} is none."));
                default:
                    // §5.1.5: a field that is not known.
                    return (null, StanzaError.FeatureNotImplemented.With($"There is no field {field.Var}."));
            }
        }

        return (query, null);
    }

    private static List<Jid>? ReadJids(Element? list, ArchiveOptions options)
    {
        var jids = new List<Jid>();
        foreach (Element child in list?.Children ?? [])
        {
            if (!child.Is("jid", Namespace) || !JidPrep.TryParse(child.Text.Trim(), out Jid? jid) || jids.Count == options.MaxPreferenceJids)
            {
                return null;
            }

            jids.Add(jid);
        }

        return jids;
    }

    private static void WriteJids(XmlBuilder xml, ReadOnlySpan<byte> name, IReadOnlySet<Jid> jids)
    {
        xml.Open(name);
        foreach (Jid jid in jids.OrderBy(j => j.ToString(), StringComparer.Ordinal))
        {
            xml.Text("jid"u8, jid.ToString());
        }

        xml.Close(name);
    }
}
