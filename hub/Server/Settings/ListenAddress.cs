using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace IotXmpp.Hub.Server;

/// <summary>Where a listener listens, or <see cref="Off"/>.</summary>
public sealed class ListenAddress
{
    /// <summary>No listener.</summary>
    public static readonly ListenAddress Off = new(null, false);

    private ListenAddress(IPEndPoint? endPoint, bool isAny)
    {
        EndPoint = endPoint;
        IsAny = isAny;
    }

    /// <summary>The address and port; null when off. For <c>*:PORT</c> it is <c>[::]:PORT</c>.</summary>
    public IPEndPoint? EndPoint { get; }

    /// <summary>True for <c>*:PORT</c>: every address, IPv6 and IPv4 (Kestrel's <c>ListenAnyIP</c>).</summary>
    public bool IsAny { get; }

    /// <summary>True where only programs on this machine can come.</summary>
    public bool IsLoopback => EndPoint is not null && IPAddress.IsLoopback(EndPoint.Address);

    /// <summary>False when the listener is switched off.</summary>
    [MemberNotNullWhen(true, nameof(EndPoint))]
    public bool IsOn => EndPoint is not null;

    /// <summary>Every address of the machine.</summary>
    public static ListenAddress Any(int port) => new(new IPEndPoint(IPAddress.IPv6Any, port), true);

    /// <summary>127.0.0.1 only.</summary>
    public static ListenAddress Loopback(int port) => new(new IPEndPoint(IPAddress.Loopback, port), false);

    /// <summary>
    /// Reads <c>HOST:PORT</c>, <c>[V6]:PORT</c>, <c>*:PORT</c>, <c>localhost:PORT</c>, a bare port (loopback), <c>0</c> or nothing (off).
    /// A host with port 0 listens on a free port of the system's choice.
    /// </summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ListenAddress? address)
    {
        address = null;
        text = text?.Trim();
        if (string.IsNullOrEmpty(text) || text == "0")
        {
            address = Off;
            return true;
        }

        int colon = text.LastIndexOf(':');
        if (!ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            return false;
        }

        string host = colon < 0 ? "localhost" : text[..colon];
        if (host == "*")
        {
            address = Any(port);
            return true;
        }

        IPAddress? ip = null;
        if (host == "localhost")
        {
            ip = IPAddress.Loopback;
        }
        else if (host.StartsWith('[') && host.EndsWith(']'))
        {
            ip = IPAddress.TryParse(host[1..^1], out IPAddress? six) && six.AddressFamily == AddressFamily.InterNetworkV6 ? six : null;
        }
        else if (host.Count(c => c == '.') == 3 && IPAddress.TryParse(host, out IPAddress? four) && four.AddressFamily == AddressFamily.InterNetwork)
        {
            ip = four;
        }

        address = ip is null ? null : new ListenAddress(new IPEndPoint(ip, port), false);
        return address is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => !IsOn ? "off" : IsAny ? $"*:{EndPoint.Port}" : EndPoint.ToString();
}
