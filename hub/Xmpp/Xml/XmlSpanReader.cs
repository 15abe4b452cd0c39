using System.Runtime.CompilerServices;
using System.Text;

namespace IotXmpp.Hub.Xml;

/// <summary>What <see cref="XmlSpanReader.Read"/> stands on.</summary>
public enum XmlNode : byte
{
    /// <summary>Before the first read, or behind the last node.</summary>
    None,

    /// <summary>A start tag; an empty-element tag is a start followed by an end.</summary>
    Start,

    /// <summary>An end tag.</summary>
    End,

    /// <summary>Character data or a CDATA section.</summary>
    Text,
}

/// <summary>
/// Pulls nodes out of XML that <see cref="StreamTokenizer"/> has already let through: it checks nothing again, allocates nothing and copies nothing.
/// All spans point into the bytes given.
/// </summary>
public ref struct XmlSpanReader
{
    private readonly ReadOnlySpan<byte> _xml;
    private readonly ReadOnlySpan<byte> _outerNamespace;
    private Declarations _declarations;
    private Declaration[]? _moreDeclarations;
    private int _declarationCount;
    private int _position;
    private int _tagStart;
    private int _nameStart;
    private int _nameLength;
    private int _prefixLength;
    private int _attributesEnd;
    private int _textStart;
    private int _textLength;
    private bool _isCData;
    private bool _emptyPending;
    private bool _dropScope;

    /// <summary>A reader of <paramref name="xml"/>; an element without a declared namespace is in <paramref name="outerNamespace"/> (UTF-8; none: <c>jabber:client</c>).</summary>
    public XmlSpanReader(ReadOnlySpan<byte> xml, ReadOnlySpan<byte> outerNamespace = default)
    {
        _xml = xml;
        _outerNamespace = outerNamespace.IsEmpty ? "jabber:client"u8 : outerNamespace;
    }

    /// <summary>The kind of the node that the reader stands on.</summary>
    public XmlNode Node { get; private set; }

    /// <summary>How many elements are open, the current one included.</summary>
    public int Depth { get; private set; }

    /// <summary>Where the current start tag begins in the bytes given.</summary>
    public readonly int TagStart => _tagStart;

    /// <summary>The first byte that was not read yet.</summary>
    public readonly int Position => _position;

    /// <summary>Whether the start tag is an empty-element tag.</summary>
    public readonly bool IsEmptyElement => _emptyPending;

    /// <summary>The local name of the start or end tag.</summary>
    public readonly ReadOnlySpan<byte> LocalName => _prefixLength == 0
        ? _xml.Slice(_nameStart, _nameLength)
        : _xml.Slice(_nameStart + _prefixLength + 1, _nameLength - _prefixLength - 1);

    /// <summary>The prefix of the start or end tag; empty where it has none.</summary>
    public readonly ReadOnlySpan<byte> Prefix => _xml.Slice(_nameStart, _prefixLength);

    /// <summary>The namespace of the start tag, as it stands (references in it are not resolved).</summary>
    public readonly ReadOnlySpan<byte> Namespace => Lookup(Prefix);

    /// <summary>The namespace of the start tag as text: written with references, it is still that one.</summary>
    public readonly string NamespaceText => XmlEscape.Decode(Namespace, isAttribute: true);

    /// <summary>The namespace that a prefix stands for here; empty where it is not declared in these bytes.</summary>
    public readonly ReadOnlySpan<byte> NamespaceOf(ReadOnlySpan<byte> prefix) => Lookup(prefix);

    /// <summary>The character data as it stands, references and all.</summary>
    public readonly ReadOnlySpan<byte> RawText => _xml.Slice(_textStart, _textLength);

    /// <summary>The character data that <see cref="RawText"/> stands for.</summary>
    public readonly string TextValue => _isCData ? XmlEscape.DecodeCData(RawText) : XmlEscape.Decode(RawText, isAttribute: false);

    /// <summary>The attributes of the start tag as they stand, with the white space before each.</summary>
    public readonly ReadOnlySpan<byte> RawAttributes => _xml[(_nameStart + _nameLength).._attributesEnd];

    /// <summary>Goes on to the next node; false behind the last.</summary>
    public bool Read()
    {
        if (_dropScope)
        {
            _dropScope = false;
            while (_declarationCount > 0 && DeclarationAt(_declarationCount - 1).Depth >= Depth)
            {
                _declarationCount--;
            }

            Depth--;
        }

        if (_emptyPending)
        {
            _emptyPending = false;
            _dropScope = true;
            Node = XmlNode.End;
            return true;
        }

        if (_position >= _xml.Length)
        {
            Node = XmlNode.None;
            return false;
        }

        if (_xml[_position] != '<')
        {
            int stop = _xml[_position..].IndexOf((byte)'<');
            SetText(_position, stop < 0 ? _xml.Length - _position : stop, isCData: false);
            _position += _textLength;
            return true;
        }

        byte next = _xml[_position + 1];
        if (next == '!')
        {
            int start = _position + "<![CDATA[".Length;
            int length = _xml[start..].IndexOf("]]>"u8);
            SetText(start, length, isCData: true);
            _position = start + length + 3;
            return true;
        }

        if (next == '/')
        {
            SetName(_position + 2);
            _position = _nameStart + _nameLength;
            _position += _xml[_position..].IndexOf((byte)'>') + 1;
            _dropScope = true;
            Node = XmlNode.End;
            return true;
        }

        ReadStart();
        return true;
    }

    /// <summary>Whether the reader stands on the start of the element <paramref name="name"/> in <paramref name="ns"/>.</summary>
    public readonly bool IsStart(ReadOnlySpan<byte> name, ReadOnlySpan<byte> ns) => Node == XmlNode.Start && LocalName.SequenceEqual(name) && Namespace.SequenceEqual(ns);

    /// <summary>Whether the reader stands on the start of an element <paramref name="name"/>, whatever its namespace.</summary>
    public readonly bool IsStart(ReadOnlySpan<byte> name) => Node == XmlNode.Start && LocalName.SequenceEqual(name);

    /// <summary>From a start tag to its end; the reader then stands on <see cref="XmlNode.End"/>.</summary>
    public void Skip()
    {
        int depth = Depth;
        while (!(Node == XmlNode.End && Depth == depth) && Read())
        {
        }
    }

    /// <summary>From a start tag to its end, giving the element whole, as it stands (tags included).</summary>
    public ReadOnlySpan<byte> ReadOuter()
    {
        int start = _tagStart;
        Skip();
        return _xml[start.._position];
    }

    /// <summary>From a start tag to its end, giving what stands between its tags.</summary>
    public ReadOnlySpan<byte> ReadInner()
    {
        if (_emptyPending)
        {
            Skip();
            return default;
        }

        int start = _position;
        int depth = Depth;
        int end = start;
        while (!(Node == XmlNode.End && Depth == depth))
        {
            end = _position;
            if (!Read())
            {
                break;
            }
        }

        return _xml[start..end];
    }

    /// <summary>From a start tag to its end, giving all character data below it.</summary>
    public string ReadText()
    {
        int depth = Depth;
        string text = string.Empty;
        while (!(Node == XmlNode.End && Depth == depth) && Read())
        {
            if (Node == XmlNode.Text)
            {
                text = text.Length == 0 ? TextValue : text + TextValue;
            }
        }

        return text;
    }

    /// <summary>The value of an attribute, or null where the start tag has none of that name (given with its prefix).</summary>
    public readonly string? Attribute(ReadOnlySpan<byte> name) => TryGetAttribute(name, out ReadOnlySpan<byte> raw) ? XmlEscape.Decode(raw, isAttribute: true) : null;

    /// <summary>The raw value of an attribute: references in it are not resolved.</summary>
    public readonly bool TryGetAttribute(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> raw)
    {
        var attributes = new AttributeReader(RawAttributes);
        while (attributes.Read())
        {
            if (attributes.Name.SequenceEqual(name))
            {
                raw = attributes.RawValue;
                return true;
            }
        }

        raw = default;
        return false;
    }

    private void ReadStart()
    {
        _tagStart = _position;
        SetName(_position + 1);
        Depth++;
        int i = _nameStart + _nameLength;
        while (true)
        {
            while (XmlChars.IsSpace(_xml[i]))
            {
                i++;
            }

            if (_xml[i] is (byte)'>' or (byte)'/')
            {
                break;
            }

            int start = i;
            i += _xml[i..].IndexOf((byte)'=');
            int nameEnd = i;
            while (XmlChars.IsSpace(_xml[nameEnd - 1]))
            {
                nameEnd--;
            }

            i++;
            while (XmlChars.IsSpace(_xml[i]))
            {
                i++;
            }

            byte quote = _xml[i++];
            int length = _xml[i..].IndexOf(quote);
            ReadOnlySpan<byte> name = _xml[start..nameEnd];
            if (name.StartsWith("xmlns"u8) && (name.Length == 5 || name[5] == ':'))
            {
                int prefixStart = name.Length == 5 ? start : start + 6;
                Declare(new Declaration(Depth, prefixStart, nameEnd - prefixStart, i, length, name.Length == 5));
            }

            i += length + 1;
        }

        _attributesEnd = i;
        _emptyPending = _xml[i] == '/';
        _position = i + (_emptyPending ? 2 : 1);
        Node = XmlNode.Start;
    }

    private void SetText(int start, int length, bool isCData)
    {
        _textStart = start;
        _textLength = length;
        _isCData = isCData;
        Node = XmlNode.Text;
    }

    private void SetName(int start)
    {
        int i = start;
        int colon = 0;
        while (XmlChars.IsName(_xml[i]))
        {
            if (_xml[i] == ':')
            {
                colon = i - start;
            }

            i++;
        }

        _nameStart = start;
        _nameLength = i - start;
        _prefixLength = colon;
    }

    private readonly ReadOnlySpan<byte> Lookup(ReadOnlySpan<byte> prefix)
    {
        for (int i = _declarationCount - 1; i >= 0; i--)
        {
            Declaration declaration = DeclarationAt(i);
            if (prefix.IsEmpty ? declaration.IsDefault : !declaration.IsDefault && _xml.Slice(declaration.PrefixStart, declaration.PrefixLength).SequenceEqual(prefix))
            {
                return _xml.Slice(declaration.UriStart, declaration.UriLength);
            }
        }

        if (prefix.IsEmpty)
        {
            return _outerNamespace;
        }

        return prefix.SequenceEqual("xml"u8) ? "http://www.w3.org/XML/1998/namespace"u8 : default;
    }

    private readonly Declaration DeclarationAt(int index) => index < Declarations.Length ? _declarations[index] : _moreDeclarations![index - Declarations.Length];

    private void Declare(Declaration declaration)
    {
        if (_declarationCount < Declarations.Length)
        {
            _declarations[_declarationCount++] = declaration;
            return;
        }

        int index = _declarationCount++ - Declarations.Length;
        if (_moreDeclarations is null || index >= _moreDeclarations.Length)
        {
            Array.Resize(ref _moreDeclarations, Math.Max(16, index * 2));
        }

        _moreDeclarations[index] = declaration;
    }

    private readonly record struct Declaration(int Depth, int PrefixStart, int PrefixLength, int UriStart, int UriLength, bool IsDefault);

    [InlineArray(Length)]
    private struct Declarations
    {
        public const int Length = 6;
        private Declaration _first;
    }
}

