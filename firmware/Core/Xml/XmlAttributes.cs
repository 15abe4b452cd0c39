using System;

namespace IotXmpp.Xml;

/// <summary>Where the attributes of the current start tag stand in the parser's buffer.</summary>
internal sealed class XmlAttributes
{
    private const int First = 8;

    private readonly int _max;
    private int[] _nameAt = new int[First];
    private int[] _prefixLength = new int[First];
    private int[] _nameLength = new int[First];
    private int[] _valueAt = new int[First];
    private int[] _valueEnd = new int[First];

    internal XmlAttributes(int max)
    {
        _max = max;
    }

    internal int Count { get; private set; }

    internal void Clear()
    {
        Count = 0;
    }

    internal int ValueAt(int index)
    {
        return _valueAt[index];
    }

    internal int ValueEnd(int index)
    {
        return _valueEnd[index];
    }

    internal int PrefixAt(int index)
    {
        return _nameAt[index];
    }

    internal int PrefixLength(int index)
    {
        return _prefixLength[index];
    }

    internal int LocalAt(int index)
    {
        return _prefixLength[index] == 0 ? _nameAt[index] : _nameAt[index] + _prefixLength[index] + 1;
    }

    internal int LocalLength(int index)
    {
        return _nameAt[index] + _nameLength[index] - LocalAt(index);
    }

    /// <summary>Reads the attributes between the element's name and the end of its tag.</summary>
    internal XmlError Parse(byte[] buffer, int at, int end)
    {
        Count = 0;
        for (; ; )
        {
            int before = at;
            while (at < end && XmlText.IsSpace(buffer[at]))
            {
                at++;
            }
            if (at == end)
            {
                return XmlError.None;
            }
            if (at == before)
            {
                return XmlError.NotWellFormed;
            }
            int name = at;
            int prefix = 0;
            int length = XmlText.NameLength(buffer, at, end);
            at += length;
            if (length > 0 && at < end && buffer[at] == ':')
            {
                prefix = length;
                length = XmlText.NameLength(buffer, at + 1, end);
                at += 1 + length;
            }
            if (length == 0)
            {
                return Malformed(buffer, at, end);
            }
            int nameEnd = at;
            while (at < end && XmlText.IsSpace(buffer[at]))
            {
                at++;
            }
            if (at == end || buffer[at] != '=')
            {
                return at == end ? XmlError.NotWellFormed : Malformed(buffer, at, end);
            }
            at++;
            while (at < end && XmlText.IsSpace(buffer[at]))
            {
                at++;
            }
            if (at == end || buffer[at] != '\'' && buffer[at] != '"')
            {
                return XmlError.NotWellFormed;
            }
            byte quote = buffer[at++];
            int value = at;
            XmlError error = Value(buffer, ref at, end, quote);
            if (error != XmlError.None)
            {
                return error;
            }
            if (Count == _nameAt.Length)
            {
                Grow();
            }
            if (Count == _max)
            {
                return XmlError.LimitExceeded;
            }
            for (int i = 0; i < Count; i++)
            {
                if (_nameLength[i] == nameEnd - name && Utf8.Equal(buffer, _nameAt[i], buffer, name, nameEnd - name))
                {
                    return XmlError.NotWellFormed;
                }
            }
            _nameAt[Count] = name;
            _prefixLength[Count] = prefix;
            _nameLength[Count] = nameEnd - name;
            _valueAt[Count] = value;
            _valueEnd[Count] = at;
            Count++;
            at++;
        }
    }

    /// <summary>Enters the namespace declarations into the scope.</summary>
    internal XmlError Declare(byte[] buffer, XmlScope scope)
    {
        for (int i = 0; i < Count; i++)
        {
            bool prefixed = XmlScope.IsXmlns(buffer, _nameAt[i], _prefixLength[i]);
            if (!prefixed && (_prefixLength[i] != 0 || !XmlScope.IsXmlns(buffer, _nameAt[i], _nameLength[i])))
            {
                continue;
            }
            byte[] uri = buffer;
            int start = _valueAt[i];
            int length = _valueEnd[i] - start;
            if (!XmlText.IsPlain(buffer, start, _valueEnd[i], true))
            {
                uri = new byte[length];
                length = XmlText.Decode(buffer, start, _valueEnd[i], uri, 0, true, true);
                start = 0;
            }
            XmlError error = scope.Declare(buffer, LocalAt(i), prefixed ? LocalLength(i) : 0, uri, start, length);
            if (error != XmlError.None)
            {
                return error;
            }
        }
        return XmlError.None;
    }

    /// <summary>Every prefix must be declared, and no two attributes may be the same name in the same namespace (Namespaces in XML §6.3).</summary>
    internal XmlError Resolve(byte[] buffer, XmlScope scope)
    {
        for (int i = 0; i < Count; i++)
        {
            if (_prefixLength[i] == 0 || XmlScope.IsXmlns(buffer, _nameAt[i], _prefixLength[i]))
            {
                continue;
            }
            if (!scope.Find(buffer, _nameAt[i], _prefixLength[i], out int uriAt, out int uriLength))
            {
                return XmlError.BadNamespacePrefix;
            }
            for (int k = 0; k < i; k++)
            {
                if (_prefixLength[k] == 0 || LocalLength(k) != LocalLength(i) || !Utf8.Equal(buffer, LocalAt(k), buffer, LocalAt(i), LocalLength(i)))
                {
                    continue;
                }
                scope.Find(buffer, _nameAt[k], _prefixLength[k], out int otherAt, out int otherLength);
                if (otherLength == uriLength && uriLength > 0 && Utf8.Equal(scope.Bytes, otherAt, scope.Bytes, uriAt, uriLength))
                {
                    return XmlError.NotWellFormed;
                }
            }
        }
        return XmlError.None;
    }

    /// <summary>The attribute of that name without namespace, or -1.</summary>
    internal int Find(byte[] buffer, byte[] name, int length)
    {
        for (int i = 0; i < Count; i++)
        {
            if (_prefixLength[i] == 0 && _nameLength[i] == length && Utf8.Equal(buffer, _nameAt[i], name, 0, length))
            {
                return i;
            }
        }
        return -1;
    }

    private static XmlError Malformed(byte[] buffer, int at, int end)
    {
        return at < end && Utf8.CharLength(buffer, at, end) == -1 ? XmlError.BadEncoding : XmlError.NotWellFormed;
    }

    private static XmlError Value(byte[] buffer, ref int at, int end, byte quote)
    {
        while (at < end && buffer[at] != quote)
        {
            if (buffer[at] == '&')
            {
                int length = XmlText.Reference(buffer, at, end, out _);
                if (length <= 0)
                {
                    return length == -2 ? XmlError.RestrictedXml : XmlError.NotWellFormed;
                }
                at += length;
                continue;
            }
            int width = Utf8.CharLength(buffer, at, end);
            if (width <= 0)
            {
                return width == -2 ? XmlError.NotWellFormed : XmlError.BadEncoding;
            }
            at += width;
        }
        return at == end ? XmlError.NotWellFormed : XmlError.None;
    }

    private void Grow()
    {
        int length = _nameAt.Length * 2;
        _nameAt = Grow(_nameAt, length);
        _prefixLength = Grow(_prefixLength, length);
        _nameLength = Grow(_nameLength, length);
        _valueAt = Grow(_valueAt, length);
        _valueEnd = Grow(_valueEnd, length);
    }

    private static int[] Grow(int[] old, int length)
    {
        int[] grown = new int[length];
        Array.Copy(old, 0, grown, 0, old.Length);
        return grown;
    }
}
