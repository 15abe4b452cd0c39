using System.Net;
using System.Net.Sockets;

namespace IotXmpp.TestKit.Net;

/// <summary>A cable between a client and a server that can be pulled: then bytes vanish in both directions, and neither end is told (no FIN, no RST).</summary>
public sealed class SilentProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly int target;
    private readonly CancellationTokenSource stop = new();
    private readonly List<Socket> sockets = [];
    private readonly Task accepting;
    private volatile bool pulled;
    private volatile int pulls;

    /// <summary>Listens on a free port of 127.0.0.1.</summary>
    /// <param name="target">The server's port there.</param>
    public SilentProxy(int target)
    {
        this.target = target;
        listener.Start();
        accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Where the client connects.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Connections that were made.</summary>
    public int Connections { get; private set; }

    /// <summary>Pulls the cable: what is connected stays so at both ends, and what is sent is lost. New connections hang.</summary>
    public void Pull()
    {
        pulled = true;
        Interlocked.Increment(ref pulls);
    }

    /// <summary>Plugs it in again: new connections work; those of before stay dead, as behind a router that has forgotten them.</summary>
    public void Plug() => pulled = false;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (sockets)
        {
            sockets.ForEach(s => s.Dispose());
        }

        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var client = await listener.AcceptSocketAsync(stop.Token);
            Connections++;
            Keep(client);
            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        try
        {
            int before = pulls;
            if (pulled)
            {
                return; // nobody answers: the handshake hangs
            }

            var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            Keep(server);
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, target, stop.Token);
            }
            catch (SocketException)
            {
                // Nobody listens: the client is refused, as near as it can be.
                client.Dispose();
                return;
            }

            await Task.WhenAll(PipeAsync(client, server, before), PipeAsync(server, client, before));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Both ends are closed by the end of the test.
        }
    }

    private async Task PipeAsync(Socket from, Socket to, int before)
    {
        var buffer = new byte[16384];
        while (true)
        {
            var count = await from.ReceiveAsync(buffer, SocketFlags.None, stop.Token);
            if (pulls != before)
            {
                if (count == 0)
                {
                    return; // the other end is not told
                }

                continue;
            }

            if (count == 0)
            {
                to.Shutdown(SocketShutdown.Send);
                return;
            }

            await to.SendAsync(buffer.AsMemory(0, count), SocketFlags.None, stop.Token);
        }
    }

    private void Keep(Socket socket)
    {
        lock (sockets)
        {
            sockets.Add(socket);
        }
    }
}
