using IotXmpp.Xml;

namespace IotXmpp.Streams;

/// <summary>A host with or without port, as <c>see-other-host</c> gives it (RFC 6120 §4.9.3.19): <c>name</c>, <c>name:port</c>, <c>[IPv6]</c>, <c>[IPv6]:port</c>.</summary>
public static class HostAddress
{
    /// <summary>Reads it.</summary>
    /// <param name="text">The text.</param>
    /// <param name="host">The host, an IPv6 address without its brackets.</param>
    /// <param name="port">1–65535, or 0 when there is none.</param>
    public static bool TryParse(string text, out string host, out int port)
    {
        host = text == null ? string.Empty : text.Trim();
        port = 0;
        int end = host.IndexOf(']');
        int colon = host.IndexOf(':', end < 0 ? 0 : end);
        if (colon >= 0)
        {
            byte[] digits = Utf8.Encode(host.Substring(colon + 1));
            if (!Utf8.TryParseLong(digits, 0, digits.Length, out long number) || number < 1 || number > 65535)
            {
                return false;
            }
            port = (int)number;
            host = host.Substring(0, colon);
        }
        if (end >= 0)
        {
            if (host.Length != end + 1 || host[0] != '[')
            {
                return false;
            }
            host = host.Substring(1, end - 1);
        }
        return host.Length > 0;
    }

    /// <summary>The four bytes of an IPv4 address in dotted form: read here, because nanoFramework does it in code of the network stack, which not every target has.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Four bytes, or null when it is a name.</returns>
    public static byte[] ToIPv4(string text)
    {
        string[] parts = text.Split('.');
        if (parts.Length != 4)
        {
            return null;
        }

        byte[] address = new byte[4];
        for (int i = 0; i < 4; i++)
        {
            byte[] digits = Utf8.Encode(parts[i]);
            if (digits.Length > 3 || !Utf8.TryParseLong(digits, 0, digits.Length, out long number) || number < 0 || number > 255)
            {
                return null;
            }

            address[i] = (byte)number;
        }

        return address;
    }
}
