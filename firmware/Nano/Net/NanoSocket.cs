using System;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Threading;

namespace IotXmpp.Net;

/// <summary>
/// System.Net of nanoFramework as a <see cref="IBoundedSocket"/>. What blocks there and how it is bounded: <c>Socket.Connect</c> has no time-out, so a thread of its own connects
/// and is left alone when it is late; a name is looked up with the network's own bound; reading waits in <c>Poll</c>; the TLS handshake freezes the runtime and has no bound at all.
/// </summary>
public sealed class NanoSocket : IBoundedSocket
{
    /// <summary>Milliseconds for the rest of a TLS record whose beginning has come. Default 250: what has come is kept, so that the next read goes on with it.</summary>
    public const int RecordTimeoutMs = 250;

    /// <summary>Milliseconds for the network to take what is written. Default 10,000: less than the client's bound for a silent server.</summary>
    public const int SendTimeoutMs = 10000;

    private readonly string _name;
    private readonly byte[] _authority;
    private Socket _socket;
    private SslStream _tls;

    /// <summary>Not connected yet.</summary>
    /// <param name="name">The name that the server's certificate must have: the domain of the account (RFC 6120 §13.7.2).</param>
    /// <param name="authority">The certificate of the authority: PEM with a closing NUL, without which mbedTLS does not take it, or DER. Null where <see cref="Secure"/> is never called.</param>
    public NanoSocket(string name, byte[] authority)
    {
        _name = name;
        _authority = authority;
    }

    /// <inheritdoc/>
    public bool IsSecure
    {
        get { return _tls != null; }
    }

    /// <inheritdoc/>
    public bool IsLoopback { get; private set; }

    /// <inheritdoc/>
    public string Connect(string host, int port, int timeoutMs)
    {
        Close();
        IPAddress address;
        try
        {
            address = IsAddress(host) ? IPAddress.Parse(host) : Dns.GetHostEntry(host).AddressList[0];
        }
        catch (Exception)
        {
            return "the name " + host + " was not found";
        }

        Attempt attempt;
        try
        {
            _socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            attempt = new Attempt(_socket, new IPEndPoint(address, port));
            new Thread(attempt.Run).Start();
        }
        catch (Exception)
        {
            Close();
            return "there is no socket left";
        }

        // Closing the socket ends a Connect that is late.
        if (!attempt.Done.WaitOne(timeoutMs, false) || attempt.Failure != null)
        {
            Close();
            string failure = attempt.Failure == null ? "no answer" : attempt.Failure;
            return "no connection to " + host + ":" + port + ": " + failure;
        }

        try
        {
            _socket.ReceiveTimeout = RecordTimeoutMs;
            _socket.SendTimeout = SendTimeoutMs;
            _socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.NoDelay, true);
        }
        catch (Exception)
        {
            // Without it small stanzas may come some milliseconds later.
        }

        byte[] bytes = address.GetAddressBytes();
        IsLoopback = bytes.Length == 4 && bytes[0] == 127 || address == IPAddress.IPv6Loopback;
        return null;
    }

    /// <inheritdoc/>
    public string Secure()
    {
        try
        {
            SslStream tls = new SslStream(_socket);
            // The only mode that verifies: VerifyPeer takes any certificate.
            tls.SslVerification = SslVerification.CertificateRequired;
            // None would mean TLS 1.3 alone.
            tls.AuthenticateAsClient(_name, null, new X509Certificate(_authority), SslProtocols.Tls12 | SslProtocols.Tls13);
            _tls = tls;
            return null;
        }
        catch (SocketException e)
        {
            return "no TLS with " + _name + " (error " + e.ErrorCode + "): is it the hub's authority, is the clock right?";
        }
        catch (Exception e)
        {
            return "no TLS with " + _name + ": " + e.Message;
        }
    }

    /// <inheritdoc/>
    public int Read(byte[] buffer, int waitMs)
    {
        Socket socket = _socket;
        if (socket == null)
        {
            return -1;
        }

        try
        {
            // Decrypted bytes may wait in TLS when the socket has none.
            bool there = _tls != null && _tls.DataAvailable || socket.Poll(waitMs * 1000, SelectMode.SelectRead);
            if (!there)
            {
                return 0;
            }

            int count = _tls != null ? _tls.Read(buffer, 0, buffer.Length) : socket.Receive(buffer, 0, buffer.Length, SocketFlags.None);
            return count > 0 ? count : -1;
        }
        catch (SocketException e)
        {
            return e.ErrorCode == (int)SocketError.TimedOut ? 0 : -1;
        }
        catch (Exception)
        {
            return -1;
        }
    }

    /// <inheritdoc/>
    public bool TryWrite(byte[] buffer, int offset, int count)
    {
        if (_socket == null)
        {
            return false;
        }

        try
        {
            if (_tls != null)
            {
                _tls.Write(buffer, offset, count);
                return true;
            }

            return _socket.Send(buffer, offset, count, SocketFlags.None) == count;
        }
        catch (Exception)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Close()
    {
        Socket socket = _socket;
        SslStream tls = _tls;
        _socket = null;
        _tls = null;
        try
        {
            if (tls != null)
            {
                // also closes the socket
                tls.Close();
            }
            else if (socket != null)
            {
                socket.Close();
            }
        }
        catch (Exception)
        {
            // It is closed, whatever it says.
        }
    }

    private static bool IsAddress(string host)
    {
        char[] chars = host.ToCharArray();
        for (int i = 0; i < chars.Length; i++)
        {
            char c = chars[i];
            if (c == ':')
            {
                return true;
            }

            if (c != '.' && (c < '0' || c > '9'))
            {
                return false;
            }
        }

        return chars.Length > 0;
    }

    private sealed class Attempt
    {
        internal readonly ManualResetEvent Done = new ManualResetEvent(false);
        internal string Failure;
        private readonly Socket _socket;
        private readonly EndPoint _to;

        internal Attempt(Socket socket, EndPoint to)
        {
            _socket = socket;
            _to = to;
        }

        internal void Run()
        {
            try
            {
                _socket.Connect(_to);
            }
            catch (SocketException e)
            {
                Failure = e.ErrorCode == (int)SocketError.ConnectionRefused ? "refused" : "error " + e.ErrorCode;
            }
            catch (Exception e)
            {
                Failure = e.Message == null ? "failed" : e.Message;
            }

            Done.Set();
        }
    }
}
