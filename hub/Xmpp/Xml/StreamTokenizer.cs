using System.Text.Unicode;

namespace IotXmpp.Hub.Xml;

/// <summary>What <see cref="StreamTokenizer.Next"/> found.</summary>
internal enum TokenKind : byte
{
    /// <summary>The bytes end inside of something; call again with the same bytes and more behind them.</summary>
    NeedMore,

    /// <summary>The start tag of the stream; it stays open.</summary>
    StreamStart,

    /// <summary>One whole element at the first level: a stanza or a nonza.</summary>
    Element,

    /// <summary>The end tag of the stream.</summary>
    StreamEnd,

    /// <summary>The peer broke a rule: <see cref="Token.Error"/>.</summary>
    Error,
}

/// <summary>The stream errors that XML itself can earn (RFC 6120 §4.9.3).</summary>
internal enum XmlError : byte
{
    /// <summary>None.</summary>
    None,

    /// <summary>Not well-formed, by XML or by namespaces (§4.9.3.13).</summary>
    NotWellFormed,

    /// <summary>A comment, DTD, processing instruction or entity (§4.9.3.18, §11.1).</summary>
    RestrictedXml,

    /// <summary>Well-formed, but nothing that a stream has: text between stanzas (§4.9.3.1).</summary>
    BadFormat,

    /// <summary>A limit was passed: depth, attributes, bytes (§4.9.3.14).</summary>
    PolicyViolation,

    /// <summary>An encoding other than UTF-8 (§4.9.3.22).</summary>
    UnsupportedEncoding,
}

/// <summary>A part of a stream.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Start">Where it begins; with <see cref="TokenKind.NeedMore"/>: how many bytes (white space) may be dropped.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Error">The error, with <see cref="TokenKind.Error"/>.</param>
/// <param name="IsPlain">The element has no prefix itself and uses none that the stream's start tag declared: its bytes mean the same in any stream.</param>
internal readonly record struct Token(TokenKind Kind, int Start, int Length, XmlError Error = XmlError.None, bool IsPlain = false);

/// <summary>
/// Cuts the bytes of one stream into elements and checks everything on the way: UTF-8, well-formedness, namespaces, what RFC 6120 §11.1 forbids, and the
/// limits. It resumes where it stopped, tag by tag, so that each byte is looked at once however the peer splits them. Between elements it holds nothing.
/// </summary>
internal sealed class StreamTokenizer
{
    /// <summary>Bytes that an XML declaration may have (256): the longest that XML 1.0 §2.8 makes sense of has some sixty.</summary>
    private const int MaxDeclaration = 256;

    private static readonly byte[] UsualName = "stream:stream"u8.ToArray();
    private static readonly List<(byte[] Prefix, byte[] Uri)> UsualPrefixes = [("stream"u8.ToArray(), "http://etherx.jabber.org/streams"u8.ToArray())];

    private readonly int _maxDepth;
    private readonly int _maxAttributes;
    private readonly bool _framed;
    private List<(byte[] Prefix, byte[] Uri)>? _streamPrefixes;
    private byte[] _streamName = [];
    private ScanFrame? _frame;
    private State _state;
    private int _scanned;
    private int _tagStart;
    private byte _quote;
    private bool _usesStreamPrefix;
    private bool _rootHasPrefix;
    private bool _declarationSeen;
    private bool _markSeen;
    private bool _spaceSeen;

    /// <param name="maxBytes">Largest element, in bytes.</param>
    /// <param name="maxDepth">How deep elements may nest.</param>
    /// <param name="maxAttributes">Attributes an element may have.</param>
    /// <param name="framed">The transport frames elements (RFC 7395): there is no stream tag.</param>
    public StreamTokenizer(int maxBytes, int maxDepth, int maxAttributes, bool framed = false)
    {
        MaxBytes = maxBytes;
        _maxDepth = maxDepth;
        _maxAttributes = maxAttributes;
        _framed = framed;
    }

