namespace IotXmpp.Xml;

/// <summary>
/// A resumable pull parser of the XML that XMPP allows (RFC 6120 §11) over bytes that the caller holds. It reads tokens, checks everything (UTF-8, characters, names, nesting,
/// namespaces, bounds) and keeps nothing but the open names: when <see cref="XmlTokenizer.Next"/> says <see cref="XmlToken.NeedMore"/>, keep the bytes from
/// <see cref="XmlTokenizer.Position"/> on, append, and call it again.
/// </summary>
/// <remarks>
/// DTD, comments, processing instructions and entities other than the five are refused. CDATA is read as text. Allocates only when it grows towards its bounds or when a string is asked for.
/// </remarks>
public sealed class XmlPullParser : XmlTokenizer
{

    private readonly byte[] _name = new byte[96]; // a name that is looked for: the longest namespace of XMPP has about 60 bytes

    /// <summary>A parser with its bounds.</summary>
    public XmlPullParser(XmlLimits limits) : base(limits)
    {
    }

    // ---- the name of the current element (start or end) ----

    /// <summary>Local name of the current element. Makes a string.</summary>
    public string LocalName => _scope.Local(_current);

    /// <summary>Namespace of the current element; "" for none. Makes a string.</summary>
    public string NamespaceUri => _scope.Namespace(_current);

    /// <summary>Prefix of the current element; "" for none. Makes a string.</summary>
    public string Prefix => _scope.Prefix(_current);

    /// <summary>Whether the current element has this name.</summary>
    public bool Is(XmlName name)
    {
        return _scope.Is(_current, name);
    }

    /// <summary>Whether the current element has this name.</summary>
    public bool Is(string ns, string local)
    {
        int length = Look(local);
        if (length < 0 || !_scope.LocalIs(_current, _name, length))
        {
            return false;
        }
        return NamespaceIs(ns);
    }

    /// <summary>Whether the current element has this local name, in any namespace.</summary>
    public bool LocalIs(string local)
    {
        int length = Look(local);
        return length >= 0 && _scope.LocalIs(_current, _name, length);
    }

    /// <summary>Whether the current element is in this namespace.</summary>
    public bool NamespaceIs(string ns)
    {
        int length = Look(ns);
        return length < 0 ? ns == _scope.Namespace(_current) : _scope.NamespaceIs(_current, _name, length);
    }

    // ---- attributes of the current start tag ----

    /// <summary>Attributes of the current start tag, namespace declarations included.</summary>
    public int AttributeCount => _attributes.Count;

    /// <summary>The index of an attribute without namespace, or -1.</summary>
    public int FindAttribute(string local)
    {
        int length = Look(local);
        return length < 0 || _token != XmlToken.StartElement ? -1 : _attributes.Find(_buffer, _name, length);
    }

    /// <summary>The value of an attribute without namespace, or null when it is absent. Makes a string.</summary>
    public string Attribute(string local)
    {
        int index = FindAttribute(local);
        return index < 0 ? null : AttributeValue(index);
    }

    /// <summary>The value of <c>xml:lang</c>, or null.</summary>
    public string XmlLang()
    {
        for (int i = 0; i < _attributes.Count; i++)
        {
            if (AttributePrefix(i) == "xml" && AttributeName(i) == "lang")
            {
                return AttributeValue(i);
            }
        }
        return null;
    }

    /// <summary>Whether an attribute without namespace is there and has this value.</summary>
    public bool AttributeIs(string local, string value)
    {
        int index = FindAttribute(local);
        if (index < 0)
        {
            return false;
        }
        int start = _attributes.ValueAt(index);
        int end = _attributes.ValueEnd(index);
        int length = Look(value);
        return length >= 0 && XmlText.IsPlain(_buffer, start, end, true)
            ? end - start == length && Utf8.Equal(_buffer, start, _name, 0, length)
            : AttributeValue(index) == value;
    }

    /// <summary>An attribute's value as an integer (XML Schema <c>long</c>); false when it is absent or none.</summary>
    public bool TryAttribute(string local, out long value)
    {
        int index = FindAttribute(local);
        value = 0;
        return index >= 0 && Utf8.TryParseLong(_buffer, _attributes.ValueAt(index), _attributes.ValueEnd(index) - _attributes.ValueAt(index), out value);
    }

    /// <summary>An attribute's value as a boolean (XML Schema: <c>true</c>, <c>1</c>, <c>false</c>, <c>0</c>); the default when it is absent or none.</summary>
    public bool AttributeFlag(string local, bool absent)
    {
        if (AttributeIs(local, "true") || AttributeIs(local, "1"))
        {
            return true;
        }
        return !AttributeIs(local, "false") && !AttributeIs(local, "0") && absent;
    }

    /// <summary>Copies the decoded value of an attribute.</summary>
    /// <returns>Its length in bytes; -1 when the target is too small.</returns>
    public int CopyAttribute(int index, byte[] target, int offset)
    {
        return XmlText.Decode(_buffer, _attributes.ValueAt(index), _attributes.ValueEnd(index), target, offset, true, true);
    }

