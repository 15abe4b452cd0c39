using System.Net;
using System.Threading.Channels;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Streams;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Transport.InProcess;

/// <summary>The client's end of a session in the hub's own process: an ordinary session, to everybody else in the hub. One reader.</summary>
public sealed class InProcessClient : IAsyncDisposable
{
    private readonly InProcessTransport _transport;
    private readonly Task _running;
    private readonly Session _session;

    private InProcessClient(InProcessTransport transport, Session session, Task running)
    {
        _transport = transport;
        _session = session;
        _running = running;
    }

    /// <summary>The full JID.</summary>
    public Jid Jid => _session.Jid;

    /// <summary>What is delivered, one whole element each (stanzas without a namespace of their own are of <c>jabber:client</c>); its completion is the end of the session. Taken by one reader, at once: what is left waits within the bounds of any stream.</summary>
    public ChannelReader<byte[]> Incoming => _transport.ToClient;

    /// <summary>Why the session has ended, in the words of the wire profile; null while it lives.</summary>
    public string? EndReason => _session.EndReason;

    /// <summary>Opens a session of an account that has proved who it is; null where the account, or the hub, has as many as it may.</summary>
    /// <param name="host">All streams.</param>
    /// <param name="account">The account's prepared localpart.</param>
    /// <param name="resource">The resource; one that is taken already is taken over (RFC 6120 §7.7.2.2), so choose one of a kind.</param>
    /// <param name="peer">Where the person is, for the eyes of administrators; null where nobody knows.</param>
    public static async Task<InProcessClient?> OpenAsync(StreamHost host, string account, string resource, IPEndPoint? peer)
    {
        ArgumentNullException.ThrowIfNull(host);
        var transport = new InProcessTransport(host, account, resource, peer);
        Task running = Task.Run(() => host.ServeAsync(transport));
        return await transport.Bound.ConfigureAwait(false) is { } session ? new InProcessClient(transport, session, running) : null;
    }

    /// <summary>Sends one whole element, written for <c>jabber:client</c>. Its bytes must not change any more.</summary>
    /// <returns>False where the session has ended.</returns>
    public async ValueTask<bool> SendAsync(ReadOnlyMemory<byte> element, CancellationToken cancel = default)
    {
        try
        {
            await _transport.ToHub.WriteAsync(element, cancel).ConfigureAwait(false);
            return true;
        }
        catch (ChannelClosedException)
        {
            return false;
        }
    }

    /// <summary>Ends the session in order; when this returns, it is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        _transport.ToHub.TryComplete();
        await _running.ConfigureAwait(false);
    }
}