    private enum State : byte
    {
        Between,
        Text,
        Tag,
        CData,
    }

    /// <summary>Largest element, in bytes; it may grow when a stream has been authenticated.</summary>
    public int MaxBytes { get; set; }

    /// <summary>Whether the first start tag may be an empty element: a wrapper around nothing (XEP-0124 §7).</summary>
    public bool MayBeEmpty { get; init; }

    /// <summary>Whether an element was begun and has not ended.</summary>
    public bool IsInside => _frame is not null || _state != State.Between;

    /// <summary>Whether the stream's start tag was read.</summary>
    public bool IsOpen => _framed || _streamName.Length > 0;

    /// <summary>The prefixes that the stream's start tag declared, <c>stream</c> among them.</summary>
    public IReadOnlyList<(byte[] Prefix, byte[] Uri)> StreamPrefixes => _streamPrefixes ?? (IReadOnlyList<(byte[], byte[])>)[];

    /// <summary>Expects a new stream's start tag (RFC 6120 §4.3.3: a restart after STARTTLS or SASL).</summary>
    public void Restart()
    {
        _streamName = [];
        _streamPrefixes = null;
        _declarationSeen = false;
        _markSeen = false;
        _spaceSeen = false;
        EndElement();
    }

    /// <summary>Reads on. <paramref name="data"/> begins where the last token ended; after <see cref="TokenKind.NeedMore"/> it is the same bytes (less those dropped) with more behind.</summary>
    public Token Next(ReadOnlySpan<byte> data)
    {
        int origin = 0;
        if (_state == State.Between && _frame is null && !IsOpen && !_markSeen && !_spaceSeen && !_declarationSeen && data.Length > 0 && data[0] == 0xEF)
        {
            // XML 1.0 §4.3.3: a byte order mark is a signature of UTF-8, not a part of the document.
            ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
            int known = Math.Min(data.Length, mark.Length);
            if (data[..known].SequenceEqual(mark[..known]))
            {
                if (known < mark.Length)
                {
                    return More();
                }

                _markSeen = true;
                Token behind = Next(data[mark.Length..]);
                return behind.Kind == TokenKind.Error ? behind : behind with { Start = behind.Start + mark.Length };
            }
        }

        if (_state == State.Between && _frame is null)
        {
            while (origin < data.Length && XmlChars.IsSpace(data[origin]))
            {
                origin++;
            }

            if (origin == data.Length)
            {
                _spaceSeen |= origin > 0;
                return new Token(TokenKind.NeedMore, origin, 0);
            }

            if (data[origin] != '<')
            {
                return Fail(IsOpen && data[origin] >= 0x20 ? XmlError.BadFormat : XmlError.NotWellFormed);
            }

            _spaceSeen |= origin > 0;
            _scanned = 0;
            _tagStart = 0;
            _quote = 0;
            _state = State.Tag;
        }

        Token token = Scan(data[origin..]);
        if (token.Kind == TokenKind.Error)
        {
            return token;
        }

        if (token.Kind == TokenKind.NeedMore)
        {
            // What stood before (a declaration) is done with as well: seen again it would be a second one.
            int done = origin + token.Start;
            return data.Length - done > MaxBytes ? Fail(XmlError.PolicyViolation) : new Token(TokenKind.NeedMore, done, 0);
        }

        return token.Length > MaxBytes ? Fail(XmlError.PolicyViolation) : token with { Start = token.Start + origin };
    }

    private static Token Fail(XmlError error) => new(TokenKind.Error, 0, 0, error);

    private static Token More() => new(TokenKind.NeedMore, 0, 0);

    private Token Scan(ReadOnlySpan<byte> data)
    {
        while (true)
        {
            Token? token = _state switch
            {
                State.Tag => ScanTag(data),
                State.CData => ScanCData(data),
                _ => ScanText(data),
            };
            if (token is { } done)
            {
                return done;
            }
        }
    }

