namespace IotXmpp.Xml;

/// <summary>A namespaced element name as bytes, made once and compared often: what handlers are registered under. It keeps one array and no text, since a device has some forty of them.</summary>
public sealed class XmlName
{
    /// <summary>The local name, and the namespace behind it.</summary>
    internal readonly byte[] Bytes;

    /// <summary>Bytes of the local name.</summary>
    internal readonly int LocalLength;

    /// <summary>A name.</summary>
    /// <param name="ns">The namespace; "" for none.</param>
    /// <param name="local">The local name.</param>
    public XmlName(string ns, string local)
    {
        Bytes = Utf8.Encode(local + ns);
        LocalLength = Utf8.Encode(local).Length;
    }

    /// <summary>The namespace; "" for none. Makes a string.</summary>
    public string Namespace
    {
        get { return Utf8.Decode(Bytes, LocalLength, Bytes.Length - LocalLength); }
    }

    /// <summary>The local name. Makes a string.</summary>
    public string Local
    {
        get { return Utf8.Decode(Bytes, 0, LocalLength); }
    }

    /// <summary>Whether the other has the same namespace and local name.</summary>
    public override bool Equals(object obj)
    {
        return obj is XmlName other && other.LocalLength == LocalLength && Utf8.Equal(Bytes, 0, Bytes.Length, other.Bytes);
    }

    /// <summary>A hash of both parts.</summary>
    public override int GetHashCode()
    {
        return Namespace.GetHashCode() * 31 ^ Local.GetHashCode();
    }

    /// <summary><c>{namespace}local</c>.</summary>
    public override string ToString()
    {
        return "{" + Namespace + "}" + Local;
    }
}
