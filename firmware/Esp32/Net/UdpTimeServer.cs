using System;
using System.Net;
using System.Net.Sockets;
using IotXmpp.Xmpp;

namespace IotXmpp.Esp32;

/// <summary>Asks a time server over UDP. Our own, since the runtime's sets the clock before anybody could compare its answer with the last known time.</summary>
public sealed class UdpTimeServer : ITimeServer
{
    private readonly string _host;
    private readonly IRandom _random;
    private readonly Sntp _sntp = new Sntp();
    private readonly byte[] _packet = new byte[Sntp.Bytes];
    private readonly byte[] _cookie = new byte[8];
    private Socket _socket;

    /// <summary>A time server.</summary>
    /// <param name="host">Its name or address.</param>
    /// <param name="random">Dice, for questions that nobody can guess.</param>
    public UdpTimeServer(string host, IRandom random)
    {
        _host = host;
        _random = random;
    }

    /// <summary>Sends a question. The name's look-up may take the network stack's own time, some seconds.</summary>
    public void Ask()
    {
        Close();
        try
        {
            IPAddress address = Dns.GetHostEntry(_host).AddressList[0];
            _socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            _random.Fill(_cookie);
            _sntp.Ask(_packet, _cookie);
            _socket.Connect(new IPEndPoint(address, Sntp.Port));
            _socket.Send(_packet);
        }
#pragma warning disable CA1031 // asked again in five seconds
        catch (Exception)
#pragma warning restore CA1031
        {
            Close();
        }
    }

    /// <inheritdoc/>
    public bool TryTake(out long utcMs)
    {
        utcMs = 0;
        try
        {
            if (_socket == null || !_socket.Poll(0, SelectMode.SelectRead))
            {
                return false;
            }

            int count = _socket.Receive(_packet);
            bool good = _sntp.TryRead(_packet, count, out utcMs);
            if (good)
            {
                Close();
            }

            return good;
        }
#pragma warning disable CA1031 // asked again in five seconds
        catch (Exception)
#pragma warning restore CA1031
        {
            Close();
            return false;
        }
    }

    private void Close()
    {
        Socket socket = _socket;
        _socket = null;
        if (socket != null)
        {
            socket.Close();
        }
    }
}
