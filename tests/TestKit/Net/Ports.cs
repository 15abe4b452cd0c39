using System.Net;
using System.Net.Sockets;

namespace IotXmpp.TestKit.Net;

/// <summary>Finds ports that nobody listens on.</summary>
public static class Ports
{
    // Below the range from which systems take the ports of outgoing connections: a port that is free now could be one of those a moment later.
    private const int First = 10_240;
    private const int Count = 22_000;

    // Each process begins elsewhere, 97 ports after the one that was started before it, so that test processes side by side do not meet.
    private static int s_next = Environment.ProcessId * 97 % Count;

    /// <summary>A free TCP port on 127.0.0.1, another one at each call.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static int Free()
    {
        for (int tries = 0; tries < Count; tries++)
        {
            int port = First + (int)((uint)Interlocked.Increment(ref s_next) % Count);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it: the next one.
            }
        }

        throw new InvalidOperationException("no port is free on 127.0.0.1");
    }
}
