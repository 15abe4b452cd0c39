using System;

namespace IotXmpp.Xml;

/// <summary>
/// A resumable pull parser of the XML that XMPP allows (RFC 6120 §11) over bytes that the caller holds. It reads tokens, checks everything (UTF-8, characters, names, nesting,
/// namespaces, bounds) and keeps nothing but the open names: when <see cref="Next"/> says <see cref="XmlToken.NeedMore"/>, keep the bytes from <see cref="Position"/> on, append, and call it again.
/// </summary>
/// <remarks>
/// DTD, comments, processing instructions and entities other than the five are refused. CDATA is read as text. Allocates only when it grows towards its bounds or when a string is asked for.
/// </remarks>
public sealed class XmlPullParser
{
    private static readonly byte[] CDataStart = Utf8.Encode("<![CDATA[");
    private static readonly byte[] DeclarationStart = Utf8.Encode("<?xml");
    private static readonly byte[] XmlNamespace = Utf8.Encode("http://www.w3.org/XML/1998/namespace");

    private readonly XmlLimits _limits;
    private readonly XmlScope _scope;
    private readonly XmlAttributes _attributes;
    private readonly byte[] _name = new byte[96]; // a name that is looked for: the longest namespace of XMPP has about 60 bytes

    private byte[] _buffer = new byte[0];
    private int _position;
    private int _end;
    private int _scanned; // how far the search for the end of a tag has come, from _position
    private int _quote;
    private bool _begun;
    private bool _rootSeen;
    private bool _inCData;
    private bool _emptyTag;
    private bool _textIsCData;
    private int _textStart;
    private int _textEnd;
    private int _current; // the level whose name is shown
    private XmlToken _token;
    private long _stanzaBytes;

    /// <summary>A parser with its bounds.</summary>
    public XmlPullParser(XmlLimits limits)
    {
        _limits = limits;
        _scope = new XmlScope(limits.Depth, limits.ScopeBytes);
        _attributes = new XmlAttributes(limits.Attributes);
    }

    /// <summary>Why the input was refused.</summary>
    public XmlError Error { get; private set; }

    /// <summary>Open elements; a start tag counts already, an end tag no longer.</summary>
    public int Depth => _scope.Depth;

    /// <summary>Where the first byte stands that is not consumed yet.</summary>
    public int Position => _position;

    /// <summary>Where the current token starts.</summary>
    public int TokenStart { get; private set; }

    /// <summary>What <see cref="Next"/> returned last.</summary>
    public XmlToken Token => _token;

    /// <summary>The buffer the positions mean.</summary>
    public byte[] Buffer => _buffer;

    /// <summary>Attributes of the current start tag, namespace declarations included.</summary>
    public int AttributeCount => _attributes.Count;

    /// <summary>Begins a new document in these bytes.</summary>
    public void Reset(byte[] buffer, int offset, int count)
    {
        _scope.Reset();
        _attributes.Clear();
        _begun = false;
        _rootSeen = false;
        _inCData = false;
        _emptyTag = false;
        _scanned = 0;
        _quote = 0;
        _stanzaBytes = 0;
        Error = XmlError.None;
        _token = XmlToken.NeedMore;
        SetBuffer(buffer, offset, count);
    }

    /// <summary>Goes on in these bytes: they begin with what stood at <see cref="Position"/> and was not consumed.</summary>
    public void SetBuffer(byte[] buffer, int offset, int count)
    {
        _buffer = buffer;
        _position = offset;
        _end = offset + count;
        _attributes.Clear(); // their positions are of the old buffer
        _textEnd = _textStart;
    }

    /// <summary>Goes on with more bytes that were appended in the same buffer.</summary>
    public void SetEnd(int end)
    {
        _end = end;
    }

    /// <summary>Says that the buffered bytes have moved by so much (negative: to the front), and perhaps to another array.</summary>
    public void Moved(byte[] buffer, int by)
    {
        SetBuffer(buffer, _position + by, _end - _position);
    }

    /// <summary>Goes back to a child of the root (a stanza) that starts at this position and has been parsed: it is read again.</summary>
    public void Rewind(int position)
    {
        _scope.CutTo(1);
        _position = position;
        _inCData = false;
        _emptyTag = false;
        _scanned = 0;
        _quote = 0;
        _stanzaBytes = 0;
    }