    /// <summary>Bytes of an attribute's value as it stands on the wire: never less than decoded.</summary>
    public int AttributeBytes(int index)
    {
        return _attributes.ValueEnd(index) - _attributes.ValueAt(index);
    }

    /// <summary>An attribute's local name (for a declaration: the declared prefix, or <c>xmlns</c>). Makes a string.</summary>
    public string AttributeName(int index)
    {
        return Utf8.Decode(_buffer, _attributes.LocalAt(index), _attributes.LocalLength(index));
    }

    /// <summary>An attribute's prefix; "" for none. Makes a string.</summary>
    public string AttributePrefix(int index)
    {
        return Utf8.Decode(_buffer, _attributes.PrefixAt(index), _attributes.PrefixLength(index));
    }

    /// <summary>An attribute's namespace; "" for none. Makes a string.</summary>
    public string AttributeNamespace(int index)
    {
        if (_attributes.PrefixLength(index) == 0)
        {
            return string.Empty;
        }
        if (XmlScope.IsXmlPrefix(_buffer, _attributes.PrefixAt(index), _attributes.PrefixLength(index)))
        {
            return "http://www.w3.org/XML/1998/namespace";
        }
        return _scope.Find(_buffer, _attributes.PrefixAt(index), _attributes.PrefixLength(index), out int at, out int length) ? Utf8.Decode(_scope.Bytes, at, length) : string.Empty;
    }

    /// <summary>Whether an attribute is a namespace declaration.</summary>
    public bool IsDeclaration(int index)
    {
        int prefix = _attributes.PrefixLength(index);
        return prefix == 0
            ? XmlScope.IsXmlns(_buffer, _attributes.LocalAt(index), _attributes.LocalLength(index))
            : XmlScope.IsXmlns(_buffer, _attributes.PrefixAt(index), prefix);
    }

    /// <summary>An attribute's decoded value. Makes a string.</summary>
    public string AttributeValue(int index)
    {
        return XmlText.String(_buffer, _attributes.ValueAt(index), _attributes.ValueEnd(index), true, true);
    }

    // ---- text ----

    /// <summary>The current piece of text, decoded. Makes a string.</summary>
    public string Text => XmlText.String(_buffer, _textStart, _textEnd, false, !_textIsCData);

    /// <summary>Bytes of the current piece of text as they stand on the wire: never less than decoded.</summary>
    public int TextBytes => _textEnd - _textStart;

    /// <summary>Copies the current piece of text, decoded.</summary>
    /// <returns>Its length in bytes; -1 when the target is too small.</returns>
    public int CopyText(byte[] target, int offset)
    {
        return XmlText.Decode(_buffer, _textStart, _textEnd, target, offset, false, !_textIsCData);
    }

    /// <summary>Whether the current piece of text is white space only (on the wire: a reference is not).</summary>
    public bool IsWhiteSpace()
    {
        for (int i = _textStart; i < _textEnd; i++)
        {
            if (!XmlText.IsSpace(_buffer[i]))
            {
                return false;
            }
        }
        return true;
    }

    // ---- walking through what is complete in the buffer ----

    /// <summary>
    /// Moves to the next child of an open element and skips what lies between. To walk: <c>int depth = p.Depth; while (p.NextChild(depth)) { … }</c>.
    /// </summary>
    /// <param name="depth">Depth of the element whose children are wanted.</param>
    /// <returns>False when the element has ended (or the bytes have).</returns>
    public bool NextChild(int depth)
    {
        for (; ; )
        {
            switch (Next())
            {
                case XmlToken.StartElement when _scope.Depth == depth + 1:
                    return true;
                case XmlToken.EndElement when _scope.Depth < depth:
                case XmlToken.NeedMore:
                case XmlToken.Error:
                    return false;
            }
        }
    }

    /// <summary>Reads to the end of the current element and returns its own text, without that of its children. Makes strings.</summary>
    public string ReadText()
    {
        int depth = _scope.Depth;
        string text = string.Empty;
        for (; ; )
        {
            switch (Next())
            {
                case XmlToken.Text when _scope.Depth == depth:
                    text = text.Length == 0 ? Text : text + Text;
                    break;
                case XmlToken.EndElement when _scope.Depth < depth:
                case XmlToken.NeedMore:
                case XmlToken.Error:
                    return text;
            }
        }
    }

    /// <summary>Reads to the end of the current element.</summary>
    public void Skip()
    {
        int depth = _scope.Depth;
        XmlToken token;
        do
        {
            token = Next();
        }
        while (_scope.Depth >= depth && token != XmlToken.NeedMore && token != XmlToken.Error);
    }

    /// <summary>Whether bytes of a start tag are exactly this text, of at most 96 bytes (a longer one is none). Makes no string, and indexes none.</summary>
    internal bool TextIs(byte[] buffer, int offset, int count, string text)
    {
        return Look(text) == count && Utf8.Equal(buffer, offset, _name, 0, count);
    }

    private int Look(string name)
    {
        return Utf8.Encode(name, _name, 0);
    }
}