/// <summary>Walks the attributes of one start tag that was already let through.</summary>
public ref struct AttributeReader
{
    private ReadOnlySpan<byte> _rest;

    /// <summary>A reader of attributes as they stand in a tag, white space before each.</summary>
    public AttributeReader(ReadOnlySpan<byte> rawAttributes) => _rest = rawAttributes;

    /// <summary>The name, with its prefix.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>The value as it stands, references in it not resolved.</summary>
    public ReadOnlySpan<byte> RawValue { get; private set; }

    /// <summary>The attribute as it stands, quotes and all.</summary>
    public ReadOnlySpan<byte> Raw { get; private set; }

    /// <summary>Goes on to the next attribute; false behind the last.</summary>
    public bool Read()
    {
        _rest = _rest.TrimStart(" \t\r\n"u8);
        int equals = _rest.IndexOf((byte)'=');
        if (equals < 0)
        {
            return false;
        }

        Name = _rest[..equals].TrimEnd(" \t\r\n"u8);
        int start = equals + 1;
        while (XmlChars.IsSpace(_rest[start]))
        {
            start++;
        }

        int length = _rest[(start + 1)..].IndexOf(_rest[start]);
        RawValue = _rest.Slice(start + 1, length);
        Raw = _rest[..(start + length + 2)];
        _rest = _rest[(start + length + 2)..];
        return true;
    }
}
