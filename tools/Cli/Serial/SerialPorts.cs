using System.Globalization;

namespace IotXmpp.Cli.Serial;

/// <summary>A serial port of this machine.</summary>
/// <param name="Name">Its name, such as <c>/dev/ttyUSB0</c>.</param>
/// <param name="What">What is plugged in there, or "".</param>
internal sealed record SerialPortName(string Name, string What)
{
    /// <inheritdoc/>
    public override string ToString() => What.Length > 0 ? $"{Name} ({What})" : Name;
}

/// <summary>The serial ports of this machine, and opening one.</summary>
internal static class SerialPorts
{
    private static readonly string[] s_patterns = ["ttyUSB*", "ttyACM*"];

    /// <summary>The ports that a board may be plugged in at.</summary>
    public static IReadOnlyList<SerialPortName> List()
    {
        if (!OperatingSystem.IsLinux())
        {
            return PlatformSerial.List();
        }

        Dictionary<string, string> known = [];
        const string ById = "/dev/serial/by-id";
        if (Directory.Exists(ById))
        {
            foreach (string link in Directory.EnumerateFileSystemEntries(ById))
            {
                if (new FileInfo(link).ResolveLinkTarget(true) is { } target)
                {
                    // usb-Silicon_Labs_CP2102N_USB_to_UART_Bridge_…-if00-port0
                    known[target.FullName] = Path.GetFileName(link).Replace("usb-", string.Empty, StringComparison.Ordinal).Replace('_', ' ');
                }
            }
        }

        return
        [
            .. s_patterns.SelectMany(p => Directory.EnumerateFileSystemEntries("/dev", p)).Order(StringComparer.Ordinal).Select(p => new SerialPortName(p, known.GetValueOrDefault(p, string.Empty))),
        ];
    }

    /// <summary>Sees whether a port can be opened, before anything is tried on it.</summary>
    /// <exception cref="CliException">It cannot; the line says why and what to do.</exception>
    public static void Check(string name)
    {
        if (!OperatingSystem.IsLinux())
        {
            return; // what is wrong is told when it is opened
        }

        if (!File.Exists(name))
        {
            throw new CliException(ExitCode.Usage, $"there is no port {name}; {Those()}");
        }

        if (Holder(name) is { } holder)
        {
            throw new CliException(ExitCode.Usage, $"{name} is busy: {holder} has it open; end that, then try again");
        }

        using ISerialPort port = Open(name);
    }

    /// <summary>Opens a port.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="baud">Bits a second; nanoFramework's wire protocol and the chip's own output use 115,200.</param>
    /// <exception cref="CliException">It cannot be opened; the line says why and what to do.</exception>
    public static ISerialPort Open(string name, int baud = 115_200) => OperatingSystem.IsLinux() ? LinuxSerialPort.Open(name, baud) : PlatformSerial.Open(name, baud);

    /// <summary>The ports there are, as the end of a sentence.</summary>
    public static string Those()
    {
        IReadOnlyList<SerialPortName> ports = List();
        return ports.Count > 0
            ? $"there {(ports.Count == 1 ? "is" : "are")} {string.Join(", ", ports)}"
            : "this machine has no serial port at all now: plug the board in with a cable that carries data (many only charge), then look again with: iotxmpp board ports";
    }

    /// <summary>The program that has a port open: its name and process id; null when nobody has, or it cannot be seen.</summary>
    public static string? Holder(string port)
    {
        string real = new FileInfo(port).ResolveLinkTarget(true)?.FullName ?? Path.GetFullPath(port);
        foreach (string process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out int id) || id == Environment.ProcessId)
            {
                continue;
            }

            try
            {
                if (Directory.EnumerateFileSystemEntries(Path.Combine(process, "fd")).Any(fd => File.ResolveLinkTarget(fd, false)?.FullName == real))
                {
                    return $"{File.ReadAllText(Path.Combine(process, "comm")).Trim()} (process {id})";
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another user's process, or one that has just ended: it cannot be seen.
            }
        }

        return null;
    }
}