    /// <summary>Reads the next token.</summary>
    public XmlToken Next()
    {
        if (Error != XmlError.None)
        {
            return XmlToken.Error;
        }
        int before = _position;
        _token = Read();
        if (_scope.Depth <= 1 && _token != XmlToken.NeedMore)
        {
            _stanzaBytes = 0;
        }
        else
        {
            _stanzaBytes += _position - before;
            if (_stanzaBytes > _limits.StanzaBytes)
            {
                return Fail(XmlError.LimitExceeded);
            }
        }
        return _token;
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
        return _scope.LocalIs(_current, name.LocalUtf8) && _scope.NamespaceIs(_current, name.NamespaceUtf8);
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
            return Utf8.Decode(XmlNamespace, 0, XmlNamespace.Length);
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

    // ---- the tokens ----

    private XmlToken Read()
    {
        if (_emptyTag)
        {
            _emptyTag = false;
            return Close();
        }
        if (!_begun && !Begin())
        {
            return Error == XmlError.None ? XmlToken.NeedMore : XmlToken.Error;
        }
        if (_inCData)
        {
            return ReadCData();
        }
        if (_scope.Depth == 0)
        {
            // outside the root: white space only
            while (_position < _end && XmlText.IsSpace(_buffer[_position]))
            {
                _position++;
            }
        }
        TokenStart = _position;
        if (_position == _end)
        {
            return XmlToken.NeedMore;
        }
        if (_buffer[_position] != '<')
        {
            return _scope.Depth == 0 ? Fail(Bad(_position)) : ReadText(false);
        }
        if (_position + 1 == _end)
        {
            return XmlToken.NeedMore;
        }
        int second = _buffer[_position + 1];
        if (second == '?')
        {
            return Fail(XmlError.RestrictedXml);
        }
        return second == '!' ? ReadDeclaration() : ReadTag(second == '/');
    }

    // A byte order mark and an XML declaration may stand first, and only there.
    private bool Begin()
    {
        int have = _end - _position;
        if (have == 0)
        {
            return false;
        }
        if (_buffer[_position] == 0xEF)
        {
            if (have < 3)
            {
                return false;
            }
            if (_buffer[_position + 1] == 0xBB && _buffer[_position + 2] == 0xBF)
            {
                _position += 3;
                have -= 3;
            }
        }
        int match = 0;
        while (match < have && match < DeclarationStart.Length && _buffer[_position + match] == DeclarationStart[match])
        {
            match++;
        }
        if (match < DeclarationStart.Length || have > match && !XmlText.IsSpace(_buffer[_position + match]))
        {
            if (match == have)
            {
                return false;
            }
            _begun = true;
            return true;
        }
        if (have == match)
        {
            return false;
        }
        for (int i = _position + match; i + 1 < _end; i++)
        {
            if (_buffer[i] == '?' && _buffer[i + 1] == '>')
            {
                XmlError error = _attributes.Parse(_buffer, _position + match, i);
                error = error == XmlError.None ? XmlDeclaration() : error;
                _attributes.Clear();
                if (error != XmlError.None)
                {
                    Fail(error);
                    return false;
                }
                _position = i + 2;
                _begun = true;
                return true;
            }
        }
        if (have > _limits.TagBytes)
        {
            Fail(XmlError.LimitExceeded);
        }
        return false;
    }

    // XML 1.0 §2.8: version, then encoding, then standalone
    private XmlError XmlDeclaration()
    {
        int step = 0;
        for (int i = 0; i < _attributes.Count; i++)
        {
            string name = AttributePrefix(i).Length == 0 ? AttributeName(i) : string.Empty;
            string value = AttributeValue(i);
            if (name == "version" && step == 0)
            {
                step = 1;
                if (value != "1.0")
                {
                    return XmlError.NotWellFormed;
                }
            }
            else if (name == "encoding" && step == 1)
            {
                step = 2;
                if (value.ToLower() != "utf-8")
                {
                    return XmlError.BadEncoding;
                }
            }
            else if (name == "standalone" && (step == 1 || step == 2) && (value == "yes" || value == "no"))
            {
                step = 3;
            }
            else
            {
                return XmlError.NotWellFormed;
            }
        }
        return step == 0 ? XmlError.NotWellFormed : XmlError.None;
    }

    private XmlToken ReadTag(bool closing)
    {
        // find the end first, remembering how far the search has come: a tag that arrives byte by byte is read once
        int i = _position + (_scanned == 0 ? 1 : _scanned);
        for (; i < _end; i++)
        {
            int b = _buffer[i];
            if (b == '<')
            {
                return Fail(XmlError.NotWellFormed);
            }
            if (_quote != 0)
            {
                _quote = b == _quote ? 0 : _quote;
            }
            else if (b == '\'' || b == '"')
            {
                _quote = b;
            }
            else if (b == '>')
            {
                break;
            }
            if (i - _position >= _limits.TagBytes)
            {
                return Fail(XmlError.LimitExceeded);
            }
        }
        if (i == _end)
        {
            _scanned = i - _position;
            return XmlToken.NeedMore;
        }
        _scanned = 0;
        int start = _position;
        _position = i + 1;
        return closing ? EndTag(start + 2, i) : StartTag(start + 1, i);
    }

    private XmlToken StartTag(int start, int end)
    {
        if (_scope.Depth == 0 && _rootSeen)
        {
            return Fail(XmlError.NotWellFormed);
        }
        if (end > start && _buffer[end - 1] == '/')
        {
            end--;
            _emptyTag = true;
        }
        int prefix = 0;
        int length = XmlText.NameLength(_buffer, start, end);
        int nameEnd = start + length;
        if (length > 0 && nameEnd < end && _buffer[nameEnd] == ':')
        {
            prefix = length;
            length = XmlText.NameLength(_buffer, nameEnd + 1, end);
            nameEnd += 1 + length;
        }
        if (length == 0 || nameEnd < end && !XmlText.IsSpace(_buffer[nameEnd]))
        {
            return Fail(nameEnd < end ? Bad(nameEnd) : XmlError.NotWellFormed);
        }
        XmlError error = _attributes.Parse(_buffer, nameEnd, end);
        if (error != XmlError.None)
        {
            return Fail(error);
        }
        if (!_scope.Push(_buffer, start, nameEnd - start, prefix))
        {
            return Fail(XmlError.LimitExceeded);
        }
        error = _attributes.Declare(_buffer, _scope);
        if (error == XmlError.None && (XmlScope.IsXmlns(_buffer, start, prefix) || !_scope.Resolve()))
        {
            error = XmlError.BadNamespacePrefix;
        }
        if (error == XmlError.None)
        {
            error = _attributes.Resolve(_buffer, _scope);
        }
        if (error != XmlError.None)
        {
            return Fail(error);
        }
        _current = _scope.Depth;
        _rootSeen = true;
        return XmlToken.StartElement;
    }

    private XmlToken EndTag(int start, int end)
    {
        while (end > start && XmlText.IsSpace(_buffer[end - 1]))
        {
            end--;
        }
        if (_scope.Depth == 0 || !_scope.NameIs(_scope.Depth, _buffer, start, end - start))
        {
            return Fail(XmlError.NotWellFormed);
        }
        return Close();
    }

    private XmlToken Close()
    {
        TokenStart = _position;
        _current = _scope.Depth;
        _attributes.Clear();
        _scope.Pop();
        return XmlToken.EndElement;
    }

    // <!DOCTYPE, <!-- and <![CDATA[
    private XmlToken ReadDeclaration()
    {
        for (int i = 2; i < CDataStart.Length; i++)
        {
            if (_position + i == _end)
            {
                return XmlToken.NeedMore;
            }
            int b = _buffer[_position + i];
            if (b != CDataStart[i])
            {
                return Fail(i == 2 && (b == '-' || b == 'D') ? XmlError.RestrictedXml : XmlError.NotWellFormed);
            }
        }
        if (_scope.Depth == 0)
        {
            return Fail(XmlError.NotWellFormed);
        }
        _position += CDataStart.Length;
        _inCData = true;
        return ReadCData();
    }

    private XmlToken ReadCData()
    {
        TokenStart = _position;
        if (_end - _position >= 3 && _buffer[_position] == ']' && _buffer[_position + 1] == ']' && _buffer[_position + 2] == '>')
        {
            _inCData = false;
            _position += 3;
            return Read();
        }
        return ReadText(true);
    }

    private XmlToken ReadText(bool cdata)
    {
        TokenStart = _position;
        int i = _position;
        while (i < _end)
        {
            int b = _buffer[i];
            int width;
            if (b == '<' && !cdata)
            {
                break;
            }
            if (b == '&' && !cdata)
            {
                width = XmlText.Reference(_buffer, i, _end, out _);
                if (width < 0)
                {
                    return Fail(width == -2 ? XmlError.RestrictedXml : XmlError.NotWellFormed);
                }
            }
            else if (b == ']')
            {
                if (_end - i < 3)
                {
                    // held back: the next bytes may make it "]]>"; what is no ']' decides at once
                    if (_end - i == 1 || _buffer[i + 1] == ']')
                    {
                        break;
                    }
                }
                else if (_buffer[i + 1] == ']' && _buffer[i + 2] == '>')
                {
                    if (cdata)
                    {
                        break;
                    }
                    return Fail(XmlError.NotWellFormed); // XML 1.0 §2.4
                }
                width = 1;
            }
            else if (b == '\r' && i + 1 == _end)
            {
                break; // held back: CR LF is one line end
            }
            else
            {
                width = Utf8.CharLength(_buffer, i, _end);
                if (width < 0)
                {
                    return Fail(width == -2 ? XmlError.NotWellFormed : XmlError.BadEncoding);
                }
            }
            if (width == 0)
            {
                break;
            }
            i += width;
        }
        if (i == _position)
        {
            return XmlToken.NeedMore;
        }
        _textStart = _position;
        _textEnd = i;
        _textIsCData = cdata;
        _position = i;
        return XmlToken.Text;
    }

    private XmlError Bad(int at)
    {
        return Utf8.CharLength(_buffer, at, _end) == -1 ? XmlError.BadEncoding : XmlError.NotWellFormed;
    }

    private XmlToken Fail(XmlError error)
    {
        Error = error;
        _token = XmlToken.Error;
        return XmlToken.Error;
    }

    private int Look(string name)
    {
        return Utf8.Encode(name, _name, 0);
    }
}
