using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace IotXmpp.Hub.Xml;

/// <summary>Character data: valid UTF-8 (RFC 3629) of characters that XML 1.0 has.</summary>
internal static class Utf8Text
{
    private static ReadOnlySpan<byte> Specials => [0xEF, 0xBF];

    /// <summary>Whether the bytes are whole, valid characters; ASCII controls are the caller's to look for.</summary>
    public static bool IsValid(ReadOnlySpan<byte> text)
    {
        if (Ascii.IsValid(text))
        {
            return true;
        }

        // U+FFFE and U+FFFF (EF BF BE, EF BF BF) are no XML characters; surrogates are no UTF-8.
        if (!Utf8.IsValid(text))
        {
            return false;
        }

        int at;
        while ((at = text.IndexOf(Specials)) >= 0)
        {
            if (text[at + 2] >= 0xBE)
            {
                return false;
            }

            text = text[(at + 3)..];
        }

        return true;
    }
}

/// <summary>References (XML 1.0 §4.1).</summary>
internal static class References
{
    /// <summary>The stream error that a reference earns which cannot be read: an entity is restricted XML, anything else is not well-formed.</summary>
    public static XmlError ErrorOf(ReadOnlySpan<byte> text) => text.Length > 1 && XmlChars.IsNameStart(text[1]) ? XmlError.RestrictedXml : XmlError.NotWellFormed;
}

/// <summary>Qualified names (Namespaces in XML §4).</summary>
internal static class XmlNames
{
    /// <summary>The length of the qualified name that <paramref name="text"/> begins with, 0 where there is none, and that of its prefix.</summary>
    public static int Measure(ReadOnlySpan<byte> text, out int prefixLength)
    {
        prefixLength = 0;
        int i = 0;
        bool ascii = true;
        while (i < text.Length && XmlChars.IsName(text[i]))
        {
            if (text[i] == ':')
            {
                if (prefixLength > 0 || i == 0)
                {
                    return 0;
                }

                prefixLength = i;
            }

            ascii &= text[i] < 0x80;
            i++;
        }

        if (i == 0 || !XmlChars.IsNameStart(text[0]) || (prefixLength > 0 && (prefixLength == i - 1 || !XmlChars.IsNameStart(text[prefixLength + 1]))))
        {
            return 0;
        }

        return ascii || AreNameRunes(text[..i], prefixLength) ? i : 0;
    }

    private static bool AreNameRunes(ReadOnlySpan<byte> name, int prefixLength)
    {
        bool first = true;
        while (!name.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(name, out Rune rune, out int used) != OperationStatus.Done)
            {
                return false;
            }

            if (rune.Value == ':' && prefixLength > 0)
            {
                first = true;
            }
            else if (first ? !XmlChars.IsNameStartRune(rune.Value) : !XmlChars.IsNameRune(rune.Value))
            {
                return false;
            }
            else
            {
                first = false;
            }

            name = name[used..];
        }

        return true;
    }
}

/// <summary>A namespace declaration: where its prefix (length 0: the default) and its URI stand.</summary>
internal readonly record struct Declaration(int Depth, int PrefixStart, int PrefixLength, int UriStart, int UriLength);

/// <summary>What is open while one element is scanned; rented for that time only.</summary>
internal sealed class ScanFrame
{
    [ThreadStatic]
    private static ScanFrame? _spare;

    private (int Start, int Length)[] _open = new (int, int)[16];
    private Declaration[] _declarations = new Declaration[16];
    private (int Start, int PrefixLength, int NameLength)[] _prefixed = new (int, int, int)[8];

    /// <summary>Open elements.</summary>
    public int Depth { get; private set; }

    /// <summary>Prefix declarations in scope.</summary>
    public int Declarations { get; private set; }

    /// <summary>Attributes with a prefix in the tag being read.</summary>
    public int PrefixedAttributes { get; private set; }

    public static ScanFrame Rent()
    {
        ScanFrame frame = _spare ?? new ScanFrame();
        _spare = null;
        return frame;
    }

    public static void Return(ScanFrame frame)
    {
        frame.Depth = 0;
        frame.Declarations = 0;
        frame.PrefixedAttributes = 0;
        if (frame._open.Length <= 128 && frame._declarations.Length <= 128)
        {
            _spare = frame;
        }
    }

    public void Push(int nameStart, int nameLength)
    {
        if (Depth == _open.Length)
        {
            Array.Resize(ref _open, Depth * 2);
        }

        _open[Depth++] = (nameStart, nameLength);
        PrefixedAttributes = 0;
    }