    private Token? ScanText(ReadOnlySpan<byte> data)
    {
        while (true)
        {
            ReadOnlySpan<byte> rest = data[_scanned..];
            int stop = rest.IndexOfAny(XmlChars.TextStop);
            ReadOnlySpan<byte> run = stop < 0 ? WholeCharacters(rest) : rest[..stop];
            if (!Utf8Text.IsValid(run))
            {
                return Fail(XmlError.NotWellFormed);
            }

            _scanned += run.Length;
            if (stop < 0)
            {
                return rest.Length - run.Length > 3 ? Fail(XmlError.NotWellFormed) : More();
            }

            switch (data[_scanned])
            {
                case (byte)'<':
                    _tagStart = _scanned;
                    _quote = 0;
                    _state = State.Tag;
                    return null;
                case (byte)'&':
                    ReadOnlySpan<byte> reference = data[_scanned..];
                    XmlError error = CheckReference(reference, out int length);
                    if (error != XmlError.None)
                    {
                        return Fail(error);
                    }

                    if (length == 0)
                    {
                        return More();
                    }

                    _scanned += length;
                    break;
                case (byte)'>':
                    if (data[_scanned - 1] == ']' && data[_scanned - 2] == ']')
                    {
                        return Fail(XmlError.NotWellFormed);
                    }

                    _scanned++;
                    break;
                default:
                    return Fail(XmlError.NotWellFormed);
            }
        }
    }

    private Token? ScanCData(ReadOnlySpan<byte> data)
    {
        int start = _tagStart + "<![CDATA[".Length;
        int from = Math.Max(start, _scanned);
        int end = data[from..].IndexOf("]]>"u8);
        if (end < 0)
        {
            _scanned = Math.Max(start, data.Length - 2);
            return More();
        }

        ReadOnlySpan<byte> content = data[start..(from + end)];
        if (content.IndexOfAny(XmlChars.Controls) >= 0 || !Utf8Text.IsValid(content))
        {
            return Fail(XmlError.NotWellFormed);
        }

        _scanned = from + end + 3;
        _state = State.Text;
        return null;
    }

    private Token? ScanTag(ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<byte> tag = data[_tagStart..];
        if (tag.Length < 2)
        {
            return More();
        }

        if (tag[1] == '!')
        {
            ReadOnlySpan<byte> opening = "<![CDATA["u8;
            int known = Math.Min(tag.Length, opening.Length);
            if (!tag[..known].SequenceEqual(opening[..known]))
            {
                return Fail(XmlError.RestrictedXml);
            }

            if (known < opening.Length)
            {
                return More();
            }

            if (_frame is null)
            {
                // Text, which nothing stands for between stanzas.
                return Fail(IsOpen ? XmlError.BadFormat : XmlError.NotWellFormed);
            }

            _state = State.CData;
            _scanned = _tagStart + opening.Length;
            return null;
        }

        if (tag[1] == '?')
        {
            return ScanDeclaration(tag);
        }

        int i = Math.Max(_scanned - _tagStart, 1);
        while (true)
        {
            int stop = _quote == 0 ? tag[i..].IndexOfAny(XmlChars.TagStop) : tag[i..].IndexOfAny(_quote, (byte)'<');
            if (stop < 0)
            {
                _scanned = _tagStart + tag.Length;
                return More();
            }

            i += stop;
            byte b = tag[i++];
            if (b == '<')
            {
                return Fail(XmlError.NotWellFormed);
            }

            if (b == '>')
            {
                break;
            }

            _quote = _quote == 0 ? b : (byte)0;
        }

        _scanned = _tagStart + i;
        return tag[1] == '/' ? EndTag(data, i) : StartTag(data, i);
    }

