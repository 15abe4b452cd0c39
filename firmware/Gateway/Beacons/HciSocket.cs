using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IotXmpp.Gateway;

/// <summary>A raw HCI socket of Linux, beside BlueZ: no daemon and no package is needed, CAP_NET_RAW and CAP_NET_ADMIN are. A wait lasts at most <see cref="PolledFile.PollMs"/> in the kernel, so it can be cancelled.</summary>
internal sealed class HciSocket : IHciSocket
{
    private const int Bluetooth = 31;
    private const int Raw = 3;
    private const int CloseOnExec = 0x80000;
    private const int Hci = 1;
    private const int HciLevel = 0;
    private const int HciFilter = 2;

    private readonly PolledFile _file;

    private HciSocket(PolledFile file) => _file = file;

    /// <summary>Opens an adapter.</summary>
    /// <param name="adapter">Its name, such as <c>hci0</c>.</param>
    /// <exception cref="IOException">It cannot be opened; one line says why and what to do.</exception>
    public static HciSocket Open(string adapter)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new IOException("Bluetooth adapters are for Linux only");
        }

        int descriptor = socket(Bluetooth, Raw | CloseOnExec, Hci);
        if (descriptor < 0)
        {
            throw Failure("socket");
        }

        var handle = new SafeFileHandle(descriptor, true);
        // struct sockaddr_hci: family, device, channel (0 is raw).
        byte[] address = [Bluetooth, 0, (byte)Number(adapter), (byte)(Number(adapter) >> 8), 0, 0];
        // struct hci_filter: events only (bit 4 of the types), and of those command complete, command status and LE meta.
        byte[] filter = new byte[16];
        filter[0] = 1 << 4;
        BitConverter.TryWriteBytes(filter.AsSpan(4), (1u << 0x0E) | (1u << 0x0F));
        BitConverter.TryWriteBytes(filter.AsSpan(8), 1u << (0x3E - 32));
        if (bind(descriptor, address, address.Length) != 0 || setsockopt(descriptor, HciLevel, HciFilter, filter, filter.Length) != 0)
        {
            IOException failure = Failure(adapter);
            handle.Dispose();
            throw failure;
        }

        return new HciSocket(new PolledFile(handle));
    }

    /// <summary>The number of an adapter; -1 when its name is none.</summary>
    public static int Number(string adapter)
        => adapter.StartsWith("hci", StringComparison.Ordinal) && ushort.TryParse(adapter.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) ? number : -1;

    /// <inheritdoc/>
    public void Send(ReadOnlySpan<byte> packet)
    {
        byte[] bytes = packet.ToArray();
        if (_file.Write(bytes) != bytes.Length)
        {
            throw Failure("write");
        }
    }

    /// <inheritdoc/>
    public Task<int> ReceiveAsync(Memory<byte> packet, CancellationToken cancel)
        => Task.Factory.StartNew(() => Receive(packet, cancel), cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private int Receive(Memory<byte> packet, CancellationToken cancel)
    {
        byte[] bytes = new byte[packet.Length];
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            if (_file.Wait(PolledFile.Readable) == 0)
            {
                continue;
            }

            nint count = _file.Read(bytes);
            if (count > 0)
            {
                bytes.AsSpan(0, (int)count).CopyTo(packet.Span);
                return (int)count;
            }

            if (count < 0 && Marshal.GetLastPInvokeError() is 11 or 4)
            {
                continue;
            }

            return count == 0 ? 0 : throw Failure("read");
        }
    }

    private static IOException Failure(string what)
    {
        int error = Marshal.GetLastPInvokeError();
        return new IOException(error switch
        {
            1 or 13 => "it may not be used: the service needs CAP_NET_RAW and CAP_NET_ADMIN (iotxmpp gateway install --beacons gives them)",
            19 => "there is no such adapter; hciconfig or bluetoothctl list shows those there are",
            97 or 93 => "this machine's kernel has no Bluetooth",
            100 => "the adapter is off: bluetoothctl power on",
            _ => $"{what}: {Marshal.GetPInvokeErrorMessage(error)}",
        });
    }

#pragma warning disable SA1300, IDE1006, CA2101, CA5392, SYSLIB1054 // names and forms of libc
    [DllImport("libc", SetLastError = true)]
    private static extern int socket(int domain, int type, int protocol);

    [DllImport("libc", SetLastError = true)]
    private static extern int bind(int descriptor, byte[] address, int length);

    [DllImport("libc", SetLastError = true)]
    private static extern int setsockopt(int descriptor, int level, int name, byte[] value, int length);
#pragma warning restore SA1300, IDE1006, CA2101, CA5392, SYSLIB1054
}
