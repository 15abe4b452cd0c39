using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace IotXmpp.Hub.Xml;

/// <summary>
/// Writes XML as UTF-8 into one growing pooled buffer. Names are given as UTF-8 literals and are trusted; values and texts are escaped.
/// Characters that XML 1.0 cannot say (§2.2) are written as U+FFFD. Not thread-safe; <see cref="Dispose"/> gives the buffer back.
/// </summary>
/// <example><code>
/// using var xml = new XmlBuilder();
/// xml.Open("query"u8, Ns.Version).Text("name"u8, "IotXmpp").Close("query"u8);
/// </code></example>
public sealed class XmlBuilder : IBufferWriter<byte>, IDisposable
{
    private byte[] _buffer;
    private int _count;
    private bool _tagOpen;

    /// <summary>A builder with room for <paramref name="capacity"/> bytes before it grows.</summary>
    public XmlBuilder(int capacity = 512) => _buffer = ArrayPool<byte>.Shared.Rent(capacity);

    /// <summary>What was written so far; valid until the next write or <see cref="Dispose"/>.</summary>
    public ReadOnlySpan<byte> Written
    {
        get
        {
            EndTag();
            return _buffer.AsSpan(0, _count);
        }
    }

    /// <summary>What was written so far; valid until the next write or <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> WrittenMemory
    {
        get
        {
            EndTag();
            return _buffer.AsMemory(0, _count);
        }
    }

    /// <summary>What was written so far while a start tag is still open at its end: more attributes may be put behind it by others.</summary>
    internal ReadOnlySpan<byte> OpenTag => _buffer.AsSpan(0, _count);

    /// <summary>The number of bytes written.</summary>
    public int Count => _count + (_tagOpen ? 1 : 0);

    /// <summary>What was written so far, as an array of its own.</summary>
    public byte[] ToArray() => Written.ToArray();

    /// <summary>Forgets what was written and keeps the buffer.</summary>
    public void Clear()
    {
        _count = 0;
        _tagOpen = false;
    }

    /// <summary>Begins an element; attributes may follow.</summary>
    public XmlBuilder Open(ReadOnlySpan<byte> name)
    {
        EndTag();
        Append((byte)'<');
        Append(name);
        _tagOpen = true;
        return this;
    }

    /// <summary>Begins an element that declares its default namespace.</summary>
    public XmlBuilder Open(ReadOnlySpan<byte> name, string ns) => Open(name).Attribute("xmlns"u8, ns);

    /// <summary>Begins an element that declares its default namespace.</summary>
    public XmlBuilder Open(ReadOnlySpan<byte> name, ReadOnlySpan<byte> ns) => Open(name).Attribute("xmlns"u8, ns);

    /// <summary>Adds an attribute to the element just begun; nothing is written where <paramref name="value"/> is null.</summary>
    public XmlBuilder Attribute(ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            BeginAttribute(name);
            AppendEscaped(value, inAttribute: true);
            Append((byte)'\'');
        }

        return this;
    }

    /// <summary>Adds an attribute whose value is UTF-8 and still unescaped.</summary>
    public XmlBuilder Attribute(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        BeginAttribute(name);
        AppendEscaped(value);
        Append((byte)'\'');
        return this;
    }

    /// <summary>Adds an attribute with a number.</summary>
    public XmlBuilder Attribute(ReadOnlySpan<byte> name, long value)
    {
        BeginAttribute(name);
        Utf8Formatter.TryFormat(value, Room(20), out int written);
        _count += written;
        Append((byte)'\'');
        return this;
    }

    /// <summary>Adds attributes as they stand in <paramref name="raw"/>, which begins with a space or is empty.</summary>
    public XmlBuilder RawAttributes(ReadOnlySpan<byte> raw)
    {
        Append(raw);
        return this;
    }

    /// <summary>Writes character data.</summary>
    public XmlBuilder Text(string text)
    {
        EndTag();
        AppendEscaped(text, inAttribute: false);
        return this;
    }

    /// <summary>Writes an element with character data; nothing where <paramref name="text"/> is null.</summary>
    public XmlBuilder Text(ReadOnlySpan<byte> name, string? text) => text is null ? this : Open(name).Text(text).Close(name);

    /// <summary>Writes well-formed XML as it is.</summary>
    public XmlBuilder Raw(ReadOnlySpan<byte> xml)
    {
        if (!xml.IsEmpty)
        {
            EndTag();
            Append(xml);
        }

        return this;
    }

    /// <summary>Ends the element <paramref name="name"/>; one without content is written as an empty-element tag.</summary>
    public XmlBuilder Close(ReadOnlySpan<byte> name)
    {
        if (_tagOpen)
        {
            _tagOpen = false;
            Append("/>"u8);
        }
        else
        {
            Append("</"u8);
            Append(name);
            Append((byte)'>');
        }

        return this;
    }

    /// <summary>Writes an empty element.</summary>
    public XmlBuilder Empty(ReadOnlySpan<byte> name) => Open(name).Close(name);

    /// <summary>Writes an empty element that declares its namespace.</summary>
    public XmlBuilder Empty(ReadOnlySpan<byte> name, string ns) => Open(name, ns).Close(name);

    /// <inheritdoc/>
    public void Advance(int count) => _count += count;

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Room(Math.Max(sizeHint, 1));
        return _buffer.AsMemory(_count);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => Room(Math.Max(sizeHint, 1));

    /// <summary>Gives the buffer back; the builder is not used afterwards.</summary>
    public void Dispose()
    {
        byte[] buffer = _buffer;
        _buffer = [];
        _count = 0;
        _tagOpen = false;
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void BeginAttribute(ReadOnlySpan<byte> name)
    {
        Append((byte)' ');
        Append(name);
        Append("='"u8);
    }

    private void EndTag()
    {
        if (_tagOpen)
        {
            _tagOpen = false;
            Append((byte)'>');
        }
    }

    private Span<byte> Room(int count)
    {
        if (_buffer.Length - _count < count)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _count + count));
            _buffer.AsSpan(0, _count).CopyTo(larger);
            if (_buffer.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(_buffer);
            }

            _buffer = larger;
        }

        return _buffer.AsSpan(_count);
    }

    private void Append(byte value)
    {
        Room(1)[0] = value;
        _count++;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        _count += bytes.Length;
    }

    private void AppendEscaped(ReadOnlySpan<byte> utf8)
    {
        while (true)
        {
            int stop = utf8.IndexOfAny(XmlChars.Escaped);
            if (stop < 0)
            {
                Append(utf8);
                return;
            }

            Append(utf8[..stop]);
            Append(XmlEscape.Reference((char)utf8[stop], inAttribute: true));
            utf8 = utf8[(stop + 1)..];
        }
    }

    private void AppendEscaped(ReadOnlySpan<char> text, bool inAttribute)
    {
        while (true)
        {
            int stop = text.IndexOfAny(XmlChars.EscapedChars);
            ReadOnlySpan<char> plain = stop < 0 ? text : text[..stop];
            _count += Encoding.UTF8.GetBytes(plain, Room(plain.Length * 3));
            if (stop < 0)
            {
                return;
            }

            int used = 1;
            if (Rune.DecodeFromUtf16(text[stop..], out Rune rune, out int length) == OperationStatus.Done && length == 2)
            {
                _count += rune.EncodeToUtf8(Room(4));
                used = 2;
            }
            else
            {
                Append(XmlEscape.Reference(text[stop], inAttribute));
            }

            text = text[(stop + used)..];
        }
    }
}
