namespace System.Device.Wifi;

public delegate void AvailableNetworksChangedEventHandler(WifiAdapter sender, object e);

public sealed class WifiAdapter : IDisposable
{
    internal WifiAdapter() { }
    public event AvailableNetworksChangedEventHandler AvailableNetworksChanged { add { } remove { } }
    public WifiConnectionResult Connect(WifiAvailableNetwork availableNetwork, WifiReconnectionKind reconnectionKind, string passwordCredential) => throw null;
    public WifiConnectionResult Connect(string ssid, WifiReconnectionKind reconnectionKind, string passwordCredential) => throw null;
    public static WifiAdapter[] FindAllAdapters() => throw null;
    public void Disconnect() { }
    public void Dispose() { }
    public void ScanAsync() { }
    public void SetDeviceName(string deviceName) { }
    public WifiNetworkReport NetworkReport { get => throw null; }
    public int NetworkInterface { get => throw null; }
}

public class WifiAvailableNetwork
{
    public WifiAvailableNetwork() => throw null;
    public WifiNetworkKind NetworkKind { get => throw null; }
    public byte SignalBars { get => throw null; }
    public double NetworkRssiInDecibelMilliwatts { get => throw null; }
    public string Bsid { get => throw null; }
    public string Ssid { get => throw null; }
}

public class WifiConnectionResult
{
    internal WifiConnectionResult() { }
    public WifiConnectionStatus ConnectionStatus { get => throw null; }
}

public enum WifiConnectionStatus : int { AccessRevoked = 0, InvalidCredential = 1, NetworkNotAvailable = 2, Success = 3, Timeout = 4, UnspecifiedFailure = 5, UnsupportedAuthenticationProtocol = 6 }

public enum WifiNetworkKind : int { Adhoc = 0, Any = 1, Infrastructure = 2 }

public class WifiNetworkReport
{
    internal WifiNetworkReport() { }
    public WifiAvailableNetwork[] AvailableNetworks { get => throw null; }
}

public enum WifiReconnectionKind : int { Automatic = 0, Manual = 1 }
