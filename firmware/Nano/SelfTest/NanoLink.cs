using System;
using IotXmpp.Esp32;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using NativeGC = nanoFramework.Runtime.Native.GC;

namespace IotXmpp.SelfTest;

/// <summary>
/// A way to the hub over the board's socket: direct TLS, STARTTLS or none. Connecting and the TLS handshake block, with the operating system's bound; everything else returns at once.
/// The client is never called from within its own calls.
/// </summary>
public sealed class NanoLink : ISelfTestLink
{
    /// <summary>Bytes read at once. 256, as on a board: what is longer comes in pieces.</summary>
    public const int ReadBytes = 256;

    private readonly string _host;
    private readonly int _port;
    private readonly bool _direct;
    private readonly NanoSocket _socket;
    private readonly byte[] _buffer = new byte[ReadBytes];
    private XmppClient _client;
    private bool _opening;
    private bool _securing;
    private bool _open;
    private bool _broken;

    /// <summary>A way to a hub.</summary>
    /// <param name="host">Its IPv4 address or name.</param>
    /// <param name="port">Its port.</param>
    /// <param name="direct">Whether TLS begins at once; else when the server has agreed to it.</param>
    /// <param name="socket">The socket.</param>
    public NanoLink(string host, int port, bool direct, NanoSocket socket)
    {
        _host = host;
        _port = port;
        _direct = direct;
        _socket = socket;
    }

    /// <inheritdoc/>
    public bool IsSecure
    {
        get { return _open && _socket.IsSecure; }
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
            string failure = _direct ? _socket.Open(_host, _port) : _socket.Connect(_host, _port);
            if (failure != null)
            {
                Lose(failure);
                return;
            }

            _open = true;
            _client.Connected(NowMs);
        }

        if (_securing)
        {
            _securing = false;
            string failure = _socket.Secure();
            if (failure != null)
            {
                Lose(failure);
                return;
            }

            _client.Secured(NowMs);
        }

        if (!_socket.Wait(waitMs))
        {
            System.Threading.Thread.Sleep(waitMs);
        }

        while (_open && !_broken && !_securing)
        {
            int count = _socket.Read(_buffer);
            if (count == 0)
            {
                return;
            }

            if (count < 0)
            {
                _broken = true;
            }
            else
            {
                _client.Feed(_buffer, 0, count);
            }
        }

        if (_broken)
        {
            Lose("the connection was closed");
        }
    }

    /// <inheritdoc/>
    public void Send(byte[] buffer, int offset, int count)
    {
        // Told to the client at the next step: it is in the middle of a call.
        _broken |= _open && !_broken && !_socket.TryWrite(buffer, offset, count);
    }

    /// <inheritdoc/>
    public void Close()
    {
        _open = false;
        _broken = false;
        _opening = false;
        _securing = false;
        _socket.Close();
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
        return NumberFormat.Signed(NativeGC.Run(true));
    }

    /// <inheritdoc/>
    public void Print(string text)
    {
        Console.WriteLine(text);
    }

    private void Lose(string why)
    {
        Close();
        _client.Disconnected(NowMs, why);
    }
}
