using System.Net;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Dashboard;
using IotXmpp.Hub.Dashboard.Fleet;
using IotXmpp.Hub.Dashboard.Rest;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Audit;
using IotXmpp.Hub.Features.Bytestreams;
using IotXmpp.Hub.Features.Commands;
using IotXmpp.Hub.Features.Configuration;
using IotXmpp.Hub.Features.Fast;
using IotXmpp.Hub.Features.Firmware;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.HomeAssistant;
using IotXmpp.Hub.Features.Inventory;
using IotXmpp.Hub.Features.LastActivity;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Metrics;
using IotXmpp.Hub.Features.Nodes;
using IotXmpp.Hub.Features.Profile;
using IotXmpp.Hub.Features.Proposals;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Features.Roster;
using IotXmpp.Hub.Features.SecondFactor;
using IotXmpp.Hub.Features.Sniffer;
using IotXmpp.Hub.Features.WebSessions;
using IotXmpp.Hub.Federation;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Peers;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Streams;
using IotXmpp.Xmpp;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Console;

namespace IotXmpp.Hub.Server;

/// <summary>What modules are made with.</summary>
/// <param name="Settings">All settings.</param>
/// <param name="Xmpp">The bounds of streams.</param>
/// <param name="Database">The hub's one database.</param>
/// <param name="AccountStore">Where the accounts are kept.</param>
/// <param name="Accounts">The accounts.</param>
/// <param name="Tokens">The tokens of clients.</param>
/// <param name="ApiTokens">The tokens of programs.</param>
/// <param name="Rosters">The rosters.</param>
/// <param name="RosterLinks">Subscriptions that the hub makes itself.</param>
/// <param name="Registry">The things.</param>
/// <param name="Groups">Their groups.</param>
/// <param name="Access">Who may do what with them.</param>
/// <param name="Audit">Who administered what.</param>
/// <param name="Profile">What the hub is called.</param>
/// <param name="Nodes">How things behind gateways are.</param>
/// <param name="LastSeen">When and how accounts were last there.</param>
/// <param name="Web">The HTTP side.</param>
/// <param name="Lifetime">Ends the hub when an administrator asks for it.</param>
/// <param name="Time">The clock.</param>
/// <param name="Domain">The served domain.</param>
public sealed record HubServices(HubSettings Settings, XmppOptions Xmpp, ISqlDatabase Database, AccountStore AccountStore, AccountService Accounts, FastService Tokens, ApiTokenService ApiTokens, RosterStore Rosters, RosterLinks RosterLinks, RegistryStore Registry,
    GroupStore Groups, ThingAccess Access, AdminAudit Audit, HubProfile Profile, NodeStore Nodes, LastSeenStore LastSeen, HubWeb Web, HubLifetime Lifetime, TimeProvider Time, Jid Domain);

/// <summary>The start was refused: one line for the operator, and the exit code.</summary>
public sealed class HubStartException(string message, int exitCode) : Exception(message)
{
    /// <summary>2: a setting is wrong; 1: something else stands in the way.</summary>
    public int ExitCode => exitCode;
}

