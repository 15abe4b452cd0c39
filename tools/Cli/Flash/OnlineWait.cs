using IotXmpp.Cli.Operator;
using IotXmpp.Host;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Flash;

/// <summary>Waits at the hub for a thing's presence and its first sample.</summary>
internal sealed class OnlineWait
{
    private readonly Fleet _fleet = new(TimeProvider.System);
    private readonly string _thing;
    private readonly TaskCompletionSource<ThingView> _online = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<ThingSample> _sample = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DateTimeOffset _since = DateTimeOffset.MaxValue;

    /// <summary>Prepares to wait for a thing.</summary>
    public OnlineWait(string thing) => _thing = thing;

    /// <summary>Completes when it is online.</summary>
    public Task<ThingView> Online => _online.Task;

    /// <summary>Completes with its first sample.</summary>
    public Task<ThingSample> Sample => _sample.Task;

    /// <summary>Listens to a connection that is not yet made.</summary>
    public void Attach(XmppConnection connection)
    {
        _fleet.Attach(connection);
        _fleet.Changed += thing =>
        {
            // Before the restart it may still be there with its old keys: that is not what is waited for.
            if (thing.Id == _thing && thing.IsOnline && DateTimeOffset.UtcNow >= _since)
            {
                _online.TrySetResult(thing);
            }
        };
        connection.MessageReceived += message =>
        {
            foreach ((string thing, ThingSample sample) in ThingSample.ReadEvent(message))
            {
                if (thing == _thing && DateTimeOffset.UtcNow >= _since)
                {
                    _sample.TrySetResult(sample);
                }
            }
        };
    }

    /// <summary>Begins: from now on presence and samples count. The subscription to the telemetry is the hub's business where it has made one already.</summary>
    public async Task BeginAsync(HubClient hub, CancellationToken cancel)
    {
        var node = new Jid(_thing, hub.Connection.Jid.Domain, string.Empty);
        try
        {
            await hub.Connection.SubscribeNodeAsync(hub.PubSub, HubClient.TelemetryNode(node), cancel);
        }
        catch (StanzaException)
        {
            // Made by the thing itself with its first sample: presence alone tells then.
        }

        _since = DateTimeOffset.UtcNow;
    }
}