    public (int Start, int Length) Pop()
    {
        while (Declarations > 0 && _declarations[Declarations - 1].Depth == Depth)
        {
            Declarations--;
        }

        return _open[--Depth];
    }

    public void Declare(int prefixStart, int prefixLength, int uriStart, int uriLength)
    {
        if (Declarations == _declarations.Length)
        {
            Array.Resize(ref _declarations, Declarations * 2);
        }

        _declarations[Declarations++] = new Declaration(Depth, prefixStart, prefixLength, uriStart, uriLength);
    }

    public Declaration DeclarationAt(int index) => _declarations[index];

    /// <summary>The innermost declaration of a prefix, or -1.</summary>
    public int FindPrefix(ReadOnlySpan<byte> data, ReadOnlySpan<byte> prefix)
    {
        for (int i = Declarations - 1; i >= 0; i--)
        {
            if (data.Slice(_declarations[i].PrefixStart, _declarations[i].PrefixLength).SequenceEqual(prefix))
            {
                return i;
            }
        }

        return -1;
    }

    public void AddPrefixedAttribute(int start, int prefixLength, int nameLength)
    {
        if (PrefixedAttributes == _prefixed.Length)
        {
            Array.Resize(ref _prefixed, PrefixedAttributes * 2);
        }

        _prefixed[PrefixedAttributes++] = (start, prefixLength, nameLength);
    }

    public (int Start, int PrefixLength) PrefixedAttribute(int index) => (_prefixed[index].Start, _prefixed[index].PrefixLength);

    public (int Start, int PrefixLength, int NameLength) PrefixedAttributeName(int index) => _prefixed[index];
}

/// <summary>The attributes of one start tag.</summary>
internal static class TagAttributes
{
    /// <summary>Checks the attributes and notes declarations and prefixes in the frame.</summary>
    /// <param name="data">All bytes of the element so far.</param>
    /// <param name="offset">Where <paramref name="text"/> begins in them.</param>
    /// <param name="text">What stands between the tag's name and its end.</param>
    /// <param name="frame">Gets declarations and prefixed attributes.</param>
    /// <param name="limit">Attributes allowed.</param>
    public static XmlError Check(ReadOnlySpan<byte> data, int offset, ReadOnlySpan<byte> text, ScanFrame frame, int limit)
    {
        int count = 0;
        int i = 0;
        while (true)
        {
            int space = i;
            while (i < text.Length && XmlChars.IsSpace(text[i]))
            {
                i++;
            }

            if (i == text.Length)
            {
                return XmlError.None;
            }

            int nameStart = i;
            int nameLength = XmlNames.Measure(text[i..], out int prefixLength);
            if (nameLength == 0 || i == space)
            {
                return XmlError.NotWellFormed;
            }

            i = SkipSpace(text, i + nameLength);
            if (i >= text.Length || text[i] != '=')
            {
                return XmlError.NotWellFormed;
            }

            i = SkipSpace(text, i + 1);
            if (i >= text.Length || text[i] is not ((byte)'\'' or (byte)'"'))
            {
                return XmlError.NotWellFormed;
            }

            byte quote = text[i++];
            int length = text[i..].IndexOf(quote);
            if (length < 0)
            {
                return XmlError.NotWellFormed;
            }

            ReadOnlySpan<byte> value = text.Slice(i, length);
            XmlError error = CheckValue(value);
            if (error != XmlError.None)
            {
                return error;
            }

            ReadOnlySpan<byte> name = text.Slice(nameStart, nameLength);
            if (++count > limit)
            {
                return XmlError.PolicyViolation;
            }

            if (count > 1 && HasName(text[..nameStart], name))
            {
                return XmlError.NotWellFormed;
            }

            if (name.StartsWith("xmlns"u8) && (nameLength == 5 || prefixLength == 5))
            {
                error = CheckDeclaration(prefixLength == 0 ? default : name[6..], value);
                if (error != XmlError.None)
                {
                    return error;
                }

                if (prefixLength > 0)
                {
                    frame.Declare(offset + nameStart + 6, nameLength - 6, offset + i, length);
                }
            }
            else if (prefixLength > 0)
            {
                frame.AddPrefixedAttribute(offset + nameStart, prefixLength, nameLength);
            }

            i += length + 1;
        }
    }

