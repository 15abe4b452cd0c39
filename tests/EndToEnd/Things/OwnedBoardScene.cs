using System.Collections.Concurrent;
using IotXmpp.Esp32;
using IotXmpp.Host;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Sasl;
using IotXmpp.TestKit.Servers;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Things;

/// <summary>A real hub, a virtual board that was provisioned there for ann, and ann's session.</summary>
public abstract class OwnedBoardScene : IAsyncLifetime
{
    /// <summary>The board's id.</summary>
    protected const string Board = "board-1";

    /// <summary>A bound for waits that end by an event: far more than a slow machine needs.</summary>
    protected static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private static readonly DeviceKey Key = DeviceKey.Derive(DotNetHash.Instance, "a secret of this device", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], 4096);

    /// <summary>The owner's address.</summary>
    protected static Jid AnnJid { get; } = new("ann", "hub.test", "");

    /// <summary>The hub.</summary>
    protected HubHost Hub { get; private set; } = null!;

    /// <summary>The board.</summary>
    protected VirtualThing Thing { get; private set; } = null!;

    /// <summary>Its owner.</summary>
    protected XmppConnection Ann { get; private set; } = null!;

    /// <summary>The board's serial line.</summary>
    protected ConcurrentQueue<string> Serial { get; } = new();

    /// <summary>The board's clock.</summary>
    protected virtual TimeProvider Time => TimeProvider.System;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        Hub = await HubHost.StartAsync();
        await Hub.AddAccountAsync("ann", "ann");
        RegistryModule registry = Hub.Server.Hub.Modules.OfType<RegistryModule>().Single();
        ThingResult made = await registry.Provisioning.ProvisionAsync(
            null, new Provision(Board, AnnJid, new ScramCredentials(ScramHash.Sha256, Key.Keys.Salt, 4096, Key.StoredKey(DotNetHash.Instance), Key.Keys.ServerKey)));
        Assert.Equal(RegistryOutcome.Done, made.Outcome);
        Ann = new XmppConnection(new HostOptions
        {
            Client = ClientOptions.ForTool(new Jid("ann", "hub.test", "desk"), "ann"),
            Server = new ServerAddress("127.0.0.1", Hub.DirectTls!.Port, true),
            Authorities = HostOptions.ReadAuthorities(Hub.Server.AuthorityFile!),
            AnnouncePresence = true,
        });
        Ann.MessageReceived += OnMessage;
        await Ann.ConnectAsync(failFast: true, TestContext.Current.CancellationToken);
        Thing = new VirtualThing(new VirtualThingOptions
        {
            Kind = "bme280",
            Account = new Jid(Board, "hub.test", null),
            Key = Key,
            Hub = new ServerAddress("127.0.0.1", Hub.DirectTls!.Port, true),
            Authorities = HostOptions.ReadAuthorities(Hub.Server.AuthorityFile!),
            Time = Time,
        });
        Thing.KeepWatchdog(Time);
        Thing.Esp32!.Board.Said += Serial.Enqueue;
        Thing.Start();
        await Thing.FirstPublished.WaitAsync(Limit, TestContext.Current.CancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Thing.DisposeAsync();
        await Ann.DisposeAsync();
        await Hub.DisposeAsync();
    }

    /// <summary>The owner gets a message.</summary>
    protected virtual void OnMessage(Element message)
    {
    }

    /// <summary>Waits until something is so.</summary>
    /// <param name="isSo">Asks.</param>
    /// <param name="otherwise">How it is, where it does not come to be so.</param>
    protected async Task UntilAsync(Func<Task<bool>> isSo, Func<string> otherwise)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!await isSo())
        {
            Assert.False(limit.IsCancellationRequested, $"{otherwise()} | {string.Join(" | ", Serial.TakeLast(8))}");
            await Task.Delay(50, CancellationToken.None);
        }
    }
}
