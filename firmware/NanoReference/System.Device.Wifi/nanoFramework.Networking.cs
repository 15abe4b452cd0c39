using System;
using System.Device.Wifi;
using System.Threading;

namespace nanoFramework.Networking;

public static class WifiNetworkHelper
{
    public static bool ConnectDhcp(string ssid, string password, WifiReconnectionKind reconnectionKind = (WifiReconnectionKind)(0), bool requiresDateTime = false, int wifiAdapterId = 0, CancellationToken token = default) => throw null;
    public static bool ConnectFixAddress(string ssid, string password, IPConfiguration ipConfiguration, WifiReconnectionKind reconnectionKind = (WifiReconnectionKind)(0), bool requiresDateTime = false, int WifiAdapter = 0, CancellationToken token = default) => throw null;
    public static bool Reconnect(bool requiresDateTime = false, int wifiAdapterId = 0, CancellationToken token = default) => throw null;
    public static bool ScanAndConnectDhcp(string ssid, string password, WifiReconnectionKind reconnectionKind = (WifiReconnectionKind)(0), bool requiresDateTime = false, int WifiAdapter = 0, CancellationToken token = default) => throw null;
    public static void Disconnect() { }
    public static void Reset() { }
    public static void SetupNetworkHelper(bool requiresDateTime = false) { }
    public static void SetupNetworkHelper(IPConfiguration ipConfiguration, bool requiresDateTime = false) { }
    public static void SetupNetworkHelper(string ssid, string password, WifiReconnectionKind reconnectionKind = (WifiReconnectionKind)(0), bool requiresDateTime = false) { }
    public static WifiAdapter WifiAdapter { get => throw null; }
    public static Exception HelperException { get => throw null; }
    public static ManualResetEvent NetworkReady { get => throw null; }
    public static NetworkHelperStatus Status { get => throw null; }
}
