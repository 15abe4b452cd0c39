using System.IO;

namespace System.Net.Sockets;

public enum AddressFamily : int { AppleTalk = 16, Atm = 22, Banyan = 21, Ccitt = 10, Chaos = 5, Cluster = 24, DataKit = 9, DataLink = 13, DecNet = 12, Ecma = 8, FireFox = 19, HyperChannel = 15, Ieee12844 = 25, ImpLink = 3, InterNetwork = 2, InterNetworkV6 = 23, Ipx = 6, Irda = 26, Iso = 7, Lat = 14, Max = 29, NS = 6, NetBios = 17, NetworkDesigners = 28, Osi = 7, Pup = 4, Sna = 11, Unix = 1, Unknown = -1, Unspecified = 0, VoiceView = 18 }

public class NetworkStream : Stream
{
    internal NetworkStream() { }
    protected EndPoint _remoteEndPoint;
    protected bool _disposed;
    protected int _socketType;
    public NetworkStream(Socket socket) => throw null;
    public NetworkStream(Socket socket, bool ownsSocket) => throw null;
    public override int Read(SpanByte buffer) => throw null;
    public override int Read(byte[] buffer, int offset, int count) => throw null;
    public override long Seek(long offset, SeekOrigin origin) => throw null;
    public override void Flush() { }
    public override void SetLength(long value) { }
    public override void Write(byte[] buffer, int offset, int count) { }
    protected override void Dispose(bool disposing) { }
    public void Close(int timeout) { }
    public override bool CanRead { get => throw null; }
    public override bool CanSeek { get => throw null; }
    public override bool CanTimeout { get => throw null; }
    public override bool CanWrite { get => throw null; }
    public override int ReadTimeout { get => throw null; set { } }
    public override int WriteTimeout { get => throw null; set { } }
    public override long Length { get => throw null; }
    public override long Position { get => throw null; set { } }
    public virtual bool DataAvailable { get => throw null; }
}

public enum ProtocolFamily : int { AppleTalk = 16, Atm = 22, Banyan = 21, Ccitt = 10, Chaos = 5, Cluster = 24, DataKit = 9, DataLink = 13, DecNet = 12, Ecma = 8, FireFox = 19, HyperChannel = 15, Ieee12844 = 25, ImpLink = 3, InterNetwork = 2, InterNetworkV6 = 23, Ipx = 6, Irda = 26, Iso = 7, Lat = 14, Max = 29, NS = 6, NetBios = 17, NetworkDesigners = 28, Osi = 7, Pup = 4, Sna = 11, Unix = 1, Unknown = -1, Unspecified = 0, VoiceView = 18 }

public enum ProtocolType : int { Ggp = 3, IP = 0, IPSecAuthenticationHeader = 51, IPSecEncapsulatingSecurityPayload = 50, IPv4 = 4, IPv6 = 41, IPv6DestinationOptions = 60, IPv6FragmentHeader = 44, IPv6HopByHopOptions = 0, IPv6NoNextHeader = 59, IPv6RoutingHeader = 43, Icmp = 1, IcmpV6 = 58, Idp = 22, Igmp = 2, Ipx = 1000, ND = 77, Pup = 12, Raw = 255, Spx = 1256, SpxII = 1257, Tcp = 6, Udp = 17, Unknown = -1, Unspecified = 0 }

public enum SelectMode : int { SelectError = 2, SelectRead = 0, SelectWrite = 1 }

