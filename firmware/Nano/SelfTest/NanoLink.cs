using System;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using IotXmpp.Streams;
using IotXmpp.Xmpp;
using NativeGC = nanoFramework.Runtime.Native.GC;

namespace IotXmpp.SelfTest;

/// <summary>
/// A way to the hub over nanoFramework's System.Net: direct TLS, STARTTLS or none. Connecting and the TLS handshake block the whole runtime, with the
/// operating system's bound; everything else returns at once. The client is never called from within its own calls.
/// </summary>
public sealed class NanoLink : ISelfTestLink
{
    /// <summary>Milliseconds for a write, and for the rest of a TLS record whose beginning is there. Default 10,000.</summary>
    public const int SocketMs = 10000;

    private readonly string _host;
    private readonly int _port;
    private readonly string _domain;
    private readonly string _tls;
    private readonly byte[] _authority;
    private readonly byte[] _buffer = new byte[1024];
    private XmppClient _client;
    private Socket _socket;
    private NetworkStream _stream;
    private bool _opening;
    private bool _securing;
    private bool _secure;
    private bool _broken;

    /// <summary>A way to a hub.</summary>
    /// <param name="host">Its IPv4 address or name.</param>
    /// <param name="port">Its port.</param>
    /// <param name="domain">What its certificate must name.</param>
    /// <param name="tls"><c>direct</c>, <c>starttls</c> or <c>none</c>.</param>
    /// <param name="authority">The authority's certificate, PEM with its closing NUL; not needed without TLS.</param>
    public NanoLink(string host, int port, string domain, string tls, byte[] authority)
    {
        _host = host;
        _port = port;
        _domain = domain;
        _tls = tls;
        _authority = authority;
    }

    /// <inheritdoc/>
    public bool IsSecure
    {
        get { return _secure; }
    }

    /// <inheritdoc/>
    public bool IsLoopback
    {
        get { return _host.StartsWith("127.") || _host == "localhost"; }
    }

    /// <inheritdoc/>
    public byte[] ChannelBinding
    {
        get { return null; }
    }

    /// <inheritdoc/>
    public long NowMs
    {
        get { return Environment.TickCount64; }
    }

    /// <inheritdoc/>
    public void Attach(XmppClient client)
    {
        _client = client;
    }

    /// <inheritdoc/>
    public void Open(string host, int port)
    {
        _opening = true;
        _broken = false;
    }

    /// <inheritdoc/>
    public void StartTls()
    {
        _securing = true;
    }

    /// <inheritdoc/>
    public void Step(int waitMs)
    {
        if (_opening)
        {
            _opening = false;
            Connect();
        }

        if (_securing)
        {
            _securing = false;
            Secure();
        }

        bool waited = false;
        while (_stream != null && !_broken)
        {
            int count = Read(waited ? 0 : waitMs);
            waited = true;
            if (count == 0)
            {
                return;
            }

            if (count < 0)
            {
                _broken = true;
                break;
            }

            _client.Feed(_buffer, 0, count);
            if (_securing)
            {
                return;
            }
        }

        if (_broken)
        {
            Close();
            _client.Disconnected(NowMs, "the connection was closed");
        }
        else if (!waited)
        {
            System.Threading.Thread.Sleep(waitMs);
        }
    }

    /// <inheritdoc/>
    public void Send(byte[] buffer, int offset, int count)
    {
        if (_stream == null || _broken)
        {
            return;
        }

        try
        {
            _stream.Write(buffer, offset, count);
        }
        catch (Exception)
        {
            // Told to the client at the next step: it is in the middle of a call.
            _broken = true;
        }
    }

    /// <inheritdoc/>
    public void Close()
    {
        NetworkStream stream = _stream;
        Socket socket = _socket;
        _stream = null;
        _socket = null;
        _secure = false;
        _broken = false;
        _opening = false;
        _securing = false;
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
        catch (Exception)
        {
            // It is closed in any case.
            return;
        }
    }

    /// <inheritdoc/>
    public void Cut()
    {
        Close();
        _broken = true;
    }

    /// <inheritdoc/>
    public long FreeHeap()
    {
        return NativeGC.Run(true);
    }

    /// <inheritdoc/>
    public void Print(string text)
    {
        Console.WriteLine(text);
    }

    private void Connect()
    {
        string step = "name";
        try
        {
            byte[] quad = HostAddress.ToIPv4(_host);
            IPAddress address = quad != null ? new IPAddress(quad) : Dns.GetHostEntry(_host).AddressList[0];
            step = "TCP";
            _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.NoDelay, true);
            _socket.Connect(new IPEndPoint(address, _port));
            step = "TLS";
            if (_tls == "direct")
            {
                Authenticate();
            }
            else
            {
                _stream = new NetworkStream(_socket, false);
            }
        }
        catch (Exception e)
        {
            Close();
            _client.Disconnected(NowMs, step + ": " + e.Message);
            return;
        }

        _client.Connected(NowMs);
    }

    private void Secure()
    {
        try
        {
            Authenticate();
        }
        catch (Exception e)
        {
            Close();
            _client.Disconnected(NowMs, "TLS: " + e.Message);
            return;
        }

        _client.Secured(NowMs);
    }

    private void Authenticate()
    {
        SslStream stream = new SslStream(_socket);
        // The only mode of this runtime that verifies.
        stream.SslVerification = SslVerification.CertificateRequired;
        stream.AuthenticateAsClient(_domain, null, new X509Certificate(_authority), SslProtocols.Tls12 | SslProtocols.Tls13);
        stream.ReadTimeout = SocketMs;
        stream.WriteTimeout = SocketMs;
        _stream = stream;
        _secure = true;
    }

    // Bytes read; 0 when nothing has come; -1 when the connection is over.
    private int Read(int waitMs)
    {
        try
        {
            if (!_stream.DataAvailable && !_socket.Poll(waitMs * 1000, SelectMode.SelectRead))
            {
                return 0;
            }

            int count = _stream.Read(_buffer, 0, _buffer.Length);
            return count > 0 ? count : -1;
        }
        catch (SocketException e)
        {
            // A TLS record that carried no data, such as a session ticket.
            return e.ErrorCode == (int)SocketError.TimedOut || e.ErrorCode == (int)SocketError.WouldBlock ? 0 : -1;
        }
        catch (Exception)
        {
            return -1;
        }
    }
}
