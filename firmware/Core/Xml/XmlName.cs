namespace IotXmpp.Xml;

/// <summary>A namespaced element name with its bytes, made once and compared often: what handlers are registered under.</summary>
public sealed class XmlName
{
    internal readonly byte[] NamespaceUtf8;
    internal readonly byte[] LocalUtf8;

    /// <summary>A name.</summary>
    /// <param name="ns">The namespace; "" for none.</param>
    /// <param name="local">The local name.</param>
    public XmlName(string ns, string local)
    {
        Namespace = ns;
        Local = local;
        NamespaceUtf8 = Utf8.Encode(ns);
        LocalUtf8 = Utf8.Encode(local);
    }

    /// <summary>The namespace; "" for none.</summary>
    public string Namespace { get; }

    /// <summary>The local name.</summary>
    public string Local { get; }

    /// <summary>Whether the other has the same namespace and local name.</summary>
    public override bool Equals(object obj)
    {
        return obj is XmlName other && other.Local == Local && other.Namespace == Namespace;
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
