namespace IotXmpp.Host;

/// <summary>Where a server is and how its TLS begins: <c>xmpp://host[:port]</c> is STARTTLS (5222), <c>xmpps://host[:port]</c> is direct TLS (XEP-0368, 5223).</summary>
/// <param name="Host">Name or address.</param>
/// <param name="Port">TCP port.</param>
/// <param name="DirectTls">Whether TLS comes before the first byte of XMPP.</param>
public sealed record ServerAddress(string Host, int Port, bool DirectTls)
{
    /// <summary>The port of STARTTLS (RFC 6120 §14.7).</summary>
    public const int StartTlsPort = 5222;

    /// <summary>The usual port of direct TLS (XEP-0368).</summary>
    public const int DirectTlsPort = 5223;

    /// <summary>Reads an address.</summary>
    /// <exception cref="FormatException">It is none; the message says what is expected.</exception>
    public static ServerAddress Parse(string text)
    {
        return TryParse(text, out var address) ? address : throw new FormatException($"'{text}' is no server address: xmpp://host:port (STARTTLS) or xmpps://host:port (TLS) is expected");
    }

    /// <summary>Reads an address; false when it is none.</summary>
    public static bool TryParse(string? text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ServerAddress? address)
    {
        address = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Host.Length == 0 || uri.PathAndQuery.Length > 1 || uri.UserInfo.Length > 0)
        {
            return false;
        }
        var direct = uri.Scheme == "xmpps";
        if (!direct && uri.Scheme != "xmpp")
        {
            return false;
        }
        address = new ServerAddress(uri.DnsSafeHost, uri.Port > 0 ? uri.Port : direct ? DirectTlsPort : StartTlsPort, direct);
        return true;
    }

    /// <summary>The address as it was read.</summary>
    public override string ToString()
    {
        var host = Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
        return $"{(DirectTls ? "xmpps" : "xmpp")}://{host}:{Port}";
    }
}