    /// <summary>Whether two attributes of the tag have one local name in one namespace under two prefixes (Namespaces in XML §6.3).</summary>
    public static bool HasSameExpandedName(ReadOnlySpan<byte> data, ScanFrame frame)
    {
        for (int i = 1; i < frame.PrefixedAttributes; i++)
        {
            for (int j = 0; j < i; j++)
            {
                (int startA, int prefixA, int nameA) = frame.PrefixedAttributeName(i);
                (int startB, int prefixB, int nameB) = frame.PrefixedAttributeName(j);
                ReadOnlySpan<byte> a = data.Slice(startA + prefixA, nameA - prefixA);
                ReadOnlySpan<byte> b = data.Slice(startB + prefixB, nameB - prefixB);
                if (a.SequenceEqual(b) && Uri(data, frame, data.Slice(startA, prefixA)).SequenceEqual(Uri(data, frame, data.Slice(startB, prefixB))))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static ReadOnlySpan<byte> Uri(ReadOnlySpan<byte> data, ScanFrame frame, ReadOnlySpan<byte> prefix)
    {
        int index = frame.FindPrefix(data, prefix);
        if (index < 0)
        {
            return prefix;
        }

        Declaration declaration = frame.DeclarationAt(index);
        return data.Slice(declaration.UriStart, declaration.UriLength);
    }

    private static int SkipSpace(ReadOnlySpan<byte> text, int i)
    {
        while (i < text.Length && XmlChars.IsSpace(text[i]))
        {
            i++;
        }

        return i;
    }

    private static bool HasName(ReadOnlySpan<byte> before, ReadOnlySpan<byte> name)
    {
        var attributes = new AttributeReader(before);
        while (attributes.Read())
        {
            if (attributes.Name.SequenceEqual(name))
            {
                return true;
            }
        }

        return false;
    }

    private static XmlError CheckValue(ReadOnlySpan<byte> value)
    {
        if (!Utf8Text.IsValid(value))
        {
            return XmlError.NotWellFormed;
        }

        while (true)
        {
            int stop = value.IndexOfAny(XmlChars.ValueStop);
            if (stop < 0)
            {
                return XmlError.None;
            }

            if (value[stop] != '&')
            {
                return XmlError.NotWellFormed;
            }

            (int codePoint, int length) = XmlEscape.Read(value[stop..]);
            if (codePoint < 0)
            {
                return References.ErrorOf(value[stop..]);
            }

            value = value[(stop + length)..];
        }
    }

    private static XmlError CheckDeclaration(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> uri)
    {
        bool isXml = uri.SequenceEqual("http://www.w3.org/XML/1998/namespace"u8);
        bool isXmlns = uri.SequenceEqual("http://www.w3.org/2000/xmlns/"u8);
        bool fine = prefix.IsEmpty
            ? !isXml && !isXmlns
            : !uri.IsEmpty && !prefix.SequenceEqual("xmlns"u8) && prefix.SequenceEqual("xml"u8) == isXml && !isXmlns;
        return fine ? XmlError.None : XmlError.NotWellFormed;
    }
}

/// <summary>The XML declaration (XML 1.0 §2.8).</summary>
internal static class XmlDeclaration
{
    /// <summary>Checks what stands between <c>&lt;?xml</c> and <c>?&gt;</c>: version 1.x, then at most an encoding, then at most standalone.</summary>
    public static XmlError Check(ReadOnlySpan<byte> text)
    {
        var frame = ScanFrame.Rent();
        XmlError error = TagAttributes.Check(text, 0, text, frame, 3);
        ScanFrame.Return(frame);
        if (error != XmlError.None)
        {
            return XmlError.NotWellFormed;
        }

        int stage = 0;
        var attributes = new AttributeReader(text);
        while (attributes.Read())
        {
            int now = attributes.Name.SequenceEqual("version"u8) ? 1 : attributes.Name.SequenceEqual("encoding"u8) ? 2 : attributes.Name.SequenceEqual("standalone"u8) ? 3 : 0;
            if (now <= stage || (stage == 0 && now != 1))
            {
                return XmlError.NotWellFormed;
            }

            stage = now;
            ReadOnlySpan<byte> value = attributes.RawValue;
            if (now == 1 && !value.SequenceEqual("1.0"u8))
            {
                return XmlError.NotWellFormed;
            }

            if (now == 2 && !Ascii.EqualsIgnoreCase(value, "utf-8"u8))
            {
                return XmlError.UnsupportedEncoding;
            }

            if (now == 3 && !value.SequenceEqual("yes"u8) && !value.SequenceEqual("no"u8))
            {
                return XmlError.NotWellFormed;
            }
        }

        return stage == 0 ? XmlError.NotWellFormed : XmlError.None;
    }
}
