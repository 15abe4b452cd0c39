using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.PassThrough;

/// <summary>Two hubs that federate, the first with HTTP and a component.</summary>
public sealed class PassThroughHub : IAsyncLifetime
{
    private int _names;

    /// <summary>Both.</summary>
    public HubPair Pair { get; private set; } = null!;

    /// <summary>The hub of <c>hub.test</c>.</summary>
    public HubHost Hub => Pair.Hub;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => Pair = await HubPair.StartAsync(certificates: true, bidirectional: false, listen: """ "Component": "127.0.0.1:0" """, more: """ "Components": [ { "Jid": "gate.hub.test", "Secret": "g" } ] """);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Pair.DisposeAsync();

    /// <summary>A name that nobody has, and its account.</summary>
    public async Task<string> AccountAsync(HubHost? at = null)
    {
        string name = "p" + Interlocked.Increment(ref _names);
        await (at ?? Hub).AddAccountAsync(name, name);
        return name;
    }

    internal async Task<TcpBytes> TcpAsync(HubHost? at = null)
    {
        at ??= Hub;
        return await TcpBytes.LoginAsync(at.Plain, at.Domain, await AccountAsync(at));
    }

    internal async Task<ByteClient> OverAsync(string transport) => transport switch
    {
        "tcp" => await TcpAsync(),
        "websocket" => await WebSocketBytes.LoginAsync(Hub.Http!, await AccountAsync()),
        _ => await BoshBytes.LoginAsync(Hub.Http!, await AccountAsync()),
    };

    internal Task<RawClient> ComponentAsync() => RawComponent.ConnectAsync(Hub.Server.Component!, "gate.hub.test", "g");
}
