using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Hostile;

/// <summary>The hub that is attacked, and the two who go on talking meanwhile.</summary>
public sealed class HostileHub : IAsyncLifetime
{
    private readonly TempFolder folder = new("hostile");

    /// <summary>The hub.</summary>
    public HubProcess Hub { get; private set; } = null!;

    /// <summary>The honest clients.</summary>
    internal Witness Witness { get; private set; } = null!;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        await HubProcess.PrepareAsync(folder.File("data"), "alice", "bob", "mallory", "ping", "pong");
        Hub = await HubProcess.StartAsync(folder.File("data"));
        Witness = await Witness.StartAsync(Hub, "ping", "pong");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Witness.DisposeAsync();
        await Hub.DisposeAsync();
        folder.Dispose();
    }
}
