using System.Text;
using System.Xml.Linq;

namespace IotXmpp.TestKit.Xml;

/// <summary>Compares XML by what it means: namespaces instead of prefixes, attributes in any order, runs of text as one.</summary>
public static class XmlCompare
{
    /// <summary>A text that is the same for two elements exactly if they mean the same.</summary>
    public static string Canonical(XElement element)
    {
        var text = new StringBuilder();
        Write(element, text);
        return text.ToString();
    }

    /// <summary>Whether two elements mean the same.</summary>
    public static bool Same(XElement left, XElement right) => Canonical(left) == Canonical(right);

    /// <summary>Whether two texts hold elements that mean the same.</summary>
    public static bool Same(string left, string right) =>
        Same(XElement.Parse(left, LoadOptions.PreserveWhitespace), XElement.Parse(right, LoadOptions.PreserveWhitespace));

    private static void Write(XElement element, StringBuilder text)
    {
        text.Append('<').Append(element.Name);
        foreach (var attribute in element.Attributes().Where(a => !a.IsNamespaceDeclaration).OrderBy(a => a.Name.ToString(), StringComparer.Ordinal))
        {
            text.Append(' ').Append(attribute.Name).Append("='").Append(Escape(attribute.Value)).Append('\'');
        }

        text.Append('>');
        foreach (var node in element.Nodes())
        {
            switch (node)
            {
                case XElement child:
                    Write(child, text);
                    break;
                case XText run:
                    text.Append(Escape(run.Value));
                    break;
            }
        }

        text.Append("</>");
    }

    private static string Escape(string s) =>
        s.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace("'", "&apos;", StringComparison.Ordinal);
}