    // Only at the very beginning of a stream: <?xml version='1.0' encoding='UTF-8'?> (RFC 6120 §11.5, §11.6).
    private Token? ScanDeclaration(ReadOnlySpan<byte> tag)
    {
        if (_spaceSeen && !_declarationSeen && !IsOpen)
        {
            // XML 1.0 §2.8: nothing stands before the declaration.
            return Fail(XmlError.NotWellFormed);
        }

        ReadOnlySpan<byte> opening = "<?xml"u8;
        int known = Math.Min(tag.Length, opening.Length);
        if (IsOpen || _declarationSeen || !tag[..known].SequenceEqual(opening[..known]))
        {
            return Fail(XmlError.RestrictedXml);
        }

        if (tag.Length > opening.Length && !XmlChars.IsSpace(tag[opening.Length]))
        {
            return Fail(XmlError.RestrictedXml);
        }

        // Looked for in so many bytes, however many there are: the answer does not depend on how the network cuts them.
        int end = tag[..Math.Min(tag.Length, MaxDeclaration)].IndexOf("?>"u8);
        if (end < 0)
        {
            return tag.Length >= MaxDeclaration ? Fail(XmlError.NotWellFormed) : More();
        }

        XmlError error = XmlDeclaration.Check(tag[opening.Length..end]);
        if (error != XmlError.None)
        {
            return Fail(error);
        }

        _declarationSeen = true;
        EndElement();
        Token next = Next(tag[(end + 2)..]);
        return next.Kind == TokenKind.Error ? next : next with { Start = next.Start + end + 2 };
    }

    private Token? EndTag(ReadOnlySpan<byte> data, int length)
    {
        ReadOnlySpan<byte> name = data.Slice(_tagStart + 2, length - 3).TrimEnd(" \t\r\n"u8);
        if (_frame is null)
        {
            bool isEnd = !_framed && IsOpen && name.SequenceEqual(_streamName);
            EndElement();
            return isEnd ? new Token(TokenKind.StreamEnd, 0, length) : Fail(XmlError.NotWellFormed);
        }

        (int start, int nameLength) = _frame.Pop();
        if (!name.SequenceEqual(data.Slice(start, nameLength)))
        {
            return Fail(XmlError.NotWellFormed);
        }

        return AfterTag();
    }

    private Token? AfterTag()
    {
        if (_frame!.Depth > 0)
        {
            _state = State.Text;
            return null;
        }

        var token = new Token(TokenKind.Element, 0, _scanned, IsPlain: !_usesStreamPrefix && !_rootHasPrefix);
        EndElement();
        return token;
    }

    private Token? StartTag(ReadOnlySpan<byte> data, int length)
    {
        bool isRoot = _frame is null;
        ScanFrame frame = _frame ??= ScanFrame.Rent();
        bool isEmpty = data[_scanned - 2] == '/';
        ReadOnlySpan<byte> tag = data.Slice(_tagStart + 1, length - (isEmpty ? 3 : 2));
        int nameLength = XmlNames.Measure(tag, out int prefixLength);
        if (nameLength == 0)
        {
            return Fail(XmlError.NotWellFormed);
        }

        frame.Push(_tagStart + 1, nameLength);
        if (frame.Depth > _maxDepth)
        {
            return Fail(XmlError.PolicyViolation);
        }

        XmlError error = TagAttributes.Check(data, _tagStart + 1 + nameLength, tag[nameLength..], frame, _maxAttributes);
        if (error != XmlError.None)
        {
            return Fail(error);
        }

        if (!IsOpen)
        {
            return OpenStream(data, length, nameLength, prefixLength, isEmpty);
        }

        if (!IsBound(data, data.Slice(_tagStart + 1, prefixLength)))
        {
            return Fail(XmlError.NotWellFormed);
        }

        _rootHasPrefix |= isRoot && prefixLength > 0;
        for (int i = 0; i < frame.PrefixedAttributes; i++)
        {
            (int start, int attributePrefix) = frame.PrefixedAttribute(i);
            if (!IsBound(data, data.Slice(start, attributePrefix)))
            {
                return Fail(XmlError.NotWellFormed);
            }
        }

        if (TagAttributes.HasSameExpandedName(data, frame))
        {
            return Fail(XmlError.NotWellFormed);
        }

        if (isEmpty)
        {
            frame.Pop();
            return AfterTag();
        }

        _state = State.Text;
        return null;
    }

