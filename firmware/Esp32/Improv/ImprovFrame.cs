namespace IotXmpp.Esp32.Improv;

/// <summary>
/// The words of Improv Wi-Fi over a serial line, version 1: a frame is <c>IMPROV</c>, version, type, length, data, checksum (the sum of all bytes before it, modulo 256),
/// and a line feed that readers do not need. Commands from 0xE0 are ours: they carry a board's files, which Improv has no word for.
/// </summary>
public static class ImprovFrame
{
    /// <summary>The version of the protocol.</summary>
    public const byte Version = 1;

    /// <summary>Bytes before the data.</summary>
    public const int HeaderBytes = 9;

    /// <summary>The most data that a frame carries, in bytes.</summary>
    public const int MaxData = 255;

    /// <summary>The largest frame with its line feed, in bytes.</summary>
    public const int MaxBytes = HeaderBytes + MaxData + 2;

    /// <summary>Type: the board's state, one byte.</summary>
    public const byte CurrentState = 1;

    /// <summary>Type: the board's error, one byte.</summary>
    public const byte ErrorState = 2;

    /// <summary>Type: a command to the board: command, length, data.</summary>
    public const byte Rpc = 3;

    /// <summary>Type: its result: command, length, then strings, each after a byte of length.</summary>
    public const byte RpcResult = 4;

    /// <summary>State: provisioning is not to be had now.</summary>
    public const byte Stopped = 0;

    /// <summary>State: ready to take Wi-Fi settings.</summary>
    public const byte Ready = 2;

    /// <summary>State: trying the settings.</summary>
    public const byte Provisioning = 3;

    /// <summary>State: connected.</summary>
    public const byte Provisioned = 4;

    /// <summary>Error: none.</summary>
    public const byte NoError = 0;

    /// <summary>Error: the frame or its data are malformed.</summary>
    public const byte InvalidRpc = 1;

    /// <summary>Error: there is no such command.</summary>
    public const byte UnknownRpc = 2;

    /// <summary>Error: the Wi-Fi settings do not work.</summary>
    public const byte UnableToConnect = 3;

    /// <summary>Error: something else.</summary>
    public const byte UnknownError = 0xFF;

    /// <summary>Command: SSID and password, each after a byte of length.</summary>
    public const byte SendWifi = 1;

    /// <summary>Command: what is the state; a provisioned board answers with the URL to go on at, too.</summary>
    public const byte RequestState = 2;

    /// <summary>Command: firmware's name, its version, chip, board's name.</summary>
    public const byte RequestInfo = 3;

    /// <summary>Command: the networks in reach, a result of name, dBm and YES or NO (encrypted) each, then an empty result.</summary>
    public const byte RequestNetworks = 4;

    /// <summary>Command, ours: a piece of a file: name after a byte of length, offset (2, big-endian; 0 begins the file anew), bytes. The result is the offset behind it.</summary>
    public const byte WriteFile = 0xE0;

    /// <summary>Command, ours: restart, so that written files take effect.</summary>
    public const byte Restart = 0xE1;

    /// <summary>Bytes of a file that one <see cref="WriteFile"/> carries. Default 192: leaves room for a name of 48 bytes.</summary>
    public const int FileBytes = 192;

    /// <summary>Writes a frame.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="data">Its data.</param>
    /// <param name="count">Bytes of data, at most <see cref="MaxData"/>.</param>
    /// <param name="target">At least count + 11 bytes.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(byte type, byte[] data, int count, byte[] target)
    {
        target[0] = (byte)'I';
        target[1] = (byte)'M';
        target[2] = (byte)'P';
        target[3] = (byte)'R';
        target[4] = (byte)'O';
        target[5] = (byte)'V';
        target[6] = Version;
        target[7] = type;
        target[8] = (byte)count;
        System.Array.Copy(data, 0, target, HeaderBytes, count);
        int sum = 0;
        for (int i = 0; i < HeaderBytes + count; i++)
        {
            sum += target[i];
        }

        target[HeaderBytes + count] = (byte)sum;
        target[HeaderBytes + count + 1] = (byte)'\n';
        return HeaderBytes + count + 2;
    }
}
