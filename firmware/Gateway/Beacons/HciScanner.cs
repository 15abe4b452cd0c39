using System.Buffers.Binary;

namespace IotXmpp.Gateway;

/// <summary>A raw HCI socket: whole packets, each with its type in front (Bluetooth Core, volume 4, part A). Tests have one that replays.</summary>
internal interface IHciSocket : IDisposable
{
    /// <summary>Sends a packet.</summary>
    /// <exception cref="IOException">It cannot be sent; one line says why and what to do.</exception>
    void Send(ReadOnlySpan<byte> packet);

    /// <summary>Takes the next packet.</summary>
    /// <returns>Its bytes; 0 when the adapter is gone.</returns>
    /// <exception cref="IOException">The socket is broken.</exception>
    Task<int> ReceiveAsync(Memory<byte> packet, CancellationToken cancel);
}

/// <summary>An advertisement that was heard.</summary>
/// <param name="Address">Who, most significant byte first.</param>
/// <param name="Rssi">How loud, in dBm; null when the adapter does not say.</param>
/// <param name="Data">What: AD structures (Bluetooth Core, volume 3, part C, §11).</param>
internal readonly record struct Advertisement(ulong Address, int? Rssi, ReadOnlyMemory<byte> Data)
{
    /// <summary>The service data of a 16-bit UUID; empty when there is none.</summary>
    public ReadOnlySpan<byte> ServiceData(ushort uuid)
    {
        ReadOnlySpan<byte> rest = Data.Span;
        while (rest.Length > 1 && rest[0] > 0 && rest.Length > rest[0])
        {
            ReadOnlySpan<byte> structure = rest.Slice(1, rest[0]);
            if (structure[0] == 0x16 && structure.Length >= 3 && BinaryPrimitives.ReadUInt16LittleEndian(structure[1..]) == uuid)
            {
                return structure[3..];
            }

            rest = rest[(1 + rest[0])..];
        }

        return default;
    }
}

/// <summary>
/// Listens to advertisements, without saying a word on the air (passive scanning): starts the scan at the adapter, by the commands of Bluetooth 5 and, where it does not know them, by those of 4.0, and
/// reads its reports (Bluetooth Core, volume 4, part E, §7.7.65 and §7.8).
/// </summary>
internal sealed class HciScanner(IHciSocket socket)
{
    private const byte CommandPacket = 1;
    private const byte EventPacket = 4;
    private const byte CommandComplete = 0x0E;
    private const byte CommandStatus = 0x0F;
    private const byte LeMeta = 0x3E;
    private const byte AdvertisingReport = 0x02;
    private const byte ExtendedAdvertisingReport = 0x0D;
    private const ushort SetScanParameters = 0x200B;
    private const ushort SetScanEnable = 0x200C;
    private const ushort SetExtendedScanParameters = 0x2041;
    private const ushort SetExtendedScanEnable = 0x2042;

    /// <summary>Scan interval and window in 0.625 ms: 100 ms of every 160 ms, so that the adapter has time for others.</summary>
    private const ushort Interval = 256;

    private const ushort Window = 160;

    /// <summary>How long the adapter may take for a command. Default 3 s: it answers within some ms.</summary>
    private static readonly TimeSpan CommandLimit = TimeSpan.FromSeconds(3);

    private readonly byte[] _packet = new byte[1024];

    /// <summary>Starts the scan.</summary>
    /// <exception cref="IOException">The adapter does not do it; one line says why and what to do.</exception>
    public async Task StartAsync(CancellationToken cancel)
    {
        byte[] parameters = new byte[8];
        parameters[1] = 0; // accepts all
        parameters[2] = 1; // on the 1M PHY, which all sensors use
        parameters[3] = 0; // passive
        BinaryPrimitives.WriteUInt16LittleEndian(parameters.AsSpan(4), Interval);
        BinaryPrimitives.WriteUInt16LittleEndian(parameters.AsSpan(6), Window);
        await AskAsync(SetExtendedScanEnable, [0, 0, 0, 0, 0, 0], cancel).ConfigureAwait(false); // one that runs cannot be changed
        byte status = await AskAsync(SetExtendedScanParameters, parameters, cancel).ConfigureAwait(false);
        if (status == 0)
        {
            status = await AskAsync(SetExtendedScanEnable, [1, 0, 0, 0, 0, 0], cancel).ConfigureAwait(false);
        }
        else
        {
            byte[] classic = new byte[7];
            BinaryPrimitives.WriteUInt16LittleEndian(classic.AsSpan(1), Interval);
            BinaryPrimitives.WriteUInt16LittleEndian(classic.AsSpan(3), Window);
            await AskAsync(SetScanEnable, [0, 0], cancel).ConfigureAwait(false);
            status = await AskAsync(SetScanParameters, classic, cancel).ConfigureAwait(false);
            status = status == 0 ? await AskAsync(SetScanEnable, [1, 0], cancel).ConfigureAwait(false) : status;
        }

        if (status != 0)
        {
            throw new IOException(status == 0x0C
                ? "the adapter does not start to listen: another program uses it for that; let bluetoothctl stop scanning"
                : $"the adapter does not start to listen (HCI status 0x{status:X2})");
        }
    }

