using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace IotXmpp.Gateway;

/// <summary>
/// Tells systemd how the service is (sd_notify(3)): datagrams to the socket of <c>NOTIFY_SOCKET</c>. Without that socket nothing is told, and nothing fails. The socket's
/// name is taken out of the environment, so that no child speaks for the service.
/// </summary>
public sealed class Systemd
{
    private readonly EndPoint? _socket;

    private Systemd(EndPoint? socket, TimeSpan? watchdog)
    {
        _socket = socket;
        Watchdog = watchdog;
    }

    /// <summary>How often <see cref="Alive"/> must come at least, or null when nobody waits for it (<c>WatchdogSec=</c> of the unit).</summary>
    public TimeSpan? Watchdog { get; }

    /// <summary>Reads what systemd has put into the environment.</summary>
    public static Systemd FromEnvironment()
    {
        string? path = Environment.GetEnvironmentVariable("NOTIFY_SOCKET");
        string? micros = Environment.GetEnvironmentVariable("WATCHDOG_USEC");
        string? process = Environment.GetEnvironmentVariable("WATCHDOG_PID");
        Environment.SetEnvironmentVariable("NOTIFY_SOCKET", null);
        Environment.SetEnvironmentVariable("WATCHDOG_USEC", null);
        Environment.SetEnvironmentVariable("WATCHDOG_PID", null);
        bool mine = string.IsNullOrEmpty(process) || process == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        TimeSpan? watchdog = mine && long.TryParse(micros, NumberStyles.None, CultureInfo.InvariantCulture, out long us) && us > 0 ? TimeSpan.FromMicroseconds(us) : null;
        if (string.IsNullOrEmpty(path) || OperatingSystem.IsWindows() || path[0] is not ('/' or '@'))
        {
            return new Systemd(null, null);
        }

        // An @ stands for the NUL of the abstract name space.
        return new Systemd(new UnixDomainSocketEndPoint(path[0] == '@' ? '\0' + path[1..] : path), watchdog);
    }

    /// <summary>The service has started: <c>systemctl start</c> returns.</summary>
    public void Ready(string status) => Send($"READY=1\nSTATUS={status}");

    /// <summary>A line for <c>systemctl status</c>.</summary>
    public void Status(string status) => Send($"STATUS={status}");

    /// <summary>The service is alive; told more often than <see cref="Watchdog"/>, else systemd restarts it.</summary>
    public void Alive() => Send("WATCHDOG=1");

    /// <summary>The service ends now.</summary>
    public void Stopping() => Send("STOPPING=1");

    private void Send(string message)
    {
        if (_socket is null)
        {
            return;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(Encoding.UTF8.GetBytes(message), _socket);
        }
        catch (SocketException)
        {
            // systemd is restarting itself, or nobody listens; it asks again by its own means.
        }
    }
}