public class Socket : IDisposable
{
    internal Socket() { }
    public Socket Accept() => throw null;
    public Socket(AddressFamily addressFamily, SocketType socketType, ProtocolType protocolType) => throw null;
    public bool Poll(int microSeconds, SelectMode mode) => throw null;
    public int Receive(byte[] buffer) => throw null;
    public int Receive(byte[] buffer, SocketFlags socketFlags) => throw null;
    public int Receive(byte[] buffer, int offset, int size, SocketFlags socketFlags) => throw null;
    public int Receive(byte[] buffer, int size, SocketFlags socketFlags) => throw null;
    public int ReceiveFrom(byte[] buffer, SocketFlags socketFlags, ref EndPoint remoteEP) => throw null;
    public int ReceiveFrom(byte[] buffer, int offset, int size, SocketFlags socketFlags, ref EndPoint remoteEP) => throw null;
    public int ReceiveFrom(byte[] buffer, int size, SocketFlags socketFlags, ref EndPoint remoteEP) => throw null;
    public int ReceiveFrom(byte[] buffer, ref EndPoint remoteEP) => throw null;
    public int Send(byte[] buffer) => throw null;
    public int Send(byte[] buffer, SocketFlags socketFlags) => throw null;
    public int Send(byte[] buffer, int offset, int size, SocketFlags socketFlags) => throw null;
    public int Send(byte[] buffer, int size, SocketFlags socketFlags) => throw null;
    public int SendTo(byte[] buffer, EndPoint remoteEP) => throw null;
    public int SendTo(byte[] buffer, SocketFlags socketFlags, EndPoint remoteEP) => throw null;
    public int SendTo(byte[] buffer, int offset, int size, SocketFlags socketFlags, EndPoint remoteEP) => throw null;
    public int SendTo(byte[] buffer, int size, SocketFlags socketFlags, EndPoint remoteEP) => throw null;
    public object GetSocketOption(SocketOptionLevel optionLevel, SocketOptionName optionName) => throw null;
    protected virtual void Dispose(bool disposing) { }
    public void Bind(EndPoint localEP) { }
    public void Close() { }
    public void Connect(EndPoint remoteEP) { }
    public void GetSocketOption(SocketOptionLevel optionLevel, SocketOptionName optionName, byte[] val) { }
    public void Listen(int backlog) { }
    public void SetSocketOption(SocketOptionLevel optionLevel, SocketOptionName optionName, bool optionValue) { }
    public void SetSocketOption(SocketOptionLevel optionLevel, SocketOptionName optionName, byte[] optionValue) { }
    public void SetSocketOption(SocketOptionLevel optionLevel, SocketOptionName optionName, int optionValue) { }
    public EndPoint LocalEndPoint { get => throw null; }
    public EndPoint RemoteEndPoint { get => throw null; }
    public SocketType SocketType { get => throw null; }
    public bool Connected { get => throw null; }
    public int Available { get => throw null; }
    public int ReceiveTimeout { get => throw null; set { } }
    public int SendTimeout { get => throw null; set { } }
    void IDisposable.Dispose() { }
}

public enum SocketError : int { AccessDenied = 10013, AddressAlreadyInUse = 10048, AddressFamilyNotSupported = 10047, AddressNotAvailable = 10049, AlreadyInProgress = 10037, ConnectionAborted = 10053, ConnectionRefused = 10061, ConnectionReset = 10054, DestinationAddressRequired = 10039, Disconnecting = 10101, Fault = 10014, HostDown = 10064, HostNotFound = 11001, HostUnreachable = 10065, InProgress = 10036, Interrupted = 10004, InvalidArgument = 10022, IsConnected = 10056, MessageSize = 10040, NetworkDown = 10050, NetworkReset = 10052, NetworkUnreachable = 10051, NoBufferSpaceAvailable = 10055, NoData = 11004, NoRecovery = 11003, NotConnected = 10057, NotInitialized = 10093, NotSocket = 10038, OperationNotSupported = 10045, ProcessLimit = 10067, ProtocolFamilyNotSupported = 10046, ProtocolNotSupported = 10043, ProtocolOption = 10042, ProtocolType = 10041, Shutdown = 10058, SocketError = -1, SocketNotSupported = 10044, Success = 0, SystemNotReady = 10091, TimedOut = 10060, TooManyOpenSockets = 10024, TryAgain = 11002, TypeNotFound = 10109, VersionNotSupported = 10092, WouldBlock = 10035 }

public class SocketException : Exception
{
    internal SocketException() { }
    public SocketException(SocketError errorCode) => throw null;
    public int ErrorCode { get => throw null; }
}

[System.Flags] public enum SocketFlags : int { Broadcast = 1024, ControlDataTruncated = 512, DontRoute = 4, MaxIOVectorLength = 16, Multicast = 2048, None = 0, OutOfBand = 1, Partial = 32768, Peek = 2, Truncated = 256 }

public enum SocketOptionLevel : int { IP = 0, IPv6 = 41, Socket = 65535, Tcp = 6, Udp = 17 }

public enum SocketOptionName : int { AcceptConnection = 2, AddMembership = 12, AddSourceMembership = 15, BlockSource = 17, Broadcast = 32, BsdUrgent = 2, ChecksumCoverage = 20, Debug = 1, DontFragment = 14, DontLinger = -129, DontRoute = 16, DropMembership = 13, DropSourceMembership = 16, Error = 4103, ExclusiveAddressUse = -5, Expedited = 2, HeaderIncluded = 2, HopLimit = 21, IPOptions = 1, IpTimeToLive = 4, KeepAlive = 8, Linger = 128, MaxConnections = 2147483647, MulticastInterface = 9, MulticastLoopback = 11, MulticastTimeToLive = 10, NoChecksum = 1, NoDelay = 1, OutOfBandInline = 256, PacketInformation = 19, ReceiveBuffer = 4098, ReceiveLowWater = 4100, ReceiveTimeout = 4102, ReuseAddress = 4, SendBuffer = 4097, SendLowWater = 4099, SendTimeout = 4101, Type = 4104, TypeOfService = 3, UnblockSource = 18, UpdateAcceptContext = 28683, UpdateConnectContext = 28688, UseLoopback = 64 }

public enum SocketType : int { Dgram = 2, Raw = 3, Rdm = 4, Seqpacket = 5, Stream = 1, Unknown = -1 }
