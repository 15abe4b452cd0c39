using System;
using System.Threading;

namespace nanoFramework.Networking;

public class IPConfiguration
{
    internal IPConfiguration() { }
    public IPConfiguration(string ipv4Address, string ipv4SubnetMask, string ipv4GatewayAddress, string[] ipv4DnsAddresses = default) => throw null;
    public string IPAddress { get => throw null; set { } }
    public string IPGatewayAddress { get => throw null; set { } }
    public string IPSubnetMask { get => throw null; set { } }
    public string[] IPDns { get => throw null; set { } }
}

public static class NetworkHelper
{
    public static bool SetupAndConnectNetwork(CancellationToken token = default, bool requiresDateTime = false) => throw null;
    public static bool SetupAndConnectNetwork(IPConfiguration ipConfiguration, CancellationToken token = default, bool requiresDateTime = false) => throw null;
    public static void Reset() { }
    public static void SetupNetworkHelper(bool requiresDateTime = false) { }
    public static void SetupNetworkHelper(IPConfiguration ipConfiguration, bool requiresDateTime = false) { }
    public static Exception HelperException { get => throw null; }
    public static ManualResetEvent NetworkReady { get => throw null; }
    public static NetworkHelperStatus Status { get => throw null; }
}

public enum NetworkHelperStatus : int { ErrorConnetingToWiFiWhileScanning = 6, ExceptionOccurred = 7, FailedNoNetworkInterface = 3, NetworkIsReady = 2, None = 0, Reconnecting = 8, Started = 1, TokenExpiredWaitingDateTime = 5, TokenExpiredWaitingIPAddress = 4 }
