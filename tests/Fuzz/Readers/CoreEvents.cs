using IotXmpp.TestKit.Corpus;
using IotXmpp.Xml;

namespace IotXmpp.Fuzz.Readers;

/// <summary>The events that the firmware's parser makes of a document.</summary>
internal static class CoreEvents
{
    /// <summary>Bounds of the wire profile, with room for the hub's largest tags, so that both parsers are asked the same.</summary>
    private static readonly XmlLimits Limits = new() { TagBytes = 262_144 };

    public static (XmlError Error, string Events) Read(byte[] document)
    {
        var parser = new XmlPullParser(Limits);
        parser.Reset(document, 0, document.Length);
        var list = new EventList();
        while (true)
        {
            switch (parser.Next())
            {
                case XmlToken.StartElement:
                    var attributes = new List<(string, string, string)>();
                    for (var i = 0; i < parser.AttributeCount; i++)
                    {
                        if (!parser.IsDeclaration(i))
                        {
                            attributes.Add((parser.AttributeNamespace(i), parser.AttributeName(i), parser.AttributeValue(i)));
                        }
                    }

                    list.Start(parser.NamespaceUri, parser.LocalName, attributes);
                    break;
                case XmlToken.EndElement:
                    list.End();
                    break;
                case XmlToken.Text:
                    list.Text(parser.Text);
                    break;
                case XmlToken.Error:
                    return (parser.Error, list.ToString());
                default:
                    // The whole document was there: what needs more now is not well-formed, unless all elements have ended.
                    return (parser.Depth == 0 ? XmlError.None : XmlError.NotWellFormed, list.ToString());
            }
        }
    }
}
