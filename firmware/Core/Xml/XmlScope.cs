using System;

namespace IotXmpp.Xml;

/// <summary>
/// The open elements and the namespaces in force: one stack of bytes and some of numbers, all bounded, so that the parser needs nothing of what it has already read.
/// </summary>
internal sealed class XmlScope
{
    private const int FirstBytes = 256;
    private const int FirstLevels = 8;

    private static readonly byte[] XmlPrefix = Utf8.Encode("xml");
    private static readonly byte[] XmlUri = Utf8.Encode("http://www.w3.org/XML/1998/namespace");
    private static readonly byte[] XmlnsUri = Utf8.Encode("http://www.w3.org/2000/xmlns/");

    private readonly int _maxLevels;
    private readonly int _maxBytes;

    private byte[] _bytes = new byte[FirstBytes];
    private int _top;

    // one entry a level, from 1
    private int[] _nameAt = new int[FirstLevels];
    private int[] _prefixLength = new int[FirstLevels]; // 0: none; the ':' is not counted
    private int[] _nameLength = new int[FirstLevels];
    private int[] _uriAt = new int[FirstLevels];
    private int[] _uriLength = new int[FirstLevels];
    private int[] _declarations = new int[FirstLevels]; // how many were in force before this level

    // one entry a declaration
    private int[] _declaredPrefixAt = new int[FirstLevels];
    private int[] _declaredPrefixLength = new int[FirstLevels];
    private int[] _declaredUriAt = new int[FirstLevels];
    private int[] _declaredUriLength = new int[FirstLevels];
    private int _declared;

    internal XmlScope(int maxLevels, int maxBytes)
    {
        _maxLevels = maxLevels;
        _maxBytes = maxBytes;
    }

    internal byte[] Bytes => _bytes;

    internal int Depth { get; private set; }

    internal void Reset()
    {
        Depth = 0;
        _top = 0;
        _declared = 0;
    }

    /// <summary>Goes back to where only the first levels were open.</summary>
    internal void CutTo(int depth)
    {
        while (Depth > depth)
        {
            Pop();
        }
    }

    /// <summary>Opens an element; its declarations follow by <see cref="Declare"/>, then <see cref="Resolve"/>.</summary>
    internal bool Push(byte[] buffer, int offset, int nameLength, int prefixLength)
    {
        if (Depth >= _maxLevels)
        {
            return false;
        }
        int level = Depth + 1;
        if (level >= _nameAt.Length)
        {
            GrowLevels();
        }
        int at = Copy(buffer, offset, nameLength);
        if (at < 0)
        {
            return false;
        }
        Depth = level;
        _nameAt[level] = at;
        _nameLength[level] = nameLength;
        _prefixLength[level] = prefixLength;
        _declarations[level] = _declared;
        return true;
    }

    internal void Pop()
    {
        int level = Depth--;
        _top = _nameAt[level];
        _declared = _declarations[level];
    }

    /// <summary>Adds a namespace declaration to the element just opened. The bytes of the name are already checked.</summary>
    internal XmlError Declare(byte[] buffer, int prefixOffset, int prefixLength, byte[] uri, int uriOffset, int uriLength)
    {
        bool isXml = Utf8.Equal(buffer, prefixOffset, prefixLength, XmlPrefix);
        bool uriIsXml = Utf8.Equal(uri, uriOffset, uriLength, XmlUri);
        // Namespaces in XML 1.0 §3: xml only for its own, xmlns for nothing, and no prefix is undeclared
        if (isXml != uriIsXml || Utf8.Equal(uri, uriOffset, uriLength, XmlnsUri) || prefixLength > 0 && uriLength == 0 || IsXmlns(buffer, prefixOffset, prefixLength))
        {
            return XmlError.BadNamespacePrefix;
        }
        if (_declared == _declaredUriAt.Length)
        {
            int length = _declared * 2;
            _declaredPrefixAt = Grow(_declaredPrefixAt, length);
            _declaredPrefixLength = Grow(_declaredPrefixLength, length);
            _declaredUriAt = Grow(_declaredUriAt, length);
            _declaredUriLength = Grow(_declaredUriLength, length);
        }
        int prefixAt = Copy(buffer, prefixOffset, prefixLength);
        int uriAt = prefixAt < 0 ? -1 : Copy(uri, uriOffset, uriLength);
        if (uriAt < 0)
        {
            return XmlError.LimitExceeded;
        }
        _declaredPrefixAt[_declared] = prefixAt;
        _declaredPrefixLength[_declared] = prefixLength;
        _declaredUriAt[_declared] = uriAt;
        _declaredUriLength[_declared] = uriLength;
        _declared++;
        return XmlError.None;
    }

