using System;
using System.Device.Wifi;
using System.Net.NetworkInformation;
using System.Threading;

namespace IotXmpp.Esp32.Board;

/// <summary>
/// The radio over System.Device.Wifi, as little of it as can be: connect, disconnect, ask. The state machine is <see cref="WifiLink"/>, not the runtime's helper. Connecting waits up to
/// 20 s in the runtime, so it has a thread of its own, one attempt at a time; others run on meanwhile.
/// </summary>
public sealed class WifiRadio : IRadio
{
    private const int ScanMs = 4000;

    private readonly WifiAdapter _adapter;
    private string _ssid = string.Empty;
    private string _password = string.Empty;
    private bool _busy;
    private bool _failed;
    private long _lookedMs = -1;
    private bool _connected;

    /// <summary>Takes the first radio.</summary>
    public WifiRadio()
    {
        _adapter = WifiAdapter.FindAllAdapters()[0];
    }

    /// <inheritdoc/>
    public bool IsConnected
    {
        get
        {
            // Asking allocates; the loop asks often.
            long now = System.Environment.TickCount64;
            if (_lookedMs < 0 || now - _lookedMs >= 500)
            {
                _lookedMs = now;
                _connected = !_failed && Address.Length > 0 && NetworkInterface.GetIsNetworkAvailable();
            }

            return _connected;
        }
    }

    /// <summary>The signal at the last look around, in dBm; 0 when there was none. The runtime tells no signal of a connection, so it is looked for before an attempt.</summary>
    public int SignalDbm { get; private set; }

    /// <inheritdoc/>
    public string Ssid
    {
        get
        {
            if (_ssid.Length > 0)
            {
                return _ssid;
            }

            Wireless80211Configuration flashed = Flashed();
            return flashed == null || flashed.Ssid == null ? string.Empty : flashed.Ssid;
        }
    }

    /// <inheritdoc/>
    public string Address
    {
        get
        {
            NetworkInterface[] all = NetworkInterface.GetAllNetworkInterfaces();
            for (int i = 0; i < all.Length; i++)
            {
                string address = all[i].NetworkInterfaceType == NetworkInterfaceType.Wireless80211 ? all[i].IPv4Address : null;
                if (address != null && address.Length > 0 && address != "0.0.0.0")
                {
                    return address;
                }
            }

            return string.Empty;
        }
    }

    /// <inheritdoc/>
    public string Failure { get; private set; } = string.Empty;

    /// <inheritdoc/>
    public string[][] Scan()
    {
        WifiAvailableNetwork[] found = Found();
        string[][] networks = new string[found.Length][];
        for (int i = 0; i < found.Length; i++)
        {
            // The runtime does not tell whether a network wants a password; most do.
            networks[i] = new string[] { found[i].Ssid, ((int)found[i].NetworkRssiInDecibelMilliwatts).ToString(), "YES" };
        }

        return networks;
    }

    /// <inheritdoc/>
    public void Use(string ssid, string password)
    {
        _ssid = ssid;
        _password = password;
    }

    /// <inheritdoc/>
    public void Connect()
    {
        if (_busy)
        {
            return; // the runtime's own time-out ends it
        }

        _busy = true;
        _failed = false;
        new Thread(Attempt).Start();
    }

    /// <inheritdoc/>
    public void Reset()
    {
        try
        {
            _adapter.Disconnect();
        }
#pragma warning disable CA1031 // it was not connected
        catch (Exception)
#pragma warning restore CA1031
        {
            return;
        }
    }

    private static Wireless80211Configuration Flashed()
    {
        Wireless80211Configuration[] all = Wireless80211Configuration.GetAllWireless80211Configurations();
        return all.Length > 0 ? all[0] : null;
    }

    private void Attempt()
    {
        try
        {
            string ssid = Ssid;
            Wireless80211Configuration flashed = _ssid.Length > 0 ? null : Flashed();
            string password = flashed == null ? _password : flashed.Password;
            Look(ssid);
            // Manual: it is for us to say when to try again.
            WifiConnectionResult result = _adapter.Connect(ssid, WifiReconnectionKind.Manual, password);
            Failure = Word(result.ConnectionStatus);
        }
        catch (Exception)
        {
            Failure = "timeout";
        }

        _failed = Failure.Length > 0;
        _lookedMs = -1;
        _busy = false;
    }

    // Looked for before the first attempt only: a scan takes some seconds.
    private void Look(string ssid)
    {
        if (SignalDbm != 0)
        {
            return;
        }

        WifiAvailableNetwork[] found = Found();
        for (int i = 0; i < found.Length; i++)
        {
            if (found[i].Ssid == ssid)
            {
                SignalDbm = (int)found[i].NetworkRssiInDecibelMilliwatts;
            }
        }
    }

    private WifiAvailableNetwork[] Found()
    {
        _adapter.ScanAsync();
        Thread.Sleep(ScanMs);
        WifiNetworkReport report = _adapter.NetworkReport;
        WifiAvailableNetwork[] found = report == null ? null : report.AvailableNetworks;
        return found == null ? new WifiAvailableNetwork[0] : found;
    }

    private static string Word(WifiConnectionStatus status)
    {
        switch (status)
        {
            case WifiConnectionStatus.Success:
                return string.Empty;
            case WifiConnectionStatus.NetworkNotAvailable:
                return "not-found";
            case WifiConnectionStatus.InvalidCredential:
            case WifiConnectionStatus.AccessRevoked:
            case WifiConnectionStatus.UnsupportedAuthenticationProtocol:
                return "refused";
            default:
                return "timeout";
        }
    }
}