/// <summary>One hub, running. Several may run in one process, each with its own data folder and ports.</summary>
public sealed class HubServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly DataFolder _folder;
    private readonly ServerCertificate _certificate;
    private readonly ISqlDatabase _database;
    private readonly StreamHost _streams;
    private readonly PeerHosts _peers;
    private readonly ModuleHost _modules;
    private readonly IdleTrim _trim;
    private bool _stopped;

    private HubServer(WebApplication app, DataFolder folder, ServerCertificate certificate, ISqlDatabase database, StreamHost streams, PeerHosts peers, ModuleHost modules, HubServices services, IdleTrim trim)
    {
        _peers = peers;
        _trim = trim;
        _app = app;
        _folder = folder;
        _certificate = certificate;
        _database = database;
        _streams = streams;
        _modules = modules;
        Services = services;
    }

    /// <summary>The hub as its modules see it.</summary>
    public IHub Hub => _modules;

    /// <summary>What the modules were made with.</summary>
    public HubServices Services { get; }

    /// <summary>What pages and REST are faces of.</summary>
    public FleetServices FleetServices { get; private init; } = null!;

    /// <summary>Where clients come with STARTTLS; null where that listener is off.</summary>
    public IPEndPoint? C2s { get; private set; }

    /// <summary>Where clients come with direct TLS; null where that listener is off.</summary>
    public IPEndPoint? C2sTls { get; private set; }

    /// <summary>Where other servers come with STARTTLS; null where that listener is off.</summary>
    public IPEndPoint? S2s { get; private set; }

    /// <summary>Where other servers come with direct TLS; null where that listener is off.</summary>
    public IPEndPoint? S2sTls { get; private set; }

    /// <summary>Where external components come; null where that listener is off.</summary>
    public IPEndPoint? Component { get; private set; }

    /// <summary>Where the proxy for bytestreams listens; null where that listener is off.</summary>
    public IPEndPoint? Proxy65 => _modules.Modules.OfType<BytestreamsModule>().FirstOrDefault()?.Address;

    /// <summary>Where HTTP is served; null where that listener is off.</summary>
    public IPEndPoint? Http { get; private set; }

    /// <summary>Where HTTP over TLS is served; null where that listener is off.</summary>
    public IPEndPoint? Https { get; private set; }

    /// <summary>The certificate that clients shall trust: the hub's own authority, or null where a certificate was given.</summary>
    public string? AuthorityFile => Services.Settings.Hub.Tls.CertificateFile is null ? _folder.File(CertificateAuthority.CertificateName) : null;

    /// <summary>The administrator that the first start has made, with its one-time password; null at every later start.</summary>
    public FirstAdministrator? Administrator { get; private set; }

    /// <summary>The services of the HTTP side, for tests that look at what is mapped.</summary>
    internal IServiceProvider HttpServices => _app.Services;

    /// <summary>Ends when an administrator has asked for the end: true where the process shall be started again (XEP-0133 §4.30).</summary>
    public Task<bool> EndRequested => Services.Lifetime.Requested;

    /// <summary>Connections that are open now.</summary>
    public int Connections => _streams.Connections;

    /// <summary>Starts a hub; when this returns it accepts clients.</summary>
    /// <param name="settings">From <see cref="SettingsLoader"/>.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <param name="logging">Where logs go; null for standard error.</param>
    /// <param name="cancel">Gives the start up.</param>
    /// <exception cref="HubStartException">It cannot start.</exception>
    public static async Task<HubServer> StartAsync(HubSettings settings, TimeProvider? time = null, Action<ILoggingBuilder>? logging = null, CancellationToken cancel = default)
    {
        HubOptions options = settings.Hub;
        if (!JidPrep.TryDomainpart(options.Domain, out string? domain))
        {
            throw new HubStartException($"the domain '{options.Domain}' is not one (RFC 7622 §3.2); set --domain", SettingsLoader.BadSetting);
        }

        if (!DataFolder.TryOpen(options.Data, out DataFolder? folder, out string? error))
        {
            throw new HubStartException(error, 1);
        }

        var open = new Stack<IAsyncDisposable>();
        try
        {
            HubServer server = await StartAsync(settings, new Jid(string.Empty, domain, string.Empty), folder, time ?? TimeProvider.System, logging, open, cancel).ConfigureAwait(false);
            open.Clear();
            return server;
        }
        catch (Exception e) when (Explain(e, options) is { } line)
        {
            throw line;
        }
        finally
        {
            if (open.Count > 0)
            {
                while (open.TryPop(out IAsyncDisposable? half))
                {
                    await half.DisposeAsync().ConfigureAwait(false);
                }

                folder.Dispose();
            }
        }
    }

    /// <summary>Ends all streams with the hint when to come back, waits for what was accepted to be stored, closes.</summary>
    public async Task StopAsync()
    {
        if (_stopped)
        {
            return;
        }

        _stopped = true;
        _trim.Dispose();
        _modules.End();
        await _streams.StopAsync().ConfigureAwait(false);
        await _peers.StopAsync().ConfigureAwait(false);
        using (var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2)))
        {
            await _app.StopAsync(limit.Token).ConfigureAwait(false);
        }

        FleetServices.Board.Dispose();
        await _modules.StopAsync(CancellationToken.None).ConfigureAwait(false);
        await _streams.DisposeAsync().ConfigureAwait(false);
        await _peers.DisposeAsync().ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
        Services.Registry.Dispose();
        Services.Groups.Dispose();
        await _database.DisposeAsync().ConfigureAwait(false);
        _certificate.Dispose();
        _folder.Dispose();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => new(StopAsync());

    private static async Task<HubServer> StartAsync(HubSettings settings, Jid domain, DataFolder folder, TimeProvider time, Action<ILoggingBuilder>? logging, Stack<IAsyncDisposable> open, CancellationToken cancel)
    {
        HubOptions options = settings.Hub;
        open.Push(new Once(static () => { }));
        // Settings are read once. The framework would watch the working folder for changes of a file of its own, and be woken by every write to the data below it.
        var builder = WebApplication.CreateSlimBuilder(["--hostBuilder:reloadConfigOnChange=false"]);
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders();
        (logging ?? (console => Log(console, settings)))(builder.Logging);
        XmppOptions xmpp = settings.Section<XmppOptions>("Xmpp");
        builder.WebHost.UseSockets(sockets =>
        {
            // Reads, routing and writes stay on one thread: nothing on that way waits.
            sockets.UnsafePreferInlineScheduling = true;
            sockets.Backlog = 4096;
        });
        StreamHost? streams = null;
        PeerHosts? peers = null;
        ServerCertificate? identity = null;
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = null;
            Listen(kestrel, options.Listen.C2s, connection => streams!.ServeAsync(connection, directTls: false));
            Listen(kestrel, options.Listen.C2sTls, connection => streams!.ServeAsync(connection, directTls: true));
            Listen(kestrel, options.Listen.S2s, connection => peers!.Federation!.ServeAsync(connection, directTls: false));
            Listen(kestrel, options.Listen.S2sTls, connection => peers!.Federation!.ServeAsync(connection, directTls: true));
            Listen(kestrel, options.Listen.Component, connection => peers!.Components.ServeAsync(connection));
            Listen(kestrel, options.Listen.Http, listen => listen.Protocols = HttpProtocols.Http1);
            Listen(kestrel, options.Listen.Https, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                // The certificate of the moment: one that was renewed serves the next connection.
                listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => new(identity!.Current.HttpOptions), HandshakeTimeout = TimeSpan.FromSeconds(xmpp.NegotiationSeconds) });
            });
        });
        // Where HTTP is not served nothing of it is made: no pages, no REST, no routes.
        bool isHttp = options.Listen.Http.IsOn || options.Listen.Https.IsOn;
        if (isHttp)
        {
            DashboardWeb.AddTo(builder.Services, folder.File("dashboard-keys"));
        }

        WebApplication app = builder.Build();
        open.Push(app);
        ILoggerFactory loggers = app.Services.GetRequiredService<ILoggerFactory>();
        // One that has lost its database to another hub ends, to be started again: the start then says who has it.
        var lifetime = new HubLifetime();
        ISqlDatabase database = SqlDatabase.Open(settings.Section<StorageOptions>("Storage"), folder.Path, loggers, FlushBatch.Together, _ => lifetime.End(restart: true));
        open.Push(database);
        await database.MigrateAsync(HubModules.Migrations, cancel).ConfigureAwait(false);
        var accounts = new AccountStore(database, time);
        var rosters = new RosterStore(database, settings.Section<RosterOptions>("Roster"));
        var lastSeen = new LastSeenStore(database, time, loggers.CreateLogger<LastSeenStore>());
        FastOptions fast = settings.Section<FastOptions>("Fast");
        var tokens = new FastService(new FastStore(database), fast, folder.Secret("fast.key"), time);
        var registry = new RegistryStore(database);
        open.Push(new Once(registry.Dispose));
        var groups = new GroupStore(database);
        open.Push(new Once(groups.Dispose));
        var people = new AccountService(accounts, options.Security.Sasl.Iterations);
        var profile = new HubProfile(database, people, domain.Domain);
        await profile.StartAsync(cancel).ConfigureAwait(false);
        var services = new HubServices(settings, xmpp, database, accounts, people, tokens, new ApiTokenService(new ApiTokenStore(database), settings.Section<ApiTokenOptions>("ApiTokens"), people, domain, time), rosters, new RosterLinks(rosters, domain), registry, groups, new ThingAccess(registry, groups), new AdminAudit(new AdminAuditStore(database), settings.Section<AdminAuditOptions>("Audit"), time, loggers.CreateLogger<AdminAudit>()), profile, new NodeStore(database, loggers.CreateLogger<NodeStore>()), lastSeen, new HubWeb(settings, folder, database, time, loggers), lifetime, time, domain);
        var directory = new AccountDirectory(accounts, services.Accounts, domain, async (id, ended) => (await registry.FindAsync(id, ended).ConfigureAwait(false))?.Owner, loggers.CreateLogger<AccountDirectory>());
        var modules = new ModuleHost(domain, time, loggers, settings) { Accounts = directory, Rosters = new RosterBook(rosters), LastSeen = lastSeen };
        modules.Load(settings.Section<ModulesOptions>("Modules").Of(HubModules.Create(services)));
        open.Push(new Once(() => modules.Modules.OfType<BytestreamsModule>().FirstOrDefault()?.Dispose()));
        settings.Section<RestOptions>("Rest"); // of no module: read before it is asked which settings nobody knows
        settings.Section<FleetOptions>("Fleet");
        settings.ThrowIfUnknown();
        ServerCertificate certificate = ServerCertificate.Open(folder, domain.Domain, options.Tls, time, loggers.CreateLogger<ServerCertificate>(), ClientAuthorities.Read(options.Security.ClientCertificateAuthority, folder, domain.Domain, time));
        open.Push(new Once(certificate.Dispose));
        identity = certificate;
        LoginThrottle? throttle = options.Security.LoginThrottle.Enabled ? new LoginThrottle(options.Security.LoginThrottle, time) : null;
        var sasl = new SaslServer(new CredentialStore(accounts), options.Security.Sasl, folder.Secret("sasl.key"), throttle, loggers.CreateLogger<SaslServer>()) { Tokens = fast.Enabled ? tokens : null, Figures = modules.Figures };
        services.Accounts.Changed += (name, _) => sasl.CredentialsChanged(name);
        streams = new StreamHost(modules, xmpp, sasl, certificate, options.Security.Plaintext == PlaintextPolicy.Loopback);
        open.Push(streams);
        FederationOptions federation = settings.Section<FederationOptions>("Federation");
        peers = new PeerHosts(
            modules,
            new ComponentHost(modules, xmpp, options.Components, options.Security.Components == ComponentPolicy.Loopback),
            options.Listen.S2s.IsOn || options.Listen.S2sTls.IsOn
                ? new FederationHost(modules, xmpp, federation, certificate, Authorities.Read("Federation:TrustedAuthority", federation.TrustedAuthority, folder, domain.Domain, time) ?? [], folder.Secret("dialback.key"))
                : null);
        open.Push(peers);
        FirstAdministrator? first = await FirstAdministrator.EnsureAsync(services.Accounts, options.Administrator.Name, domain.Domain).ConfigureAwait(false);
        if (first is not null)
        {
            await profile.FirstStartAsync(first.Jid[..first.Jid.IndexOf('@', StringComparison.Ordinal)]).ConfigureAwait(false);
        }

        await modules.StartAsync(cancel).ConfigureAwait(false);
        if (isHttp)
        {
            HubHttp.Map(app, streams, services.Web, domain);
        }

        if (modules.Modules.OfType<MetricsModule>().FirstOrDefault() is { } metrics)
        {
            metrics.Watch(streams, peers);
            if (isHttp)
            {
                app.Map(MetricsHttp.Path, new MetricsHttp(metrics, services.Web.Policy, domain.Domain).HandleAsync);
            }
        }

        FleetServices fleet = Fleet(modules, services, streams, sasl);
        open.Push(new Once(fleet.Board.Dispose));
        if (isHttp)
        {
            FlashPage.Map(app, folder.Path);
            DashboardWeb.Map(app, fleet);
        }

        await app.StartAsync(cancel).ConfigureAwait(false);
        streams.Start();
        peers.Start();
        if (modules.Modules.OfType<HomeAssistantModule>().FirstOrDefault() is { } home)
        {
            home.Start(streams, Authorities.Read("HomeAssistant:TrustedAuthority", home.Options.TrustedAuthority, folder, domain.Domain, time));
        }

        var trim = new IdleTrim(time);
        var server = new HubServer(app, folder, certificate, database, streams, peers, modules, services, trim) { Administrator = first, FleetServices = fleet };
        server.FindPorts();
        return server;
    }

    private static FleetServices Fleet(ModuleHost modules, HubServices services, StreamHost streams, SaslServer sasl)
    {
        T? Find<T>() where T : class => modules.Modules.OfType<T>().FirstOrDefault();
        var board = new FleetBoard(services.Registry, Find<LivenessModule>()?.Service, Find<HistoryModule>()?.Service, services.Settings.Section<FleetOptions>("Fleet"), services.Time, modules.Loggers.CreateLogger<FleetBoard>());
        RegistryModule? things = Find<RegistryModule>();
        if (things is not null)
        {
            things.Provisioning.Changed += (_, _) => board.RegistryChanged();
            things.Things.Changed += (_, _) => board.RegistryChanged();
        }

        return new FleetServices
        {
            Hub = modules,
            Domain = services.Domain,
            Rest = services.Settings.Section<RestOptions>("Rest"),
            Web = services.Web.Policy,
            ApiTokens = services.ApiTokens,
            Accounts = services.Accounts,
            Registry = services.Registry,
            Access = services.Access,
            Streams = streams,
            Sasl = sasl,
            WebSessions = Find<WebSessionsModule>()?.Service,
            Groups = Find<AccessModule>()!.Groups,
            Audit = services.Audit,
            Profile = services.Profile,
            Invitations = services.Web.Invitations,
            PublicUrl = () => services.Web.BaseUrl,
            Metrics = Find<MetricsModule>(),
            SecondFactor = Find<SecondFactorModule>()?.Service,
            Proposals = Find<ProposalsModule>()?.Service,
            Inventory = Find<InventoryModule>()!.Service,
            Import = Find<InventoryModule>()!.Import,
            Liveness = Find<LivenessModule>()?.Service,
            History = Find<HistoryModule>()?.Service,
            Board = board,
            Provisioning = things?.Provisioning,
            ThingRegistry = things?.Things,
            Sniffer = Find<SnifferModule>()?.Service,
            Commands = Find<CommandsModule>(),
            Configuration = Find<ConfigurationModule>()?.Service,
            Alerts = Find<AlertsModule>()?.Service,
            Firmware = Find<FirmwareModule>()?.Images,
            Rollouts = Find<FirmwareModule>()?.Rollouts,
        };
    }

    private static void Log(ILoggingBuilder logging, HubSettings settings)
    {
        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddConfiguration(new ConfigurationBuilder().AddInMemoryCollection(settings.Logging()).Build().GetSection("Logging"));
        // Standard output is for what scripts read.
        logging.AddConsole(console =>
        {
            console.LogToStandardErrorThreshold = LogLevel.Trace;
            console.MaxQueueLength = 10_000;
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
        });
        logging.AddSimpleConsole(line =>
        {
            line.SingleLine = true;
            line.UseUtcTimestamp = true;
            line.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
            line.ColorBehavior = LoggerColorBehavior.Disabled;
        });
    }

    private static void Listen(KestrelServerOptions kestrel, ListenAddress address, Func<ConnectionContext, Task> serve) =>
        Listen(kestrel, address, listen => listen.Use(_ => connection => serve(connection)));

    private static void Listen(KestrelServerOptions kestrel, ListenAddress address, Action<Microsoft.AspNetCore.Server.Kestrel.Core.ListenOptions> configure)
    {
        if (address.IsAny)
        {
            kestrel.ListenAnyIP(address.EndPoint!.Port, configure);
        }
        else if (address.IsOn)
        {
            kestrel.Listen(address.EndPoint, configure);
        }
    }

    private static HubStartException? Explain(Exception e, HubOptions options) => e switch
    {
        HubStartException known => known,
        SettingsException bad => new HubStartException(bad.Message, SettingsLoader.BadSetting),
        CertificateException certificate => new HubStartException(certificate.Message, 1),
        StorageException storage => new HubStartException(storage.Message, 1),
        ArgumentException argument => new HubStartException(argument.Message.ReplaceLineEndings(" "), SettingsLoader.BadSetting),
        IOException { InnerException: AddressInUseException } => new HubStartException(
            $"a port is taken by another program ({options.Listen}); choose others with --c2s, --c2s-tls, --s2s, --s2s-tls, --component, --proxy65, --http and --https, such as 127.0.0.1:15222", 1),
        System.Net.Sockets.SocketException socket => new HubStartException(
            $"cannot listen on one of {options.Listen}: {socket.Message}", 1),
        _ => null,
    };

    private void FindPorts()
    {
        // Kestrel lists the addresses in the order in which they were configured.
        var addresses = new Queue<Uri>(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(a => new Uri(a.Replace("[::]", "127.0.0.1", StringComparison.Ordinal))));
        IPEndPoint? Next(ListenAddress address) => address.IsOn ? new IPEndPoint(IPAddress.Parse(addresses.Peek().Host.Trim('[', ']')), addresses.Dequeue().Port) : null;
        ListenOptions listen = Services.Settings.Hub.Listen;
        C2s = Next(listen.C2s);
        C2sTls = Next(listen.C2sTls);
        S2s = Next(listen.S2s);
        S2sTls = Next(listen.S2sTls);
        Component = Next(listen.Component);
        Http = Next(listen.Http);
        Https = Next(listen.Https);
        Services.Web.Listening(Http, Https, Services.Domain.Domain);
    }

    private sealed class Once(Action dispose) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            dispose();
            return default;
        }
    }
}
