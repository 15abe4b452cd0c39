using System.Net;
using System.Net.Sockets;

namespace IotXmpp.Gateway;

/// <summary>Things come in over TCP, by default from this machine only.</summary>
/// <param name="endPoint">Where to listen.</param>
public sealed class TcpNodePort(IPEndPoint endPoint) : INodePort
{
    /// <summary>Connections at a time at most. Default 80: the things, and some who have not said yet who they are.</summary>
    private const int MaxConnections = NodeKeys.MaxNodes + 16;

    /// <summary>Time between two attempts to open the port.</summary>
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(10);

    private readonly TaskCompletionSource<IPEndPoint> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <inheritdoc/>
    public string Name => $"tcp {endPoint}";

    /// <summary>Where it really listens; completes when it does.</summary>
    public Task<IPEndPoint> Listening => _listening.Task;

    /// <inheritdoc/>
    public async Task RunAsync(Func<INodeLink, CancellationToken, Task> serve, Action<string> log, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(serve);
        ArgumentNullException.ThrowIfNull(log);
        using var listener = new TcpListener(endPoint);
        while (!TryStart(listener, log))
        {
            await Task.Delay(Retry, cancellationToken).ConfigureAwait(false);
        }

        _listening.TrySetResult((IPEndPoint)listener.LocalEndpoint);
        log($"things come in at tcp {listener.LocalEndpoint}");
        var served = new HashSet<Task>();
        try
        {
            while (true)
            {
                TcpClient client = await listener.AcceptTcpClientAsync(cancellationToken).ConfigureAwait(false);
                served.RemoveWhere(t => t.IsCompleted);
                if (served.Count >= MaxConnections)
                {
                    client.Dispose();
                    continue;
                }

                served.Add(Task.Run(() => ServeAsync(client, serve, cancellationToken), CancellationToken.None));
            }
        }
        finally
        {
            listener.Stop();
            await Task.WhenAll(served).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task ServeAsync(TcpClient client, Func<INodeLink, CancellationToken, Task> serve, CancellationToken cancellationToken)
    {
        using (client)
        {
            var peer = client.Client.RemoteEndPoint as IPEndPoint;
            client.NoDelay = true;
            await serve(new NodeLink(peer?.ToString() ?? "?", client.GetStream(), peer is null || !IPAddress.IsLoopback(peer.Address), false), cancellationToken).ConfigureAwait(false);
        }
    }

    private bool TryStart(TcpListener listener, Action<string> log)
    {
        try
        {
            listener.Start(16);
            return true;
        }
        catch (SocketException e)
        {
            log($"{Name} cannot be opened: {e.Message}; trying again in {Retry.TotalSeconds} s");
            return false;
        }
    }
}
