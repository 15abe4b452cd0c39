using System;

namespace IotXmpp.Xml;

/// <summary>
/// Writes XML into a byte[] and escapes what needs it; numbers and times go in without strings. What does not fit sets <see cref="Overflowed"/> and the stanza is to be given up:
/// nothing throws in the middle of a stanza. What XML cannot carry (control characters, U+FFFE) becomes U+FFFD.
/// </summary>
public sealed class StanzaWriter
{
    /// <summary>Open elements at once. A payload of ours has at most eight.</summary>
    public const int MaxDepth = 32;

    private readonly string[] _open = new string[MaxDepth];
    private readonly int _maximum;
    private byte[] _buffer;
    private int _depth;
    private bool _inTag;

    /// <summary>A writer with a buffer of fixed size.</summary>
    /// <param name="capacity">Bytes.</param>
    public StanzaWriter(int capacity) : this(capacity, capacity)
    {
    }

    /// <summary>A writer whose buffer doubles up to a bound.</summary>
    /// <param name="capacity">Bytes at first.</param>
    /// <param name="maximum">Bytes at most.</param>
    public StanzaWriter(int capacity, int maximum)
    {
        _buffer = new byte[capacity];
        _maximum = maximum;
    }

    /// <summary>The bytes; valid are those before <see cref="Length"/>. Another array after growing.</summary>
    public byte[] Buffer => _buffer;

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>Whether something did not fit, or was nested too deep.</summary>
    public bool Overflowed { get; private set; }

