using System.Net;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Fast;
using IotXmpp.Hub.Features.LastActivity;
using IotXmpp.Hub.Features.Nodes;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Features.Roster;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Streams;
using IotXmpp.Xmpp;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
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
/// <param name="Rosters">The rosters.</param>
/// <param name="RosterLinks">Subscriptions that the hub makes itself.</param>
/// <param name="Registry">The things.</param>
/// <param name="Nodes">How things behind gateways are.</param>
/// <param name="LastSeen">When and how accounts were last there.</param>
/// <param name="Time">The clock.</param>
/// <param name="Domain">The served domain.</param>
public sealed record HubServices(HubSettings Settings, XmppOptions Xmpp, ISqlDatabase Database, AccountStore AccountStore, AccountService Accounts, FastService Tokens, RosterStore Rosters, RosterLinks RosterLinks, RegistryStore Registry,
    NodeStore Nodes, LastSeenStore LastSeen, TimeProvider Time, Jid Domain);

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
    private readonly ModuleHost _modules;
    private readonly IdleTrim _trim;
    private bool _stopped;

    private HubServer(WebApplication app, DataFolder folder, ServerCertificate certificate, ISqlDatabase database, StreamHost streams, ModuleHost modules, HubServices services, IdleTrim trim)
    {
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

    /// <summary>Where clients come with STARTTLS; null where that listener is off.</summary>
    public IPEndPoint? C2s { get; private set; }

    /// <summary>Where clients come with direct TLS; null where that listener is off.</summary>
    public IPEndPoint? C2sTls { get; private set; }

    /// <summary>Where HTTP is served; null where that listener is off.</summary>
    public IPEndPoint? Http { get; private set; }

    /// <summary>The certificate that clients shall trust: the hub's own authority, or null where a certificate was given.</summary>
    public string? AuthorityFile => Services.Settings.Hub.Tls.CertificateFile is null ? _folder.File(CertificateAuthority.CertificateName) : null;

    /// <summary>The administrator that the first start has made, with its one-time password; null at every later start.</summary>
    public FirstAdministrator? Administrator { get; private set; }

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
        await _streams.StopAsync().ConfigureAwait(false);
        using (var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2)))
        {
            await _app.StopAsync(limit.Token).ConfigureAwait(false);
        }

        await _modules.StopAsync(CancellationToken.None).ConfigureAwait(false);
        await _streams.DisposeAsync().ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
        Services.Registry.Dispose();
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
        var builder = WebApplication.CreateSlimBuilder();
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
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = null;
            Listen(kestrel, options.Listen.C2s, connection => streams!.ServeAsync(connection, directTls: false));
            Listen(kestrel, options.Listen.C2sTls, connection => streams!.ServeAsync(connection, directTls: true));
            Listen(kestrel, options.Listen.Http, null);
        });
        WebApplication app = builder.Build();
        open.Push(app);
        ILoggerFactory loggers = app.Services.GetRequiredService<ILoggerFactory>();
        ISqlDatabase database = SqlDatabase.Open(settings.Section<StorageOptions>("Storage"), folder.Path, loggers);
        open.Push(database);
        await database.MigrateAsync(HubModules.Migrations, cancel).ConfigureAwait(false);
        var accounts = new AccountStore(database, time);
        var rosters = new RosterStore(database, settings.Section<RosterOptions>("Roster"));
        var lastSeen = new LastSeenStore(database, loggers.CreateLogger<LastSeenStore>());
        FastOptions fast = settings.Section<FastOptions>("Fast");
        var tokens = new FastService(new FastStore(database), fast, folder.Secret("fast.key"), time);
        var registry = new RegistryStore(database);
        open.Push(new Once(registry.Dispose));
        var services = new HubServices(settings, xmpp, database, accounts, new AccountService(accounts, options.Security.Sasl.Iterations), tokens, rosters, new RosterLinks(rosters, domain), registry, new NodeStore(database, loggers.CreateLogger<NodeStore>()), lastSeen, time, domain);
        var directory = new AccountDirectory(accounts, services.Accounts, domain, async (id, ended) => (await registry.FindAsync(id, ended).ConfigureAwait(false))?.Owner);
        var modules = new ModuleHost(domain, time, loggers, settings) { Accounts = directory, Rosters = new RosterBook(rosters), LastSeen = lastSeen };
        modules.Load(HubModules.Create(services));
        settings.ThrowIfUnknown();
        ServerCertificate certificate = ServerCertificate.Open(folder, domain.Domain, options.Tls, time, loggers.CreateLogger<ServerCertificate>(), ClientAuthorities.Read(options.Security.ClientCertificateAuthority, folder, domain.Domain, time));
        open.Push(new Once(certificate.Dispose));
        LoginThrottle? throttle = options.Security.LoginThrottle.Enabled ? new LoginThrottle(options.Security.LoginThrottle, time) : null;
        var sasl = new SaslServer(new CredentialStore(accounts), options.Security.Sasl, folder.Secret("sasl.key"), throttle, loggers.CreateLogger<SaslServer>()) { Tokens = fast.Enabled ? tokens : null };
        services.Accounts.Changed += (name, _) => sasl.CredentialsChanged(name);
        streams = new StreamHost(modules, xmpp, sasl, certificate, options.Security.Plaintext == PlaintextPolicy.Loopback);
        open.Push(streams);
        FirstAdministrator? first = await FirstAdministrator.EnsureAsync(services.Accounts, options.Administrator.Name, domain.Domain).ConfigureAwait(false);
        await modules.StartAsync(cancel).ConfigureAwait(false);
        HubHttp.Map(app);
        FlashPage.Map(app, folder.Path);
        await app.StartAsync(cancel).ConfigureAwait(false);
        streams.Start();
        var trim = new IdleTrim(time);
        var server = new HubServer(app, folder, certificate, database, streams, modules, services, trim) { Administrator = first };
        server.FindPorts();
        return server;
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

    private static void Listen(KestrelServerOptions kestrel, ListenAddress address, Func<ConnectionContext, Task>? serve)
    {
        if (!address.IsOn)
        {
            return;
        }

        void Configure(Microsoft.AspNetCore.Server.Kestrel.Core.ListenOptions listen)
        {
            if (serve is not null)
            {
                listen.Use(_ => connection => serve(connection));
            }
        }

        if (address.IsAny)
        {
            kestrel.ListenAnyIP(address.EndPoint!.Port, Configure);
        }
        else
        {
            kestrel.Listen(address.EndPoint!, Configure);
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
            $"a port is taken by another program ({options.Listen.C2s}, {options.Listen.C2sTls} or {options.Listen.Http}); choose others with --c2s, --c2s-tls and --http, such as 127.0.0.1:15222", 1),
        System.Net.Sockets.SocketException socket => new HubStartException(
            $"cannot listen on {options.Listen.C2s}, {options.Listen.C2sTls} or {options.Listen.Http}: {socket.Message}", 1),
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
        Http = Next(listen.Http);
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
