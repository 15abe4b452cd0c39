using System;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace IotXmpp.Esp32;

/// <summary>
/// Direct TLS over nanoFramework's System.Net. The hub's certificate is checked against the hub's authority and its domain, always:
/// <c>CertificateRequired</c> is the only mode of that runtime that verifies.
/// </summary>
public sealed class TlsSocket : IBoardSocket
{
    /// <summary>Milliseconds for a write. Default 10,000: a hub that takes nothing for so long is lost.</summary>
    public const int SendMs = 10000;

    /// <summary>Milliseconds for the rest of a TLS record whose beginning is there. Default 2,000.</summary>
    public const int ReceiveMs = 2000;

    /// <summary>Seconds of silence after which TCP asks whether the other end is alive, also within the handshake. Default 10.</summary>
    public const int ProbeSeconds = 10;

    /// <summary>Such questions, 5 s apart, without an answer after which the connection is over. Default 3: a dead peer frees a frozen handshake after 25 s.</summary>
    public const int Probes = 3;

    // lwIP's numbers, which the runtime passes on; its own enumeration has no names for them.
    private const int KeepIdle = 3;
    private const int KeepInterval = 4;
    private const int KeepCount = 5;

    private readonly string _domain;
    private readonly X509Certificate _authority;
    private Socket _socket;
    private SslStream _stream;

    private TlsSocket(string domain, X509Certificate authority)
    {
        _domain = domain;
        _authority = authority;
    }

    /// <summary>Makes the sockets to one hub.</summary>
    /// <param name="config">Names the domain, which the hub's certificate must name.</param>
    /// <param name="authority">The authority that signed it: PEM with its closing NUL; null when there is none.</param>
    /// <param name="wrong">What is wrong, one line for people; null when nothing is.</param>
    /// <returns>Null when something is wrong: without an authority nothing could be verified.</returns>
    public static TlsSocket Create(BoardConfig config, byte[] authority, out string wrong)
    {
        wrong = null;
        if (authority == null || authority.Length == 0)
        {
            wrong = "there is no " + config.CaPath + ": the hub could not be verified";
            return null;
        }

        if (authority[authority.Length - 1] != 0)
        {
            wrong = config.CaPath + " lacks its closing NUL";
            return null;
        }

        try
        {
            return new TlsSocket(config.Domain, new X509Certificate(authority));
        }
#pragma warning disable CA1031 // the runtime does not say what it throws for a broken certificate
        catch (Exception e)
#pragma warning restore CA1031
        {
            wrong = config.CaPath + " is no certificate: " + e.Message;
            return null;
        }
    }

    /// <inheritdoc/>
    public string Open(string host, int port)
    {
        string step = "name";
        try
        {
            IPAddress address = Find(host);
            step = "TCP";
            _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            Tune(_socket);
            _socket.Connect(new IPEndPoint(address, port));
            step = "TLS";
            _stream = new SslStream(_socket);
            _stream.SslVerification = SslVerification.CertificateRequired;
            // The whole runtime stands still here until the hub has answered: TCP's questions end it when the hub is gone, the watchdog when it is there and silent.
            _stream.AuthenticateAsClient(_domain, null, _authority, SslProtocols.Tls12 | SslProtocols.Tls13);
            _stream.ReadTimeout = ReceiveMs;
            _stream.WriteTimeout = SendMs;
            return null;
        }
#pragma warning disable CA1031 // whatever the runtime throws, it is a connection that was not made
        catch (Exception e)
#pragma warning restore CA1031
        {
            Close();
            // The runtime does not tell a bad certificate from other failures of the handshake by type.
            string text = step + ": " + e.Message;
            return step == "TLS" && e.Message != null && e.Message.ToLower().Contains("cert") ? BoardTransport.Untrusted + text : text;
        }
    }

    /// <inheritdoc/>
    public int Read(byte[] buffer)
    {
        try
        {
            // What is decrypted already, or a record (or its end) at the socket.
            if (!_stream.DataAvailable && !_socket.Poll(0, SelectMode.SelectRead))
            {
                return 0;
            }

            int count = _stream.Read(buffer, 0, buffer.Length);
            return count > 0 ? count : -1;
        }
        catch (SocketException e)
        {
            // A record that carried no data, such as a session ticket of TLS 1.3.
            return e.ErrorCode == (int)SocketError.TimedOut || e.ErrorCode == (int)SocketError.WouldBlock ? 0 : -1;
        }
#pragma warning disable CA1031 // whatever else it throws, the connection is over
        catch (Exception)
#pragma warning restore CA1031
        {
            return -1;
        }
    }

    /// <inheritdoc/>
    public bool TryWrite(byte[] buffer, int offset, int count)
    {
        try
        {
            _stream.Write(buffer, offset, count);
            return true;
        }
#pragma warning disable CA1031 // whatever it throws, the connection is over
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }

    /// <summary>Waits until something can be read.</summary>
    /// <param name="milliseconds">For how long at most.</param>
    /// <returns>False when there is no connection to wait at.</returns>
    public bool Wait(int milliseconds)
    {
        Socket socket = _socket;
        if (socket == null || _stream == null)
        {
            return false;
        }

        try
        {
            return _stream.DataAvailable || socket.Poll(milliseconds * 1000, SelectMode.SelectRead) || true;
        }
#pragma warning disable CA1031 // told by the next Read
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Close()
    {
        SslStream stream = _stream;
        Socket socket = _socket;
        _stream = null;
        _socket = null;
        try
        {
            if (stream != null)
            {
                stream.Dispose();
            }

            if (socket != null)
            {
                socket.Close();
            }
        }
#pragma warning disable CA1031 // it is closed in any case
        catch (Exception)
#pragma warning restore CA1031
        {
            return;
        }
    }

    private static IPAddress Find(string host)
    {
        byte[] text = Xml.Utf8.Encode(host);
        bool isAddress = true;
        for (int i = 0; i < text.Length; i++)
        {
            isAddress &= text[i] == '.' || (text[i] >= '0' && text[i] <= '9');
        }

        return isAddress ? IPAddress.Parse(host) : Dns.GetHostEntry(host).AddressList[0];
    }

    private static void Tune(Socket socket)
    {
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.NoDelay, true);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, (SocketOptionName)KeepIdle, ProbeSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, (SocketOptionName)KeepInterval, 5);
            socket.SetSocketOption(SocketOptionLevel.Tcp, (SocketOptionName)KeepCount, Probes);
        }
        catch (SocketException)
        {
            // A network stack without them: the client's pings find a dead hub, the watchdog a dead handshake.
            return;
        }
    }
}
