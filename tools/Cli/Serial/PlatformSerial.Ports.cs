using System.IO.Ports;

namespace IotXmpp.Cli.Serial;

/// <summary>Serial lines of Windows and macOS by System.IO.Ports: only in builds with <c>-p:SerialPorts=packages</c>.</summary>
internal static class PlatformSerial
{
    public static IReadOnlyList<SerialPortName> List() => [.. SerialPort.GetPortNames().Order(StringComparer.Ordinal).Select(n => new SerialPortName(n, string.Empty))];

    public static ISerialPort Open(string name, int baud)
    {
        var port = new SerialPort(name, baud) { WriteTimeout = 2000, DtrEnable = false, RtsEnable = false };
        try
        {
            port.Open();
            return new PackagePort(port);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            port.Dispose();
            throw new CliException(ExitCode.Usage, e is UnauthorizedAccessException
                ? $"{name} is busy: another program has it open; end that, then try again"
                : $"{name} cannot be opened: {e.Message}; {SerialPorts.Those()}");
        }
    }

    private sealed class PackagePort(SerialPort port) : ISerialPort
    {
        public string Name => port.PortName;

        public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancel)
        {
            try
            {
                return await port.BaseStream.ReadAsync(buffer, cancel);
            }
            catch (IOException)
            {
                return 0;
            }
        }

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel) => port.BaseStream.WriteAsync(bytes, cancel);

        public bool SetLines(bool dtr, bool rts)
        {
            port.DtrEnable = dtr;
            port.RtsEnable = rts;
            return true;
        }

        public void Dispose() => port.Dispose();
    }
}
