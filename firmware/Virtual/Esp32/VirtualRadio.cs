using IotXmpp.Esp32;

namespace IotXmpp.Virtual;

/// <summary>A radio in memory with one access point in the air, which can be out of reach or have another password than the board knows.</summary>
/// <param name="nowMs">Monotonic time in milliseconds.</param>
public sealed class VirtualRadio(Func<long> nowMs) : IRadio
{
    /// <summary>Milliseconds from the beginning of an attempt to an address.</summary>
    public const int ConnectMs = 800;

    private string _ssid = "";
    private string _password = "";
    private long _attemptMs = -1;

    /// <summary>The access point's network, and the one that was flashed.</summary>
    public string AirSsid { get; set; } = "home";

    /// <summary>The access point's password, and the one that was flashed.</summary>
    public string AirPassword { get; set; } = "home secret";

    /// <summary>The network that was flashed.</summary>
    public string FlashedSsid { get; set; } = "home";

    /// <summary>The password that was flashed.</summary>
    public string FlashedPassword { get; set; } = "home secret";

    /// <summary>Whether the access point is in reach.</summary>
    public bool IsInReach { get; set; } = true;

    /// <summary>True: the radio does nothing until it is reset, as real ones sometimes.</summary>
    public bool Hangs { get; set; }

    /// <summary>Attempts that were begun.</summary>
    public int Attempts { get; private set; }

    /// <summary>Times it was reset.</summary>
    public int Resets { get; private set; }

    /// <summary>The signal while it is connected, in dBm.</summary>
    public int Dbm { get; set; } = -61;

    /// <inheritdoc/>
    public bool IsConnected => IsInReach && !Hangs && Fits && _attemptMs >= 0 && nowMs() - _attemptMs >= ConnectMs;

    /// <inheritdoc/>
    public int SignalDbm => IsConnected ? Dbm : 0;

    /// <inheritdoc/>
    public string Ssid => _ssid.Length > 0 ? _ssid : FlashedSsid;

    /// <inheritdoc/>
    public string Address => IsConnected ? "192.0.2.17" : "";

    /// <inheritdoc/>
    public string Failure => !IsInReach || Ssid != AirSsid ? "not-found" : Fits ? "" : "refused";

    private bool Fits => Ssid == AirSsid && (_ssid.Length > 0 ? _password : FlashedPassword) == AirPassword;

    /// <inheritdoc/>
    public string[][] Scan() => IsInReach ? [[AirSsid, Dbm.ToString(System.Globalization.CultureInfo.InvariantCulture), "YES"]] : [];

    /// <inheritdoc/>
    public void Use(string ssid, string password)
    {
        _ssid = ssid;
        _password = password;
    }

    /// <inheritdoc/>
    public void Connect()
    {
        Attempts++;
        _attemptMs = nowMs();
    }

    /// <inheritdoc/>
    public void Reset()
    {
        Resets++;
        Hangs = false;
        _attemptMs = -1;
    }

    /// <summary>The board has lost power: nothing of an attempt is left.</summary>
    public void PowerOff() => _attemptMs = -1;
}

/// <summary>A time server that can be away, wrong or slow to set right.</summary>
/// <param name="clock">The true time.</param>
public sealed class VirtualTimeServer(VirtualClock clock) : ITimeServer
{
    private bool _asked;

    /// <summary>Whether it answers.</summary>
    public bool IsThere { get; set; } = true;

    /// <summary>How wrong it is.</summary>
    public TimeSpan Error { get; set; }

    /// <summary>Questions that it was asked.</summary>
    public int Questions { get; private set; }

    /// <inheritdoc/>
    public void Ask()
    {
        Questions++;
        _asked = true;
    }

    /// <inheritdoc/>
    public bool TryTake(out long utcMs)
    {
        utcMs = clock.UtcNowMs + (long)Error.TotalMilliseconds;
        bool there = _asked && IsThere;
        _asked = false;
        return there;
    }
}
