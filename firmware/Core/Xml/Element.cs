using System.Collections;

namespace IotXmpp.Xml;

/// <summary>
/// A small tree, for tools and for payloads that are rare: names, attributes, text, children. Text and children are kept apart (XMPP's payloads do not mix them).
/// </summary>
public sealed class Element
{
    /// <summary>Elements that Read takes into one tree at most, so that a stanza cannot become a multiple of itself. Default 4096.</summary>
    public const int MaxElements = 4096;

    private ArrayList _attributes; // name, value, name, value, …
    private ArrayList _children;

    /// <summary>An element.</summary>
    /// <param name="ns">The namespace; "" for none.</param>
    /// <param name="name">The local name.</param>
    public Element(string ns, string name)
    {
        Namespace = ns;
        Name = name;
        Text = string.Empty;
    }

    /// <summary>The namespace; "" for none.</summary>
    public string Namespace { get; }

    /// <summary>The local name.</summary>
    public string Name { get; }

    /// <summary>Its own text, all pieces together; "" when it has none.</summary>
    public string Text { get; set; }

    /// <summary>Children.</summary>
    public int ChildCount => _children == null ? 0 : _children.Count;

    /// <summary>Attributes.</summary>
    public int AttributeCount => _attributes == null ? 0 : _attributes.Count / 2;

    /// <summary>A child by its place.</summary>
    public Element ChildAt(int index)
    {
        return (Element)_children[index];
    }

    /// <summary>The name of an attribute by its place: local, <c>xml:lang</c>, or <c>{namespace}local</c>.</summary>
    public string AttributeNameAt(int index)
    {
        return (string)_attributes[index * 2];
    }

    /// <summary>The value of an attribute by its place.</summary>
    public string AttributeValueAt(int index)
    {
        return (string)_attributes[index * 2 + 1];
    }

    /// <summary>The value of an attribute, or null.</summary>
    public string Attribute(string name)
    {
        int at = IndexOf(name);
        return at < 0 ? null : (string)_attributes[at + 1];
    }

    /// <summary>Sets an attribute; null removes it.</summary>
    /// <returns>This element.</returns>
    public Element Set(string name, string value)
    {
        int at = IndexOf(name);
        if (at >= 0)
        {
            _attributes.RemoveAt(at + 1);
            _attributes.RemoveAt(at);
        }
        if (value != null)
        {
            _attributes = _attributes == null ? new ArrayList() : _attributes;
            _attributes.Add(name);
            _attributes.Add(value);
        }
        return this;
    }

    /// <summary>Sets the text.</summary>
    /// <returns>This element.</returns>
    public Element WithText(string text)
    {
        Text = text;
        return this;
    }

    /// <summary>Adds a child.</summary>
    /// <returns>The child.</returns>
    public Element Add(Element child)
    {
        _children = _children == null ? new ArrayList() : _children;
        _children.Add(child);
        return child;
    }

    /// <summary>Adds a new child in the same namespace.</summary>
    /// <returns>The child.</returns>
    public Element Add(string name)
    {
        return Add(new Element(Namespace, name));
    }

    /// <summary>Adds a new child.</summary>
    /// <returns>The child.</returns>
    public Element Add(string ns, string name)
    {
        return Add(new Element(ns, name));
    }

    /// <summary>The first child of that name, or null.</summary>
    public Element Child(string ns, string name)
    {
        for (int i = 0; i < ChildCount; i++)
        {
            Element child = ChildAt(i);
            if (child.Is(ns, name))
            {
                return child;
            }
        }
        return null;
    }

    /// <summary>The first child of that name in this element's namespace, or null.</summary>
    public Element Child(string name)
    {
        return Child(Namespace, name);
    }

    /// <summary>The text of a child in this element's namespace, or null when there is no such child.</summary>
    public string ChildText(string name)
    {
        Element child = Child(Namespace, name);
        return child == null ? null : child.Text;
    }

