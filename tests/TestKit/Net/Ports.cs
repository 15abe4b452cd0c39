using System.Net;
using System.Net.Sockets;

namespace IotXmpp.TestKit.Net;

/// <summary>Finds ports that nobody listens on.</summary>
public static class Ports
{
    /// <summary>A free TCP port on 127.0.0.1. The kernel does not give the same one again soon, so that a race with another test is very unlikely.</summary>
    public static int Free()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
