namespace IotXmpp.Cli.Serial;

/// <summary>Serial lines of systems other than Linux: not in this build. <c>-p:SerialPorts=packages</c> builds one with System.IO.Ports (<c>PlatformSerial.Ports.cs</c>).</summary>
internal static class PlatformSerial
{
    public static IReadOnlyList<SerialPortName> List() => [];

    public static ISerialPort Open(string name, int baud) => throw new CliException(
        ExitCode.Usage, $"this build of iotxmpp opens serial ports on Linux only, not {name} at {baud} baud; build it for this system with: dotnet build tools/Cli -p:SerialPorts=packages");
}
