using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using IotXmpp.SelfTest;
using IotXmpp.Xmpp;

namespace IotXmpp.EndToEnd.SelfTest;

/// <summary>What <c>NanoLink</c> is on a board, over .NET's sockets: driven by the self-test's own loop, one read under way at a time.</summary>
internal sealed class StreamLink(IPEndPoint server, string domain, string tls, X509Certificate2Collection authorities) : ISelfTestLink, IDisposable
{
    private readonly byte[] _buffer = new byte[1024];
    private XmppClient _client = null!;
    private Stream? _stream;
    private Task<int>? _reading;
    private bool _opening;
    private bool _securing;
    private bool _broken;

    public List<string> Lines { get; } = [];

    public int Connections { get; private set; }

    /// <summary>How many of the connections had TLS.</summary>
    public int Secured { get; private set; }

    public bool IsSecure => _stream is SslStream;

    public bool IsLoopback => IPAddress.IsLoopback(server.Address);

    public byte[]? ChannelBinding => null;

    public long NowMs => Environment.TickCount64;

    public void Attach(XmppClient client) => _client = client;

    public void Open(string host, int port)
    {
        _opening = true;
        _broken = false;
    }

    public void StartTls() => _securing = true;

    public void Step(int waitMs)
    {
        if (_opening)
        {
            _opening = false;
            if (!Try(Connect))
            {
                return;
            }

            _client.Connected(NowMs);
        }

        if (_securing)
        {
            _securing = false;
            if (!Try(Secure))
            {
                return;
            }

            _client.Secured(NowMs);
        }

        if (_stream is null)
        {
            // What the loop on a board does while there is no connection: it waits for the next attempt.
            Task.Delay(waitMs).Wait();
        }

        for (var wait = waitMs; _stream is not null && !_broken && !_securing; wait = 0)
        {
            _reading ??= _stream.ReadAsync(_buffer).AsTask();
            if (!WaitFor(_reading, wait))
            {
                return;
            }

            var done = _reading;
            _reading = null;
            if (done.IsCompletedSuccessfully && done.Result > 0)
            {
                _client.Feed(_buffer, 0, done.Result);
            }
            else
            {
                _ = done.Exception; // seen: the connection is over
                _broken = true;
            }
        }

        if (_broken)
        {
            Close();
            _client.Disconnected(NowMs, "the connection was closed");
        }
    }

    public void Send(byte[] buffer, int offset, int count)
    {
        try
        {
            _stream?.Write(buffer, offset, count);
        }
        catch (IOException)
        {
            _broken = true; // told at the next step: the client is in the middle of a call
        }
    }

    public void Close()
    {
        _stream?.Dispose();
        _stream = null;
        _reading = null;
        _broken = _opening = _securing = false;
    }

    public void Cut()
    {
        Close();
        _broken = true;
    }

    public long FreeHeap() => -1;

    public void Print(string text)
    {
        Lines.Add(text);
        Xunit.TestContext.Current.TestOutputHelper?.WriteLine(text);
    }

    public void Dispose() => Close();

    private static bool WaitFor(Task task, int milliseconds)
    {
        try
        {
            return task.Wait(milliseconds);
        }
        catch (AggregateException)
        {
            return true; // faulted is done too
        }
    }

    private bool Try(Action step)
    {
        try
        {
            step();
            return true;
        }
        catch (Exception e) when (e is SocketException or IOException or AuthenticationException)
        {
            Close();
            _client.Disconnected(NowMs, e.Message);
            return false;
        }
    }

    private void Connect()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _stream = new NetworkStream(Connected(socket), ownsSocket: true);
        Connections++;
        if (tls == "direct")
        {
            Secure();
        }
    }

    private Socket Connected(Socket socket)
    {
        try
        {
            socket.Connect(server);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void Secure()
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = domain,
            CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck },
        };
        options.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        var stream = new SslStream(_stream!);
        stream.AuthenticateAsClient(options);
        _stream = stream;
        Secured++;
    }
}
