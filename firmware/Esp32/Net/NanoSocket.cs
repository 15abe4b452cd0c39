using System;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using IotXmpp.Streams;

namespace IotXmpp.Esp32;

/// <summary>
/// The one socket over nanoFramework's System.Net: direct TLS, or TCP first and TLS on it later (STARTTLS) or never (a self-test on loopback). The hub's certificate is checked against
/// the hub's authority and its domain, always: <c>CertificateRequired</c> is the only mode of that runtime that verifies.
/// </summary>
public sealed class NanoSocket : IBoardSocket
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
    private NetworkStream _stream;

    private NanoSocket(string domain, X509Certificate authority)
    {
        _domain = domain;
        _authority = authority;
    }

    /// <summary>Makes the sockets to one hub.</summary>
    /// <param name="domain">What the hub's certificate must name: the domain of the account (RFC 6120 §13.7.2).</param>
    /// <param name="file">What the authority is called when something is wrong with it.</param>
    /// <param name="authority">The authority that signed it: PEM with its closing NUL; null when there is none.</param>
    /// <param name="wrong">What is wrong, one line for people; null when nothing is.</param>
    /// <returns>Null when something is wrong: without an authority nothing could be verified.</returns>
    public static NanoSocket Create(string domain, string file, byte[] authority, out string wrong)
    {
        wrong = null;
        if (authority == null || authority.Length == 0)
        {
            wrong = "there is no " + file + ": the hub could not be verified";
            return null;
        }

        if (authority[authority.Length - 1] != 0)
        {
            wrong = file + " lacks its closing NUL";
            return null;
        }

        try
        {
            return new NanoSocket(domain, new X509Certificate(authority));
        }
#pragma warning disable CA1031 // the runtime does not say what it throws for a broken certificate
        catch (Exception e)
#pragma warning restore CA1031
        {
            wrong = file + " is no certificate: " + e.Message;
            return null;
        }
    }

    /// <summary>Sockets that are never secured: for what has no authority because it speaks to its own machine.</summary>
    /// <returns>Sockets whose <see cref="Secure"/> fails.</returns>
    public static NanoSocket WithoutTls() => new NanoSocket(null, null);

    /// <summary>Whether bytes go over TLS whose server certificate is good.</summary>
    public bool IsSecure
    {
        get { return _stream is SslStream; }
    }

    /// <inheritdoc/>
    public string Open(string host, int port)
    {
        string failure = Connect(host, port);
        return failure == null ? Secure() : failure;
    }

    /// <summary>Connects: name, TCP. Blocks with the network stack's own bounds; other threads run meanwhile.</summary>
    /// <param name="host">A name or an address.</param>
    /// <param name="port">The port.</param>
    /// <returns>Null when the connection stands; else why not, for people.</returns>
    public string Connect(string host, int port)
    {
        string step = "name";
        try
        {
            IPAddress address = Find(host);
            step = "TCP";
            _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            Tune(_socket);
            _socket.Connect(new IPEndPoint(address, port));
            _stream = new NetworkStream(_socket, false);
            _stream.WriteTimeout = SendMs;
            return null;
        }
#pragma warning disable CA1031 // whatever the runtime throws, it is a connection that was not made
        catch (Exception e)
#pragma warning restore CA1031
        {
            Close();
            return step + ": " + e.Message;
        }
    }

    /// <summary>Does the TLS handshake on the connection, at its start (direct TLS) or after STARTTLS. The whole runtime stands still meanwhile, and only the watchdog ends a server's silence.</summary>
    /// <returns>Null when TLS stands and the certificate is good; else why not, for people; <see cref="BoardSocket.Untrusted"/> first when it is the certificate.</returns>
    public string Secure()
    {
        try
        {
            SslStream stream = new SslStream(_socket);
            stream.SslVerification = SslVerification.CertificateRequired;
            // TCP's questions end it when the hub is gone, the watchdog when it is there and silent. Protocols.None would mean TLS 1.3 alone.
            stream.AuthenticateAsClient(_domain, null, _authority, SslProtocols.Tls12 | SslProtocols.Tls13);
            stream.ReadTimeout = ReceiveMs;
            stream.WriteTimeout = SendMs;
            _stream = stream;
            return null;
        }
#pragma warning disable CA1031 // whatever the runtime throws, it is TLS that does not stand
        catch (Exception e)
#pragma warning restore CA1031
        {
            Close();
            // The runtime does not tell a bad certificate from other failures of the handshake by type.
            bool isCertificate = e.Message != null && e.Message.ToLower().Contains("cert");
            return (isCertificate ? BoardSocket.Untrusted : string.Empty) + "TLS: " + e.Message;
        }
    }

    /// <inheritdoc/>
    public string Look(string host, int port, int limitMs)
    {
        Socket probe = null;
        try
        {
            probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            probe.Connect(new IPEndPoint(Find(host), port));
            probe.Send(BoardSocket.CloseNotify);
            // The wait for a socket lets other threads run, unlike the handshake.
            return probe.Poll(limitMs * 1000, SelectMode.SelectRead) ? null : BoardSocket.Silent;
        }
#pragma warning disable CA1031 // whatever the runtime throws, there is no hub to talk to
        catch (Exception e)
#pragma warning restore CA1031
        {
            return e.Message;
        }
        finally
        {
            if (probe != null)
            {
                probe.Close();
            }
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
            if (!_stream.DataAvailable)
            {
                socket.Poll(milliseconds * 1000, SelectMode.SelectRead);
            }

            return true;
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
        NetworkStream stream = _stream;
        Socket socket = _socket;
        _stream = null;
        _socket = null;
        // Each for itself: a stream that cannot say goodbye must not keep its socket.
        Dispose(stream);
        Dispose(socket);
    }

    private static void Dispose(IDisposable what)
    {
        try
        {
            if (what != null)
            {
                what.Dispose();
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
        byte[] quad = HostAddress.ToIPv4(host);
        return quad != null ? new IPAddress(quad) : Dns.GetHostEntry(host).AddressList[0];
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