    /// <summary>Finds the namespace of the element just opened; false when its prefix is not declared.</summary>
    internal bool Resolve()
    {
        int level = Depth;
        return Find(_bytes, _nameAt[level], _prefixLength[level], out _uriAt[level], out _uriLength[level]);
    }

    /// <summary>Finds a prefix's namespace in <see cref="Bytes"/>, the innermost first; no prefix and no declaration is no namespace.</summary>
    internal bool Find(byte[] buffer, int offset, int length, out int uriAt, out int uriLength)
    {
        for (int i = _declared - 1; i >= 0; i--)
        {
            if (_declaredPrefixLength[i] == length && Utf8.Equal(buffer, offset, _bytes, _declaredPrefixAt[i], length))
            {
                uriAt = _declaredUriAt[i];
                uriLength = _declaredUriLength[i];
                return true;
            }
        }
        uriAt = 0;
        uriLength = 0;
        return length == 0 || Utf8.Equal(buffer, offset, length, XmlPrefix);
    }

    internal static bool IsXmlPrefix(byte[] buffer, int offset, int length)
    {
        return Utf8.Equal(buffer, offset, length, XmlPrefix);
    }

    internal static bool IsXmlns(byte[] buffer, int offset, int length)
    {
        return length == 5 && buffer[offset] == 'x' && buffer[offset + 1] == 'm' && buffer[offset + 2] == 'l' && buffer[offset + 3] == 'n' && buffer[offset + 4] == 's';
    }

    /// <summary>Whether the open element at this level was opened by this qualified name.</summary>
    internal bool NameIs(int level, byte[] buffer, int offset, int length)
    {
        return _nameLength[level] == length && Utf8.Equal(buffer, offset, _bytes, _nameAt[level], length);
    }

    internal bool Is(int level, XmlName name)
    {
        int local = name.LocalLength;
        return LocalIs(level, name.Bytes, local) && _uriLength[level] == name.Bytes.Length - local && Utf8.Equal(_bytes, _uriAt[level], name.Bytes, local, _uriLength[level]);
    }

    internal bool LocalIs(int level, byte[] buffer, int length)
    {
        int skip = LocalSkip(level);
        return _nameLength[level] - skip == length && Utf8.Equal(_bytes, _nameAt[level] + skip, buffer, 0, length);
    }

    internal bool NamespaceIs(int level, byte[] buffer, int length)
    {
        return _uriLength[level] == length && Utf8.Equal(_bytes, _uriAt[level], buffer, 0, length);
    }

    internal string Local(int level)
    {
        int skip = LocalSkip(level);
        return Utf8.Decode(_bytes, _nameAt[level] + skip, _nameLength[level] - skip);
    }

    internal string Prefix(int level)
    {
        return Utf8.Decode(_bytes, _nameAt[level], _prefixLength[level]);
    }

    internal string Namespace(int level)
    {
        return Utf8.Decode(_bytes, _uriAt[level], _uriLength[level]);
    }

    private static int[] Grow(int[] old, int length)
    {
        int[] grown = new int[length];
        Array.Copy(old, 0, grown, 0, old.Length);
        return grown;
    }

    private int LocalSkip(int level)
    {
        return _prefixLength[level] == 0 ? 0 : _prefixLength[level] + 1;
    }

    private int Copy(byte[] buffer, int offset, int length)
    {
        int at = _top;
        int need = at + length;
        if (need > _maxBytes)
        {
            return -1;
        }
        if (need > _bytes.Length)
        {
            int size = _bytes.Length * 2;
            while (size < need)
            {
                size *= 2;
            }
            byte[] grown = new byte[size];
            Array.Copy(_bytes, 0, grown, 0, at);
            _bytes = grown;
        }
        Array.Copy(buffer, offset, _bytes, at, length);
        _top = need;
        return at;
    }

    private void GrowLevels()
    {
        int length = _nameAt.Length * 2;
        _nameAt = Grow(_nameAt, length);
        _prefixLength = Grow(_prefixLength, length);
        _nameLength = Grow(_nameLength, length);
        _uriAt = Grow(_uriAt, length);
        _uriLength = Grow(_uriLength, length);
        _declarations = Grow(_declarations, length);
    }
}
