using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Bytestreams;

/// <summary>Takes connections to the proxy, within its bounds, and watches that none waits for ever.</summary>
internal sealed class ProxyListener : IDisposable
{
    /// <summary>Connections that the system keeps until they are taken.</summary>
    private const int Backlog = 512;

    /// <summary>How long nothing is taken when the system has no more descriptors: one of those that are open ends meanwhile.</summary>
    private static readonly TimeSpan Exhausted = TimeSpan.FromMilliseconds(200);

    private readonly ILogger _log;
    private readonly Socket _socket;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<ProxyConnection, byte> _connections = new();
    private readonly Dictionary<IPAddress, int> _waiting = [];
    private readonly ITimer _watch;

    /// <exception cref="SocketException">The port is taken.</exception>
    public ProxyListener(IPEndPoint address, ProxyService service, BytestreamsOptions options, TimeProvider time, ILogger log)
    {
        Service = service;
        Options = options;
        Time = time;
        _log = log;
        _socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Address.Equals(IPAddress.IPv6Any))
            {
                _socket.DualMode = true;
            }

            _socket.Bind(address);
            _socket.Listen(Backlog);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }

        Address = (IPEndPoint)_socket.LocalEndPoint!;
        _watch = time.CreateTimer(_ => WatchAll(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        _ = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Address { get; }

    public ProxyService Service { get; }

    public BytestreamsOptions Options { get; }

    public TimeProvider Time { get; }

    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Connections that are open.</summary>
    public int Connections => _connections.Count;

    /// <summary>Milliseconds of the hub's clock.</summary>
    public long Now => Time.GetTimestamp() / (Time.TimestampFrequency / 1000);

    /// <summary>A connection waits no more.</summary>
    public void Activated(ProxyConnection connection) => Forget(connection.Peer);

    /// <summary>A connection has nothing more to say.</summary>
    public void Ended(ProxyConnection connection)
    {
        if (_connections.TryRemove(connection, out _) && !connection.IsActive)
        {
            Forget(connection.Peer);
        }
    }

    public void Dispose()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        _stopping.Cancel();
        _watch.Dispose();
        _socket.Dispose();
        foreach (ProxyConnection connection in _connections.Keys)
        {
            connection.Abort();
        }
    }

    private async Task AcceptAsync()
    {
        while (!Stopping.IsCancellationRequested)
        {
            try
            {
                Take(await _socket.AcceptAsync(Stopping).ConfigureAwait(false));
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                // It has gone before it was taken, or there are no descriptors.
                ProxyLog.NotTaken(_log, e);
                await Task.Delay(Exhausted, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private void Take(Socket socket)
    {
        IPAddress? peer = (socket.RemoteEndPoint as IPEndPoint)?.Address;
        if (peer is null || _connections.Count >= Options.MaxConnections || !Remember(peer))
        {
            socket.Dispose();
            return;
        }

        socket.NoDelay = true;
        var connection = new ProxyConnection(this, socket, peer);
        _connections[connection] = 0;
        _ = connection.RunAsync();
    }

    private bool Remember(IPAddress peer)
    {
        lock (_waiting)
        {
            int count = _waiting.GetValueOrDefault(peer);
            if (count >= Options.MaxWaitingPerAddress)
            {
                return false;
            }

            _waiting[peer] = count + 1;
            return true;
        }
    }

    private void Forget(IPAddress peer)
    {
        lock (_waiting)
        {
            int count = _waiting.GetValueOrDefault(peer) - 1;
            if (count <= 0)
            {
                _waiting.Remove(peer);
            }
            else
            {
                _waiting[peer] = count;
            }
        }
    }

    private void WatchAll()
    {
        long now = Now;
        foreach (ProxyConnection connection in _connections.Keys)
        {
            connection.Watch(now, Options);
        }
    }
}

/// <summary>Logs of the proxy.</summary>
internal static partial class ProxyLog
{
    [LoggerMessage(Level = LogLevel.Debug, Message = "A connection to the proxy was not taken")]
    public static partial void NotTaken(ILogger log, Exception e);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Requester} activates a bytestream: {Outcome}")]
    public static partial void Activation(ILogger log, IotXmpp.Xmpp.Jid requester, ActivationOutcome outcome);
}