    private Token OpenStream(ReadOnlySpan<byte> data, int length, int nameLength, int prefixLength, bool isEmpty)
    {
        ScanFrame frame = _frame!;
        byte[] name = data.Slice(_tagStart + 1, nameLength).ToArray();
        var prefixes = new List<(byte[] Prefix, byte[] Uri)>(frame.Declarations);
        for (int i = 0; i < frame.Declarations; i++)
        {
            Declaration declaration = frame.DeclarationAt(i);
            prefixes.Add((data.Slice(declaration.PrefixStart, declaration.PrefixLength).ToArray(), data.Slice(declaration.UriStart, declaration.UriLength).ToArray()));
        }

        // Nearly everybody sends the same start tag: then nothing of it is kept for this stream alone.
        bool isUsual = prefixes.Count == 1 && name.AsSpan().SequenceEqual(UsualName) && prefixes[0].Prefix.AsSpan().SequenceEqual(UsualPrefixes[0].Prefix) && prefixes[0].Uri.AsSpan().SequenceEqual(UsualPrefixes[0].Uri);
        _streamPrefixes = prefixes.Count == 0 ? null : isUsual ? UsualPrefixes : prefixes;
        bool bound = prefixLength == 0 || IsBound(data, name.AsSpan(0, prefixLength));
        for (int i = 0; i < frame.PrefixedAttributes; i++)
        {
            (int start, int attributePrefix) = frame.PrefixedAttribute(i);
            bound &= IsBound(data, data.Slice(start, attributePrefix));
        }

        bound &= !TagAttributes.HasSameExpandedName(data, frame);
        EndElement();
        _usesStreamPrefix = false;
        if (!bound)
        {
            return Fail(XmlError.NotWellFormed);
        }

        _streamName = isUsual ? UsualName : name;
        return isEmpty && !MayBeEmpty ? Fail(XmlError.BadFormat) : new Token(TokenKind.StreamStart, 0, length);
    }

    private bool IsBound(ReadOnlySpan<byte> data, ReadOnlySpan<byte> prefix)
    {
        if (prefix.IsEmpty || prefix.SequenceEqual("xml"u8) || _frame!.FindPrefix(data, prefix) >= 0)
        {
            return true;
        }

        if (_streamPrefixes is not null)
        {
            foreach ((byte[] declared, _) in _streamPrefixes)
            {
                if (prefix.SequenceEqual(declared))
                {
                    _usesStreamPrefix = true;
                    return true;
                }
            }
        }

        return false;
    }

    private XmlError CheckReference(ReadOnlySpan<byte> text, out int length)
    {
        (int codePoint, length) = XmlEscape.Read(text);
        if (codePoint >= 0)
        {
            return XmlError.None;
        }

        return text.Length < XmlEscape.MaxReferenceBytes && text.IndexOfAny(";<>\"' "u8) < 0 ? XmlError.None : References.ErrorOf(text);
    }

    private void EndElement()
    {
        if (_frame is not null)
        {
            ScanFrame.Return(_frame);
            _frame = null;
        }

        _state = State.Between;
        _scanned = 0;
        _tagStart = 0;
        _quote = 0;
        _usesStreamPrefix = false;
        _rootHasPrefix = false;
    }

    // All but a character whose bytes have not all come.
    private static ReadOnlySpan<byte> WholeCharacters(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.Length;
        for (int back = 1; back <= 3 && back <= bytes.Length; back++)
        {
            byte b = bytes[^back];
            if (b < 0x80)
            {
                break;
            }

            if (b >= 0xC0)
            {
                int needs = b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : 2;
                if (needs > back)
                {
                    end = bytes.Length - back;
                }

                break;
            }
        }

        return bytes[..end];
    }
}