    /// <summary>Listens until it is cancelled or the adapter is gone.</summary>
    /// <param name="heard">Is told each advertisement; its data are valid during the call.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="IOException">The adapter is gone.</exception>
    public async Task ListenAsync(Action<Advertisement> heard, CancellationToken cancel)
    {
        while (true)
        {
            int count = await socket.ReceiveAsync(_packet, cancel).ConfigureAwait(false);
            if (count == 0)
            {
                throw new IOException("the adapter is gone");
            }

            Take(_packet.AsMemory(0, count), heard);
        }
    }

    /// <summary>Stops the scan, in whatever way it was started.</summary>
    public void Stop()
    {
        try
        {
            Send(SetExtendedScanEnable, [0, 0, 0, 0, 0, 0]);
            Send(SetScanEnable, [0, 0]);
        }
        catch (IOException)
        {
            // It is gone, and with it the scan.
        }
    }

    private static void Take(ReadOnlyMemory<byte> packet, Action<Advertisement> heard)
    {
        ReadOnlySpan<byte> bytes = packet.Span;
        if (bytes.Length < 5 || bytes[0] != EventPacket || bytes[1] != LeMeta || bytes.Length < 3 + bytes[2])
        {
            return;
        }

        int reports = bytes[4];
        int at = 5;
        for (int i = 0; i < reports && bytes[3] is AdvertisingReport or ExtendedAdvertisingReport; i++)
        {
            bool extended = bytes[3] == ExtendedAdvertisingReport;
            int head = extended ? 24 : 9;
            if (bytes.Length < at + head)
            {
                return;
            }

            int length = bytes[at + head - 1];
            if (bytes.Length < at + head + length + (extended ? 0 : 1))
            {
                return;
            }

            int address = at + (extended ? 3 : 2);
            ulong who = 0;
            for (int k = 5; k >= 0; k--)
            {
                who = (who << 8) | bytes[address + k];
            }

            sbyte rssi = (sbyte)(extended ? bytes[at + 13] : bytes[at + head + length]);
            heard(new Advertisement(who, rssi == 127 ? null : rssi, packet.Slice(at + head, length)));
            at += head + length + (extended ? 0 : 1);
        }
    }

    private async Task<byte> AskAsync(ushort command, byte[] parameters, CancellationToken cancel)
    {
        Send(command, parameters);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(CommandLimit);
        try
        {
            while (true)
            {
                int count = await socket.ReceiveAsync(_packet, limit.Token).ConfigureAwait(false);
                if (count == 0)
                {
                    throw new IOException("the adapter is gone");
                }

                if (Status(_packet.AsSpan(0, count), command) is { } status)
                {
                    return status;
                }
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new IOException("the adapter does not answer; plug it in anew, or: bluetoothctl power off, power on");
        }
    }

    private static byte? Status(ReadOnlySpan<byte> bytes, ushort command)
    {
        if (bytes.Length < 7 || bytes[0] != EventPacket)
        {
            return null;
        }

        return bytes[1] switch
        {
            CommandComplete when BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]) == command => bytes[6],
            CommandStatus when BinaryPrimitives.ReadUInt16LittleEndian(bytes[5..]) == command => bytes[3],
            _ => null,
        };
    }

    private void Send(ushort command, byte[] parameters)
        => socket.Send([CommandPacket, (byte)command, (byte)(command >> 8), (byte)parameters.Length, .. parameters]);
}
