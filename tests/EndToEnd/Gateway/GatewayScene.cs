using System.Collections.Concurrent;
using System.Net;
using IotXmpp.Gateway;
using IotXmpp.Host;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using IotXmpp.Things;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Gateway;

/// <summary>A real hub, a gateway of the account <c>gateway-1</c>, and its owner's session; the gateway can be stopped and started anew with what it has kept.</summary>
public abstract class GatewayScene : IAsyncLifetime
{
    protected const string Password = "correct horse";

    /// <summary>A bound for the whole of a test, its hub's start too: its waits end by events.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(300);

    private readonly TempFolder _folder = new("gateway");
    private readonly CancellationTokenSource _limit = new(Limit);
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    protected HubHost Hub { get; private set; } = null!;

    protected GatewayHost Gateway { get; private set; } = null!;

    protected XmppConnection Owner { get; private set; } = null!;

    /// <summary>Where things come in.</summary>
    protected IPEndPoint At { get; private set; } = null!;

    /// <summary>What the gateway said.</summary>
    protected ConcurrentQueue<string> Log { get; } = new();

    /// <summary>What the owner's session got.</summary>
    protected ConcurrentQueue<Element> Presences { get; } = new();

    /// <summary>What the owner's session got.</summary>
    protected ConcurrentQueue<Element> Messages { get; } = new();

    protected CancellationToken Cancel => _limit.Token;

    /// <summary>Whether the gateway is somebody's: <c>owner</c>'s.</summary>
    protected virtual bool IsOwned => true;

    /// <summary>The rules of the gateway's settings.</summary>
    protected virtual string Rules => string.Empty;

    /// <summary>The port of direct TLS that the gateway is told; the hub's own by default.</summary>
    protected virtual int UplinkPort => Hub.DirectTls!.Port;

    /// <summary>The clock of the gateway and of the hub; null for the real one.</summary>
    protected virtual SkipTime? Time => null;

    protected static Jid GatewayJid => new("gateway-1", "hub.test", "thing");

    protected static Jid Service(string name) => new("", name + ".hub.test", "");

    public async ValueTask InitializeAsync()
    {
        Hub = await HubHost.StartAsync(time: Time);
        await HubStartedAsync();
        await Hub.AddAccountAsync("gateway-1", Password);
        await Hub.AddAccountAsync("owner", Password);
        await Hub.AddAccountAsync("stranger", Password);
        if (IsOwned)
        {
            await Hub.SetOwnerAsync("gateway-1", "owner");
        }

        Owner = await ConnectAsync("owner");
        Owner.PresenceReceived += Presences.Enqueue;
        Owner.MessageReceived += Messages.Enqueue;
        await Owner.SendPresenceAsync(null, null, Cancel);
        await StartGatewayAsync();
    }

    public virtual async ValueTask DisposeAsync()
    {
        await Owner.DisposeAsync();
        await StopGatewayAsync();
        await Hub.DisposeAsync();
        _stop.Dispose();
        _limit.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The settings of the gateway's next life.</summary>
    protected virtual GatewaySettings Settings => new()
    {
        Hub = new ServerAddress("127.0.0.1", UplinkPort, true),
        Account = GatewayJid.Bare,
        Password = Password,
        CaFile = Hub.Server.AuthorityFile,
        DataFolder = _folder.File("gw"),
        Interval = TimeSpan.FromSeconds(1),
        Owner = IsOwned ? new Jid("owner", "hub.test", "") : null,
        Nodes = new IPEndPoint(IPAddress.Loopback, 0),
        Rules = Rules,
    };

    /// <summary>Starts a life of the gateway.</summary>
    /// <param name="io">The board that it runs on; null for none.</param>
    /// <param name="ports">Further ways in.</param>
    protected async Task StartGatewayAsync(IBoardIo? io = null, IEnumerable<INodePort>? ports = null)
    {
        _stop = new CancellationTokenSource();
        Gateway = new GatewayHost(Settings, null, Log.Enqueue, Time, ports: ports, io: io);
        Prepare(Gateway);
        _running = Gateway.RunAsync(_stop.Token);
        At = await Gateway.Listening.WaitAsync(Cancel);
    }

    /// <summary>Called when the hub runs and nobody is there yet.</summary>
    protected virtual Task HubStartedAsync() => Task.CompletedTask;

    /// <summary>Called before the gateway runs.</summary>
    protected virtual void Prepare(GatewayHost gateway)
    {
    }

    protected async Task StopGatewayAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        Gateway.Dispose();
    }

    protected async Task<VirtualNode> AddAsync(string id, Action<VirtualNode>? prepare = null)
        => await VirtualNode.ConnectAsync(id, Gateway.Keys.Find(id) ?? Gateway.Keys.Add(id), At, prepare, cancel: Cancel);

    protected Task OnlineAsync() => UntilAsync(() => Hub.Server.Services.Registry is not null && Owner.State == ClientState.Online && IsOnline());

    protected bool IsOnline()
    {
        lock (Gateway.Thing.Gate)
        {
            return Gateway.Thing.Client.IsOnline && Gateway.Published > 0;
        }
    }

    protected async Task<Element> PresenceAsync(string id, string state)
    {
        Element? found = null;
        await UntilAsync(() => (found = Presences.FirstOrDefault(p => p.Child(Ns.Thing, "thing") is { } t && t.Attribute("nodeId") == id && t.Attribute("state") == state)) is not null);
        return found!;
    }

    protected async Task<Element> MessageAsync(Func<Element, bool> wanted)
    {
        Element? found = null;
        await UntilAsync(() => (found = Messages.FirstOrDefault(wanted)) is not null);
        return found!;
    }

    protected async Task<Element> ItemAsync(string id, Func<Element, bool>? wanted = null)
    {
        IReadOnlyList<PubSubItem> items = [];
        await UntilAsync(async () =>
        {
            try
            {
                items = await Owner.ItemsAsync(Service("pubsub"), $"things/{id}/telemetry", 1);
                return items.Count > 0 && wanted?.Invoke(items[0].Payload!) is not false;
            }
            catch (StanzaException)
            {
                return false; // not there yet
            }
        });
        return items[0].Payload!;
    }

    protected Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    protected async Task UntilAsync(Func<Task<bool>> condition)
    {
        try
        {
            while (!await condition())
            {
                await Task.Delay(20, Cancel);
            }
        }
        catch (OperationCanceledException)
        {
            Assert.Fail("it did not happen; the gateway says:\n" + string.Join('\n', Log));
        }
    }

    protected async Task<XmppConnection> ConnectAsync(string name)
    {
        var connection = new XmppConnection(new HostOptions
        {
            Client = ClientOptions.ForTool(new Jid(name, "hub.test", ""), Password),
            Server = new ServerAddress("127.0.0.1", Hub.DirectTls!.Port, true),
            Authorities = HostOptions.ReadAuthorities(Hub.Server.AuthorityFile!),
            AnnouncePresence = false,
        });
        await connection.ConnectAsync();
        return connection;
    }
}