    /// <summary>Elements that are open.</summary>
    public int Depth => _depth;

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        Length = 0;
        _depth = 0;
        _inTag = false;
        Overflowed = false;
    }

    /// <summary>Opens an element in the namespace that is in force.</summary>
    /// <param name="name">The name, with its prefix if it has one.</param>
    public StanzaWriter Start(string name)
    {
        CloseTag();
        if (_depth == MaxDepth)
        {
            Overflowed = true;
            return this;
        }
        _open[_depth++] = name;
        Byte('<');
        Plain(name);
        _inTag = true;
        return this;
    }

    /// <summary>Opens an element and declares its namespace as the default.</summary>
    public StanzaWriter Start(string name, string ns)
    {
        return Start(name).Attribute("xmlns", ns);
    }

    /// <summary>Opens an element and declares its namespace as the default.</summary>
    public StanzaWriter Start(XmlName name)
    {
        return Start(name.Local).Attribute("xmlns", name.Namespace);
    }

    /// <summary>Closes the innermost element; without content it becomes an empty-element tag.</summary>
    public StanzaWriter End()
    {
        if (_depth == 0)
        {
            Overflowed = true;
            return this;
        }
        string name = _open[--_depth];
        if (_inTag)
        {
            _inTag = false;
            Byte('/');
        }
        else
        {
            Byte('<');
            Byte('/');
            Plain(name);
        }
        Byte('>');
        return this;
    }

    /// <summary>An element that holds nothing.</summary>
    public StanzaWriter Empty(string name)
    {
        return Start(name).End();
    }

    /// <summary>An element that holds nothing, with its namespace.</summary>
    public StanzaWriter Empty(string name, string ns)
    {
        return Start(name, ns).End();
    }

    /// <summary>An element with text.</summary>
    public StanzaWriter Element(string name, string text)
    {
        return Start(name).Text(text).End();
    }

    /// <summary>An attribute of the element just opened; null writes nothing.</summary>
    public StanzaWriter Attribute(string name, string value)
    {
        if (value == null)
        {
            return this;
        }
        Quote(name);
        Escaped(value, true);
        Byte('\'');
        return this;
    }

    /// <summary>An attribute whose value is UTF-8 already.</summary>
    public StanzaWriter Attribute(string name, byte[] value, int offset, int count)
    {
        Quote(name);
        Escaped(value, offset, count, true);
        Byte('\'');
        return this;
    }

    /// <summary>An attribute that holds an address; null writes nothing.</summary>
    public StanzaWriter Attribute(string name, Xmpp.Jid value)
    {
        return value == null ? this : Attribute(name, value.Utf8, 0, value.Utf8.Length);
    }

    /// <summary>An attribute that holds an integer.</summary>
    public StanzaWriter Attribute(string name, long value)
    {
        Quote(name);
        Integer(value);
        Byte('\'');
        return this;
    }

    /// <summary>An attribute that holds a number with so many decimals (0–9), trailing zeros left out.</summary>
    public StanzaWriter Attribute(string name, double value, int decimals)
    {
        Quote(name);
        NumberText(value, decimals);
        Byte('\'');
        return this;
    }

    /// <summary>An attribute that holds <c>true</c> or <c>false</c>.</summary>
    public StanzaWriter Attribute(string name, bool value)
    {
        return Attribute(name, value ? "true" : "false");
    }

    /// <summary>An attribute that holds a point in time (XEP-0082).</summary>
    /// <param name="name">The attribute.</param>
    /// <param name="unixMs">Milliseconds since 1970-01-01T00:00:00Z.</param>
    public StanzaWriter TimeAttribute(string name, long unixMs)
    {
        Quote(name);
        Time(unixMs);
        Byte('\'');
        return this;
    }

    /// <summary>Text of the innermost element.</summary>
    public StanzaWriter Text(string text)
    {
        CloseTag();
        Escaped(text, false);
        return this;
    }

    /// <summary>Text that is UTF-8 already.</summary>
    public StanzaWriter Text(byte[] utf8, int offset, int count)
    {
        CloseTag();
        Escaped(utf8, offset, count, false);
        return this;
    }

    /// <summary>An integer as text.</summary>
    public StanzaWriter Text(long value)
    {
        CloseTag();
        Integer(value);
        return this;
    }

    /// <summary>A number as text, with so many decimals (0–9), trailing zeros left out.</summary>
    public StanzaWriter Text(double value, int decimals)
    {
        CloseTag();
        NumberText(value, decimals);
        return this;
    }

    /// <summary>A point in time as text (XEP-0082), in milliseconds since 1970.</summary>
    public StanzaWriter TimeText(long unixMs)
    {
        CloseTag();
        Time(unixMs);
        return this;
    }

    /// <summary>Bytes in base64 as text (RFC 4648 §4).</summary>
    public StanzaWriter Base64(byte[] data, int offset, int count)
    {
        CloseTag();
        int length = Xml.Base64.EncodedLength(count);
        if (Room(length))
        {
            Xml.Base64.Encode(data, offset, count, _buffer, Length);
            Length += length;
        }
        return this;
    }

    /// <summary>Markup that is right already, such as a payload that was stored.</summary>
    public StanzaWriter Raw(byte[] markup, int offset, int count)
    {
        CloseTag();
        Bytes(markup, offset, count);
        return this;
    }

    /// <summary>Markup that is right already, ASCII only.</summary>
    public StanzaWriter Raw(string markup)
    {
        CloseTag();
        Plain(markup);
        return this;
    }

    /// <summary>Closes the tag that is open, so that <see cref="Buffer"/> can be sent though elements are open: a stream header.</summary>
    public void CloseTag()
    {
        if (_inTag)
        {
            _inTag = false;
            Byte('>');
        }
    }

    /// <summary>Closes elements until so many are open.</summary>
    public StanzaWriter EndTo(int depth)
    {
        while (_depth > depth)
        {
            End();
        }
        return this;
    }

    private void Quote(string name)
    {
        if (!_inTag)
        {
            Overflowed = true; // an attribute after content: the stanza would be wrong
        }
        Byte(' ');
        Plain(name);
        Byte('=');
        Byte('\'');
    }

    private void Byte(char value)
    {
        if (Room(1))
        {
            _buffer[Length++] = (byte)value;
        }
    }

    private void Bytes(byte[] bytes, int offset, int count)
    {
        if (Room(count))
        {
            Array.Copy(bytes, offset, _buffer, Length, count);
            Length += count;
        }
    }

    private int Put(string text)
    {
        int count = Utf8.Encode(text, _buffer, Length);
        while (count < 0 && Room(_buffer.Length - Length + 1))
        {
            count = Utf8.Encode(text, _buffer, Length);
        }
        return count;
    }

    private void Plain(string text)
    {
        int count = Put(text);
        if (count > 0)
        {
            Length += count;
        }
    }

    private void Escaped(string text, bool attribute)
    {
        int count = Put(text);
        if (count > 0)
        {
            EscapeInPlace(Length, count, attribute);
        }
    }

    private void Escaped(byte[] bytes, int offset, int count, bool attribute)
    {
        if (Room(count))
        {
            Array.Copy(bytes, offset, _buffer, Length, count);
            EscapeInPlace(Length, count, attribute);
        }
    }

    // The text stands unescaped at the end of the buffer: where it grows it is shifted from its end, so each byte moves once.
    private void EscapeInPlace(int start, int count, bool attribute)
    {
        int extra = 0;
        for (int i = start; i < start + count; i++)
        {
            if (IsNonCharacter(i, start + count))
            {
                _buffer[i + 2] = 0xBD; // U+FFFE and U+FFFF become U+FFFD
            }
            extra += Escape(_buffer[i], attribute).Length;
            extra -= Escape(_buffer[i], attribute).Length == 0 ? 0 : 1;
        }
        if (!Room(count + extra))
        {
            return;
        }
        Length = start + count + extra;
        int to = Length;
        for (int i = start + count - 1; extra > 0; i--)
        {
            byte[] escape = Escape(_buffer[i], attribute);
            if (escape.Length == 0)
            {
                _buffer[--to] = _buffer[i];
                continue;
            }
            to -= escape.Length;
            Array.Copy(escape, 0, _buffer, to, escape.Length);
            extra -= escape.Length - 1;
        }
    }

    private bool IsNonCharacter(int i, int end)
    {
        return _buffer[i] == 0xEF && i + 2 < end && _buffer[i + 1] == 0xBF && _buffer[i + 2] >= 0xBE;
    }

    private static byte[] Escape(byte b, bool attribute)
    {
        if (b >= 0x40)
        {
            return None;
        }
        switch (b)
        {
            case (byte)'&': return Amp;
            case (byte)'<': return Lt;
            case (byte)'>': return Gt; // "]]>" must not stand in text
            case (byte)'\'': return attribute ? Apos : None;
            case (byte)'\r': return Cr;
            case (byte)'\n': return attribute ? Lf : None;
            case (byte)'\t': return attribute ? Tab : None;
            default: return b < 0x20 ? Replacement : None;
        }
    }

    private static readonly byte[] None = new byte[0];
    private static readonly byte[] Amp = Utf8.Encode("&amp;");
    private static readonly byte[] Lt = Utf8.Encode("&lt;");
    private static readonly byte[] Gt = Utf8.Encode("&gt;");
    private static readonly byte[] Apos = Utf8.Encode("&apos;");
    private static readonly byte[] Cr = Utf8.Encode("&#13;");
    private static readonly byte[] Lf = Utf8.Encode("&#10;");
    private static readonly byte[] Tab = Utf8.Encode("&#9;");
    private static readonly byte[] Replacement = { 0xEF, 0xBF, 0xBD };

    private void Integer(long value)
    {
        if (Room(NumberFormat.MaxBytes))
        {
            Length += NumberFormat.Integer(value, _buffer, Length);
        }
    }

    private void NumberText(double value, int decimals)
    {
        if (Room(NumberFormat.MaxBytes))
        {
            int count = NumberFormat.Fixed(value, decimals, _buffer, Length);
            if (count < 0)
            {
                Plain(NumberFormat.Text(value)); // too large for a long: rare enough for a string
                return;
            }
            Length += count;
        }
    }

    private void Time(long unixMs)
    {
        if (Room(NumberFormat.MaxBytes))
        {
            Length += TimeFormat.Write(unixMs, _buffer, Length);
        }
    }

    private bool Room(int count)
    {
        if (_buffer.Length - Length >= count)
        {
            return !Overflowed;
        }
        int need = Length + count;
        if (Overflowed || need > _maximum || need < 0)
        {
            Overflowed = true;
            return false;
        }
        int size = _buffer.Length < 64 ? 64 : _buffer.Length;
        while (size < need)
        {
            size *= 2;
        }
        byte[] grown = new byte[size > _maximum ? _maximum : size];
        // the text being escaped stands behind Length: it moves too
        Array.Copy(_buffer, 0, grown, 0, _buffer.Length);
        _buffer = grown;
        return true;
    }
}
