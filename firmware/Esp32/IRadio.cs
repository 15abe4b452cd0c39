namespace IotXmpp.Esp32;

/// <summary>The board's radio, as little of it as <see cref="WifiLink"/> needs. Every call returns at once.</summary>
public interface IRadio
{
    /// <summary>Whether it has an access point and an address.</summary>
    bool IsConnected { get; }

    /// <summary>Signal in dBm; 0 when it is not connected.</summary>
    int SignalDbm { get; }

    /// <summary>Begins to connect.</summary>
    void Connect();

    /// <summary>Gives up what it has and forgets its state: what helps a radio that hangs.</summary>
    void Reset();
}

/// <summary>Asks a time server (SNTP). Every call returns at once.</summary>
public interface ITimeServer
{
    /// <summary>Sends a question.</summary>
    void Ask();

    /// <summary>The answer, once for each.</summary>
    /// <param name="utcMs">Milliseconds since 1970-01-01 UTC.</param>
    /// <returns>True when one has come since the last call.</returns>
    bool TryTake(out long utcMs);
}
