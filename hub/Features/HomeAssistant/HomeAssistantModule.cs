using System.Security.Cryptography.X509Certificates;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Streams;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.HomeAssistant;

/// <summary>Shows things to Home Assistant by an MQTT broker, and lets it control them with an account's rights. Off until a broker is named; then nothing of the hub waits for it.</summary>
/// <param name="database">Where forms of things are kept.</param>
/// <param name="options">The settings.</param>
/// <param name="accounts">The accounts.</param>
/// <param name="access">What the account may.</param>
/// <param name="registry">The things.</param>
/// <param name="things">Tells which come and go.</param>
public sealed class HomeAssistantModule(ISqlDatabase database, HomeAssistantOptions options, AccountService accounts, ThingAccess access, RegistryStore registry, RegistryModule things) : IXmppModule
{
    private readonly FormStore _forms = new(database);
    private ModuleHost _hub = null!;
    private HomeBridge? _bridge;

    /// <inheritdoc/>
    public string Name => "HomeAssistant";

    /// <inheritdoc/>
    public Xep[] Xeps => [];

    /// <summary>The settings.</summary>
    public HomeAssistantOptions Options => options;

    /// <summary>Messages that wait for the broker; null where none is named.</summary>
    public int? Waiting => _bridge?.Outbox.Count;

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        _hub = (ModuleHost)module.Hub;
        things.Provisioning.Forgetting += thing => _forms.ForgetAsync(thing.Id);
        module.Stopping(async _ =>
        {
            if (_bridge is { } bridge)
            {
                await bridge.DisposeAsync().ConfigureAwait(false);
            }
        });
    }

    /// <summary>Begins, once there are streams; nothing where no broker is named.</summary>
    /// <param name="streams">Where the bridge has its session.</param>
    /// <param name="trusted">The authority of the broker's certificate; null: those of the system.</param>
    public void Start(StreamHost streams, X509Certificate2Collection? trusted)
    {
        if (options.Broker.Length == 0)
        {
            return;
        }

        ILogger log = _hub.Loggers.CreateLogger<HomeAssistantModule>();
        if (_hub.Modules.OfType<LivenessModule>().FirstOrDefault()?.Service is not { } liveness)
        {
            HomeAssistantLog.NoLiveness(log);
            return;
        }

        HistoryService? history = _hub.Modules.OfType<HistoryModule>().FirstOrDefault()?.Service;
        var session = new BridgeSession(streams, accounts, options.Account, "home-assistant", _hub.Time);
        HomeBridge bridge = _bridge = new HomeBridge(options, access, registry, liveness, history, _forms, session, _hub.Domain, trusted, _hub.Time, log);
        liveness.Changed += (_, after) => bridge.Changed(after.Id);
        if (history is not null)
        {
            history.Added += (thing, _) => bridge.Changed(thing);
        }

        things.Provisioning.Changed += (_, _) => bridge.LookAtAll();
        access.Changed += _ => bridge.RightsChanged();
        accounts.Changed += (name, _) =>
        {
            if (name == options.Account)
            {
                bridge.LookAtAll();
            }
        };
        bridge.Start();
    }
}

/// <summary>Logs of the bridge.</summary>
internal static partial class HomeAssistantLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "The broker {Broker} is reached: the home sees things")]
    public static partial void Reached(ILogger log, string broker);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The broker {Broker} is not reached, the next attempt is within {Seconds} s: {Reason}")]
    public static partial void Lost(ILogger log, string broker, double seconds, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A command of the home for {Thing} is dropped: too many wait")]
    public static partial void TooManyCommands(ILogger log, string thing);

    [LoggerMessage(Level = LogLevel.Information, Message = "A command of the home for {Thing}, {Parameter}, is not done: {Reason}")]
    public static partial void NotDone(ILogger log, string thing, string parameter, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "What may be set of {Thing} is not known")]
    public static partial void NotAsked(ILogger log, Exception e, string thing);

    [LoggerMessage(Level = LogLevel.Error, Message = "What has changed is not told to the home now")]
    public static partial void NotLooked(ILogger log, Exception e);

    [LoggerMessage(Level = LogLevel.Error, Message = "The bridge to Home Assistant needs the module Liveness and does not start")]
    public static partial void NoLiveness(ILogger log);
}
