namespace IotXmpp.Esp32.Improv;

/// <summary>What Improv needs of a board. Every call returns at once; the scan may take what a scan takes.</summary>
public interface IImprovBoard
{
    /// <summary>The firmware's name.</summary>
    string FirmwareName { get; }

    /// <summary>Its version.</summary>
    string FirmwareVersion { get; }

    /// <summary>The chip, as Improv names it: <c>ESP32</c>, <c>ESP32-S3</c>, <c>ESP32-C3</c>.</summary>
    string Chip { get; }

    /// <summary>The board's or thing's name.</summary>
    string Name { get; }

    /// <summary>Whether the Wi-Fi is connected.</summary>
    bool IsConnected { get; }

    /// <summary>Where a person goes on once it is connected, such as the hub's claim page; "" for nowhere.</summary>
    string NextUrl { get; }

    /// <summary>The networks in reach: for each its name, dBm as text, and <c>YES</c> or <c>NO</c> for a password.</summary>
    string[][] Scan();

    /// <summary>Begins to connect with new settings, and keeps them when they work.</summary>
    /// <param name="ssid">The network.</param>
    /// <param name="password">Its password; "" for an open one.</param>
    void Connect(string ssid, string password);

    /// <summary>Writes a piece of one of the board's files (<c>thing.conf</c>, <c>thing.key</c>, <c>ca.pem</c>).</summary>
    /// <param name="name">The file's name, without a folder.</param>
    /// <param name="at">Where the piece begins; 0 begins the file anew, else it goes on where the last piece ended.</param>
    /// <param name="buffer">Holds the piece.</param>
    /// <param name="offset">Where it begins there.</param>
    /// <param name="count">Its bytes.</param>
    /// <returns>False when there may be no such file, it would be too long, or the flash does not take it.</returns>
    bool WriteFile(string name, int at, byte[] buffer, int offset, int count);

    /// <summary>Restarts, after the answer has gone out.</summary>
    void Restart();
}

/// <summary>Takes what goes to the other end of the serial line.</summary>
public interface IImprovLine
{
    /// <summary>Sends bytes; they are taken before it returns.</summary>
    void Send(byte[] buffer, int offset, int count);
}
