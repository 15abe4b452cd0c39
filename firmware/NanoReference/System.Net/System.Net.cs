using System.Net.Sockets;

namespace System.Net;

public static class Dns
{
    public static IPHostEntry GetHostEntry(string hostNameOrAddress) => throw null;
}

public abstract class EndPoint
{
    public abstract EndPoint Create(SocketAddress socketAddress);
    public abstract SocketAddress Serialize();
    protected EndPoint() => throw null;
}

public class IPAddress
{
    internal IPAddress() { }
    public static readonly IPAddress Any;
    public static readonly IPAddress Broadcast;
    public static readonly IPAddress IPv6Any;
    public static readonly IPAddress IPv6Loopback;
    public static readonly IPAddress Loopback;
    public static readonly IPAddress None;
    public IPAddress MapToIPv4() => throw null;
    public IPAddress MapToIPv6() => throw null;
    public IPAddress(byte[] address) => throw null;
    public IPAddress(byte[] address, long scopeid) => throw null;
    public IPAddress(long newAddress) => throw null;
    public bool Equals(IPAddress other) => throw null;
    public byte[] GetAddressBytes() => throw null;
    public override bool Equals(object other) => throw null;
    public override int GetHashCode() => throw null;
    public override string ToString() => throw null;
    public static IPAddress GetDefaultLocalAddress() => throw null;
    public static IPAddress Parse(string ipString) => throw null;
    public static bool operator ==(IPAddress a, IPAddress b) => throw null;
    public static bool operator !=(IPAddress a, IPAddress b) => throw null;
    public AddressFamily AddressFamily { get => throw null; }
    public bool IsIPv4MappedToIPv6 { get => throw null; }
    public long ScopeId { get => throw null; set { } }
}

public class IPEndPoint : EndPoint
{
    internal IPEndPoint() { }
    public const int MaxPort = unchecked((int)(65535));
    public const int MinPort = unchecked((int)(0));
    public IPEndPoint(IPAddress address, int port) => throw null;
    public IPEndPoint(long address, int port) => throw null;
    public override EndPoint Create(SocketAddress socketAddress) => throw null;
    public override SocketAddress Serialize() => throw null;
    public override bool Equals(object obj) => throw null;
    public override int GetHashCode() => throw null;
    public override string ToString() => throw null;
    public IPAddress Address { get => throw null; }
    public AddressFamily AddressFamily { get => throw null; }
    public int Port { get => throw null; }
}

public class IPHostEntry
{
    public IPHostEntry() => throw null;
    public IPAddress[] AddressList { get => throw null; }
    public string HostName { get => throw null; }
}

public class SocketAddress
{
    internal SocketAddress() { }
    public SocketAddress(AddressFamily family, int size) => throw null;
    public override bool Equals(object obj) => throw null;
    public override int GetHashCode() => throw null;
    public AddressFamily Family { get => throw null; }
    public byte this[int offset] { get => throw null; set { } }
    public int Size { get => throw null; }
}
