using System.Text;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Xml;

/// <summary>
/// One XML element as a small tree, for payloads that are rare or small (roster changes, forms, configuration). Hot paths read bytes with
/// <see cref="XmlSpanReader"/> instead. Comments and processing instructions cannot occur in a stream (RFC 6120 §11.1).
/// </summary>
public sealed class Element
{
    private List<(string Name, string Value)>? _attributes;
    private List<object>? _nodes;

    /// <summary>An element of that name and namespace.</summary>
    public Element(string name, string ns)
    {
        Name = name;
        Namespace = ns;
    }

    /// <summary>The local name.</summary>
    public string Name { get; }

    /// <summary>The namespace; empty for none.</summary>
    public string Namespace { get; }

    /// <summary>The attributes without namespace declarations; one in a namespace is named <c>{namespace}local</c>, but for <c>xml:lang</c>.</summary>
    public IReadOnlyList<(string Name, string Value)> Attributes => _attributes ?? (IReadOnlyList<(string, string)>)[];

    /// <summary>The child elements in their order.</summary>
    public IEnumerable<Element> Children => _nodes is null ? [] : _nodes.OfType<Element>();

    /// <summary>All character data directly in this element.</summary>
    public string Text => _nodes is null ? string.Empty : string.Concat(_nodes.OfType<string>());

    /// <summary>The value of an attribute, or null.</summary>
    public string? this[string attribute]
    {
        get
        {
            if (_attributes is not null)
            {
                foreach ((string name, string value) in _attributes)
                {
                    if (name == attribute)
                    {
                        return value;
                    }
                }
            }

            return null;
        }
    }

    /// <summary>Whether this is the element <paramref name="name"/> in <paramref name="ns"/>.</summary>
    public bool Is(string name, string ns) => Name == name && Namespace == ns;

    /// <summary>The first child of that name (and namespace; null: this element's own), or null.</summary>
    public Element? Child(string name, string? ns = null)
    {
        foreach (Element child in Children)
        {
            if (child.Name == name && child.Namespace == (ns ?? Namespace))
            {
                return child;
            }
        }

        return null;
    }

    /// <summary>The first child element of any name, or null.</summary>
    public Element? FirstChild => Children.FirstOrDefault();

    /// <summary>Adds an attribute; nothing where <paramref name="value"/> is null.</summary>
    public Element With(string attribute, string? value)
    {
        if (value is not null)
        {
            (_attributes ??= []).Add((attribute, value));
        }

        return this;
    }

    /// <summary>Adds a child element.</summary>
    public Element Add(Element child)
    {
        (_nodes ??= []).Add(child);
        return this;
    }

    /// <summary>Adds character data.</summary>
    public Element Add(string text)
    {
        (_nodes ??= []).Add(text);
        return this;
    }

    /// <summary>Reads the one element that <paramref name="xml"/> holds, which <see cref="StreamTokenizer"/> has let through.</summary>
    /// <param name="xml">The element, as UTF-8.</param>
    /// <param name="outerNamespace">The namespace that surrounds it, as UTF-8 (none: <c>jabber:client</c>).</param>
    public static Element Parse(ReadOnlySpan<byte> xml, ReadOnlySpan<byte> outerNamespace = default)
    {
        var reader = new XmlSpanReader(xml, outerNamespace);
        while (reader.Read())
        {
            if (reader.Node == XmlNode.Start)
            {
                return Read(ref reader);
            }
        }

        throw new FormatException("There is no element.");
    }

    /// <summary>Reads the element on whose start tag the reader stands; it stands on the end tag afterwards.</summary>
    public static Element Read(ref XmlSpanReader reader)
    {
        var root = Start(ref reader);
        if (reader.IsEmptyElement)
        {
            reader.Read();
            return root;
        }

        // A list and not recursion: depth is the peer's to choose, up to the limit.
        var open = new Stack<Element>();
        open.Push(root);
        while (open.Count > 0 && reader.Read())
        {
            switch (reader.Node)
            {
                case XmlNode.Start:
                    Element child = Start(ref reader);
                    open.Peek().Add(child);
                    open.Push(child);
                    break;
                case XmlNode.End:
                    open.Pop();
                    break;
                case XmlNode.Text:
                    open.Peek().Add(reader.TextValue);
                    break;
                default:
                    break;
            }
        }

        return root;
    }

    /// <summary>Writes the element; <paramref name="outerNamespace"/> is the default namespace that surrounds it.</summary>
    public void WriteTo(XmlBuilder xml, string outerNamespace = Ns.Client)
    {
        byte[] name = Encoding.UTF8.GetBytes(Name);
        xml.Open(name);
        if (Namespace != outerNamespace)
        {
            xml.Attribute("xmlns"u8, Namespace);
        }

        int prefixes = 0;
        foreach ((string attribute, string value) in Attributes)
        {
            int brace = attribute.StartsWith('{') ? attribute.IndexOf('}') : -1;
            if (brace > 0)
            {
                string prefix = "a" + prefixes++;
                xml.Attribute(Encoding.UTF8.GetBytes("xmlns:" + prefix), attribute[1..brace]);
                xml.Attribute(Encoding.UTF8.GetBytes(prefix + ":" + attribute[(brace + 1)..]), value);
            }
            else
            {
                xml.Attribute(Encoding.UTF8.GetBytes(attribute), value);
            }
        }

        foreach (object node in _nodes ?? [])
        {
            if (node is Element child)
            {
                child.WriteTo(xml, Namespace);
            }
            else
            {
                xml.Text((string)node);
            }
        }

        xml.Close(name);
    }

    /// <summary>The element as UTF-8, fit to stand in <paramref name="outerNamespace"/>.</summary>
    public byte[] ToBytes(string outerNamespace = Ns.Client)
    {
        using var xml = new XmlBuilder();
        WriteTo(xml, outerNamespace);
        return xml.ToArray();
    }

    /// <summary>A copy in which elements of one namespace are in another.</summary>
    internal Element Translated(string from, string to)
    {
        var copy = new Element(Name, Namespace == from ? to : Namespace) { _attributes = _attributes };
        foreach (object node in _nodes ?? [])
        {
            // Depth is bounded by the tokenizer's limit.
            (copy._nodes ??= []).Add(node is Element child ? child.Translated(from, to) : node);
        }

        return copy;
    }

    /// <summary>The element as text, for logs of tests and for people.</summary>
    public override string ToString() => Encoding.UTF8.GetString(ToBytes(string.Empty));

    private static Element Start(ref XmlSpanReader reader)
    {
        var element = new Element(Encoding.UTF8.GetString(reader.LocalName), XmlEscape.Decode(reader.Namespace, isAttribute: true));
        var attributes = new AttributeReader(reader.RawAttributes);
        while (attributes.Read())
        {
            ReadOnlySpan<byte> name = attributes.Name;
            if (name.StartsWith("xmlns"u8) && (name.Length == 5 || name[5] == ':'))
            {
                continue;
            }

            string key = Encoding.UTF8.GetString(name);
            int colon = name.IndexOf((byte)':');
            if (colon > 0 && !name[..colon].SequenceEqual("xml"u8))
            {
                key = "{" + XmlEscape.Decode(reader.NamespaceOf(name[..colon]), isAttribute: true) + "}" + key[(colon + 1)..];
            }

            element.With(key, XmlEscape.Decode(attributes.RawValue, isAttribute: true));
        }

        return element;
    }
}
