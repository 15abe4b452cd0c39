using System;

namespace IotXmpp.Xml;

/// <summary>The half of <see cref="XmlPullParser"/> that finds the tokens and checks them; the other half says what is in them.</summary>
public abstract class XmlTokenizer
{
    private static readonly byte[] CDataStart = Utf8.Encode("<![CDATA[");
    private static readonly byte[] DeclarationStart = Utf8.Encode("<?xml");

    private readonly XmlLimits _limits;
    private protected readonly XmlScope _scope;
    private protected readonly XmlAttributes _attributes;

    private protected byte[] _buffer = new byte[0];
    private int _position;
    private int _end;
    private int _scanned; // how far the search for the end of a tag has come, from _position
    private int _quote;
    private bool _begun;
    private bool _rootSeen;
    private bool _inCData;
    private bool _emptyTag;
    private protected bool _textIsCData;
    private protected int _textStart;
    private protected int _textEnd;
    private protected int _current; // the level whose name is shown
    private protected XmlToken _token;
    private long _stanzaBytes;

    private protected XmlTokenizer(XmlLimits limits)
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
            if (_scope.Depth > 0)
            {
                return ReadText(false);
            }
            return Utf8.CharLength(_buffer, _position, _end) == 0 ? XmlToken.NeedMore : Fail(Bad(_position));
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
            string name = _attributes.PrefixLength(i) == 0 ? Utf8.Decode(_buffer, _attributes.LocalAt(i), _attributes.LocalLength(i)) : string.Empty;
            string value = XmlText.String(_buffer, _attributes.ValueAt(i), _attributes.ValueEnd(i), true, true);
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
        XmlError error = XmlError.None;
        while (i < _end)
        {
            int width = TextWidth(i, cdata, ref error);
            if (width == 0)
            {
                break;
            }
            i += width;
        }
        if (i == _position && error != XmlError.None)
        {
            return Fail(error);
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

    // Bytes of the character or reference at a position of text; 0 where the text ends, is to be held back, or is wrong. What is right before it is told first.
    private int TextWidth(int i, bool cdata, ref XmlError error)
    {
        int b = _buffer[i];
        if (b == '<' && !cdata || b == '\r' && i + 1 == _end)
        {
            return 0; // CR LF is one line end: it is held back until the next byte
        }
        if (b == ']')
        {
            int have = _end - i;
            if (have < 3)
            {
                // the next bytes may make it "]]>"; what is no ']' decides at once
                return have == 1 || _buffer[i + 1] == ']' ? 0 : 1;
            }
            if (_buffer[i + 1] != ']' || _buffer[i + 2] != '>')
            {
                return 1;
            }
            error = cdata ? XmlError.None : XmlError.NotWellFormed; // XML 1.0 §2.4
            return 0;
        }
        if (b == '&' && !cdata)
        {
            int length = XmlText.Reference(_buffer, i, _end, out _);
            error = length == -2 ? XmlError.RestrictedXml : length < 0 ? XmlError.NotWellFormed : XmlError.None;
            return length < 0 ? 0 : length;
        }
        int width = Utf8.CharLength(_buffer, i, _end);
        error = width == -2 ? XmlError.NotWellFormed : width < 0 ? XmlError.BadEncoding : XmlError.None;
        return width < 0 ? 0 : width;
    }

    private XmlError Bad(int at)
    {
        return Utf8.CharLength(_buffer, at, _end) == -1 ? XmlError.BadEncoding : XmlError.NotWellFormed;
    }

    private XmlToken Fail(XmlError error)
    {
        Error = error;
        return _token = XmlToken.Error;
    }
}
