using System.Net.Sockets;
using System.Text;
using IotXmpp.Gateway;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.Things.Tests.Gateway;

public sealed class SystemdTests
{
    [Fact]
    public void What_systemd_waits_for_comes_to_its_socket()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "systemd is of Linux");
        using var folder = new TempFolder("notify");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 10_000 };
        socket.Bind(new UnixDomainSocketEndPoint(folder.File("s")));
        Environment.SetEnvironmentVariable("NOTIFY_SOCKET", folder.File("s"));
        Environment.SetEnvironmentVariable("WATCHDOG_USEC", "60000000");
        Environment.SetEnvironmentVariable("WATCHDOG_PID", Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Systemd systemd = Systemd.FromEnvironment();
        Assert.Equal(TimeSpan.FromSeconds(60), systemd.Watchdog);
        systemd.Ready("measuring");
        systemd.Alive();
        systemd.Stopping();
        byte[] buffer = new byte[256];
        Assert.Equal(["READY=1\nSTATUS=measuring", "WATCHDOG=1", "STOPPING=1"], Enumerable.Range(0, 3).Select(_ => Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer))));

        // No child speaks for the service.
        Assert.Null(Environment.GetEnvironmentVariable("NOTIFY_SOCKET"));
        Systemd none = Systemd.FromEnvironment();
        Assert.Null(none.Watchdog);
        none.Ready("nobody listens");
    }
}
