using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Registry;

/// <summary>The elements of XEP-0347, read and written.</summary>
internal static class DiscoveryXml
{
    /// <summary>The tags of an element; null and why not where one is wrong.</summary>
    public static MetaTags? ReadTags(Element element, out StanzaError? error)
    {
        var tags = new MetaTags();
        foreach (Element child in element.Children)
        {
            bool isNumeric = child.Is("num", Ns.IotDiscovery);
            string? wrong = isNumeric || child.Is("str", Ns.IotDiscovery) ? tags.Add(child["name"], child["value"], isNumeric) : "Tags are str and num.";
            if (wrong is not null)
            {
                error = StanzaError.BadRequest.With(wrong);
                return null;
            }
        }

        error = null;
        return tags;
    }

    /// <summary>Where a thing is that an account speaks of: behind itself.</summary>
    public static ThingAddress AddressOf(Jid speaker, Element element) => new(speaker.Local, element["nodeId"] ?? "", element["sourceId"] ?? "", element["cacheType"] ?? "");

    /// <summary>Where a thing is that somebody else speaks of, by the attribute <c>jid</c>.</summary>
    public static bool TryAddress(Element element, Jid domain, out ThingAddress address, [NotNullWhen(false)] out StanzaError? error)
    {
        address = default;
        if (element["jid"] is not { } text)
        {
            error = StanzaError.BadRequest.With("The attribute jid is missing.");
            return false;
        }

        if (!JidPrep.TryParse(text, out Jid? jid))
        {
            error = StanzaError.JidMalformed;
            return false;
        }

        if (jid.Domain != domain.Domain || jid.Local.Length == 0)
        {
            error = StanzaError.ItemNotFound;
            return false;
        }

        address = AddressOf(jid, element);
        error = null;
        return true;
    }

    /// <summary>An attribute that is true or false.</summary>
    public static bool TryFlag(Element element, string name, bool standard, out bool value)
    {
        string? text = element[name];
        value = text is null ? standard : text is "true" or "1";
        return text is null or "true" or "1" or "false" or "0";
    }

    /// <summary>A search; null and why not where it is wrong.</summary>
    public static ThingSearch? ReadSearch(Element element, int standardMax, out StanzaError? error)
    {
        int offset = 0;
        int max = standardMax;
        bool good = (element["offset"] is not { } first || TryNumber(first, 0, out offset)) & (element["maxCount"] is not { } most || TryNumber(most, 1, out max));
        var terms = new List<SearchTerm>();
        foreach (Element child in element.Children)
        {
            if (terms.Count == ThingSearch.TermLimit)
            {
                error = StanzaError.PolicyViolation.With($"A search has at most {ThingSearch.TermLimit} operators.");
                return null;
            }

            if (child.Namespace != Ns.IotDiscovery || SearchTerm.Read(child.Name, name => child[name]) is not { } term)
            {
                good = false;
                break;
            }

            terms.Add(term);
        }

        if (!good || terms.Count == 0)
        {
            error = StanzaError.BadRequest; // the schema asks for one operator at least
            return null;
        }

        error = null;
        return new ThingSearch(terms, offset, max);
    }

    /// <summary>Writes <c>claimed</c>: to the owner with the thing's address, to the thing with the owner's.</summary>
    public static void WriteClaimed(XmlBuilder xml, Jid jid, Thing thing, bool isOwnerTold)
    {
        xml.Open("claimed"u8, Ns.IotDiscovery).Attribute("jid"u8, jid.ToString());
        WriteNode(xml, thing);
        if (!isOwnerTold && thing.State != ThingState.Public)
        {
            xml.Attribute("public"u8, "false"u8);
        }

        xml.Close("claimed"u8);
    }

    /// <summary>Writes the attributes by which a thing behind a gateway is found (§3.4).</summary>
    public static void WriteNode(XmlBuilder xml, Thing thing)
    {
        if (thing.NodeId.Length > 0)
        {
            xml.Attribute("nodeId"u8, thing.NodeId);
        }

        if (thing.SourceId.Length > 0)
        {
            xml.Attribute("sourceId"u8, thing.SourceId);
        }

        if (thing.CacheType.Length > 0)
        {
            xml.Attribute("cacheType"u8, thing.CacheType);
        }
    }

    /// <summary>Writes a found thing.</summary>
    public static void WriteThing(XmlBuilder xml, Jid jid, Thing thing)
    {
        xml.Open("thing"u8).Attribute("owner"u8, thing.Owner!.ToString()).Attribute("jid"u8, jid.ToString());
        WriteNode(xml, thing);
        foreach (MetaTag tag in thing.Tags.Values.OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            ReadOnlySpan<byte> name = tag.Number is null ? "str"u8 : "num"u8;
            xml.Open(name).Attribute("name"u8, tag.Name).Attribute("value"u8, tag.Value).Close(name);
        }

        xml.Close("thing"u8);
    }

    private static bool TryNumber(string text, int least, out int number) => int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= least;
}
