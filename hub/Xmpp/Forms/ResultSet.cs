using System.Globalization;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Forms;

/// <summary>Which page of a list is asked for (XEP-0059 §2): at most one of <see cref="After"/>, <see cref="Before"/> and <see cref="Index"/>.</summary>
public sealed record ResultSetRequest
{
    /// <summary>Items of the page, at most; null leaves it to the service; 0 asks for the count only (§2.7).</summary>
    public int? Max { get; init; }

    /// <summary>The page behind this item (§2.2).</summary>
    public string? After { get; init; }

    /// <summary>The page before this item (§2.3); empty asks for the last page (§2.5).</summary>
    public string? Before { get; init; }

    /// <summary>The page that begins at this place, from 0 (§2.6).</summary>
    public int? Index { get; init; }

    /// <summary>Reads the element <c>set</c> among an element's children.</summary>
    /// <returns>False when it is there and wrong: answer <c>bad-request</c>. Without the element the request is null.</returns>
    public static bool TryRead(Element parent, out ResultSetRequest? request)
    {
        request = null;
        if (parent.Child("set", Ns.Rsm) is not { } set)
        {
            return true;
        }

        int? max = null;
        int? index = null;
        if (set.Child("max") is { } maxElement)
        {
            if (!int.TryParse(maxElement.Text, NumberStyles.None, CultureInfo.InvariantCulture, out int value))
            {
                return false;
            }

            max = value;
        }

        if (set.Child("index") is { } indexElement)
        {
            if (!int.TryParse(indexElement.Text, NumberStyles.None, CultureInfo.InvariantCulture, out int value))
            {
                return false;
            }

            index = value;
        }

        request = new ResultSetRequest { Max = max, Index = index, After = set.Child("after")?.Text, Before = set.Child("before")?.Text };
        return (request.After is null ? 0 : 1) + (request.Before is null ? 0 : 1) + (index is null ? 0 : 1) <= 1;
    }
}

/// <summary>Which page an answer is (XEP-0059 §2).</summary>
/// <param name="First">The identifier of the page's first item; null for an empty page.</param>
/// <param name="Last">The identifier of the page's last item; null for an empty page.</param>
/// <param name="Index">The place of the first item, from 0; null when it is not known.</param>
/// <param name="Count">How many items there are in all; null when it is not known.</param>
public sealed record ResultSetPage(string? First, string? Last, int? Index, int? Count)
{
    /// <summary>Writes the element <c>set</c>.</summary>
    public void WriteTo(XmlBuilder xml)
    {
        xml.Open("set"u8, Ns.Rsm);
        if (First is not null && Last is not null)
        {
            xml.Open("first"u8);
            if (Index is { } index)
            {
                xml.Attribute("index"u8, index);
            }

            xml.Text(First).Close("first"u8).Text("last"u8, Last);
        }

        if (Count is { } count)
        {
            xml.Text("count"u8, count.ToString(CultureInfo.InvariantCulture));
        }

        xml.Close("set"u8);
    }
}