    /// <summary>Whether it has this name.</summary>
    public bool Is(string ns, string name)
    {
        return Name == name && Namespace == ns;
    }

    /// <summary>Writes it.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="inForce">The default namespace in force there, which needs no declaration; null declares always.</param>
    public void WriteTo(StanzaWriter writer, string inForce)
    {
        writer.Start(Name);
        if (inForce == null || inForce != Namespace)
        {
            writer.Attribute("xmlns", Namespace);
        }
        for (int i = 0; i < AttributeCount; i++)
        {
            string name = AttributeNameAt(i);
            int end = name.IndexOf('{') == 0 ? name.IndexOf('}') : -1;
            if (end < 0)
            {
                writer.Attribute(name, AttributeValueAt(i));
                continue;
            }
            string prefix = "a" + i.ToString();
            writer.Attribute("xmlns:" + prefix, name.Substring(1, end - 1));
            writer.Attribute(prefix + ":" + name.Substring(end + 1), AttributeValueAt(i));
        }
        if (Text.Length > 0)
        {
            writer.Text(Text);
        }
        for (int i = 0; i < ChildCount; i++)
        {
            ChildAt(i).WriteTo(writer, Namespace);
        }
        writer.End();
    }

    /// <summary>Reads the element that the parser stands on, to its end.</summary>
    /// <returns>The tree; null when the bytes end or are refused within it, or it has more than <see cref="MaxElements"/>.</returns>
    public static Element Read(XmlPullParser parser)
    {
        int left = MaxElements;
        return Read(parser, ref left);
    }

    /// <summary>Reads one element from bytes of its own, such as a stored payload; null when they are not exactly that.</summary>
    public static Element Parse(byte[] buffer, int offset, int count)
    {
        XmlPullParser parser = new XmlPullParser(new XmlLimits());
        parser.Reset(buffer, offset, count);
        Element element = parser.Next() == XmlToken.StartElement ? Read(parser) : null;
        return parser.Next() == XmlToken.NeedMore && parser.Position == offset + count ? element : null;
    }

    /// <summary>Its markup.</summary>
    public override string ToString()
    {
        StanzaWriter writer = new StanzaWriter(256, int.MaxValue / 4);
        WriteTo(writer, null);
        return writer.Overflowed ? "<" + Name + " …/>" : Utf8.Decode(writer.Buffer, 0, writer.Length);
    }

    private static Element Read(XmlPullParser parser, ref int left)
    {
        if (--left < 0)
        {
            return null;
        }
        Element element = new Element(parser.NamespaceUri, parser.LocalName);
        for (int i = 0; i < parser.AttributeCount; i++)
        {
            if (parser.IsDeclaration(i))
            {
                continue;
            }
            string name = parser.AttributeName(i);
            string prefix = parser.AttributePrefix(i);
            if (prefix.Length > 0)
            {
                name = prefix == "xml" ? "xml:" + name : "{" + parser.AttributeNamespace(i) + "}" + name;
            }
            element._attributes = element._attributes == null ? new ArrayList() : element._attributes;
            element._attributes.Add(name);
            element._attributes.Add(parser.AttributeValue(i));
        }
        for (; ; )
        {
            switch (parser.Next())
            {
                case XmlToken.StartElement:
                    Element child = Read(parser, ref left);
                    if (child == null)
                    {
                        return null;
                    }
                    element.Add(child);
                    break;
                case XmlToken.Text:
                    element.Text = element.Text.Length == 0 ? parser.Text : element.Text + parser.Text;
                    break;
                case XmlToken.EndElement:
                    return element;
                default:
                    return null;
            }
        }
    }

    private int IndexOf(string name)
    {
        for (int i = 0; _attributes != null && i < _attributes.Count; i += 2)
        {
            if ((string)_attributes[i] == name)
            {
                return i;
            }
        }
        return -1;
    }
}
