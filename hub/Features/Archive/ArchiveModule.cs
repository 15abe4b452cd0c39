using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Xml;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Archive;

/// <summary>Archives of accounts (XEP-0313) with preferences (XEP-0441): what a person has sent and received, for all of its clients.</summary>
public sealed class ArchiveModule(ISqlDatabase database, ArchiveOptions options) : IXmppModule
{
    /// <summary>How often what is too old is removed: every hour, so that a day's limit is held to 4 %.</summary>
    private static readonly TimeSpan ExpiryInterval = TimeSpan.FromHours(1);

    private readonly CancellationTokenSource _stopping = new();
    private IHub _hub = null!;
    private ArchiveStore _store = null!;
    private ArchiveService _archive = null!;
    private ILogger _log = null!;
    private ITimer? _expiry;
    private Task _expiring = Task.CompletedTask;

    /// <summary>Archives for other features, after <see cref="Register"/>; null where none are kept.</summary>
    public ArchiveDesk? Desk { get; private set; }

    /// <inheritdoc/>
    public string Name => "Archive";

    /// <inheritdoc/>
    public Xep[] Xeps =>
    [
        new("XEP-0313", "Message Archive Management", "1.1.3", "of accounts, with extended queries; on by default, bounded in number and age"),
        new("XEP-0359", "Unique and Stable Stanza IDs", "0.7.0", "ids by the archive; those that others make up in its name are taken out"),
        new("XEP-0441", "Message Archive Management Preferences", "0.2.0", "without the advanced configuration"),
        new("XEP-0297", "Stanza Forwarding", "1.0"),
    ];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        if (!options.Enabled)
        {
            return;
        }

        _hub = module.Hub;
        _log = _hub.Loggers.CreateLogger<ArchiveModule>();
        _store = new ArchiveStore(database, options, _hub.Time);
        _archive = new ArchiveService(_store, options, _hub.Rosters);
        Desk = new ArchiveDesk(_store, options, _hub.Router);
        module.Archive(_archive);
        module.BindFeature(new InlineMetadata(this));
        module.Domain.Feature("urn:xmpp:sid:0");
        module.Account.Feature(ArchiveXml.Namespace).Feature(ArchiveXml.Namespace + "#extended").Feature(ArchiveXml.Namespace + "#groupchat-field").Feature("urn:xmpp:sid:0")
            .Iq(StanzaType.Set, "query", ArchiveXml.Namespace, QueryAsync)
            .Iq(StanzaType.Get, "query", ArchiveXml.Namespace, (request, _) => request.IsOwnAccount ? ArchiveDesk.Form() : StanzaError.Forbidden)
            .Iq(StanzaType.Get, "metadata", ArchiveXml.Namespace, MetadataAsync)
            .Iq(StanzaType.Get, "prefs", ArchiveXml.Namespace, PreferencesAsync)
            .Iq(StanzaType.Set, "prefs", ArchiveXml.Namespace, SetPreferencesAsync);
        _hub.Accounts.Removed += name => _ = _archive.RemoveAsync(name);
        module.Starting(StartAsync);
        module.Stopping(StopAsync);
    }

    // §8.1: an archive is its owner's.
    private async ValueTask<IqReply> QueryAsync(IqRequest request, CancellationToken cancel) => request.IsOwnAccount && request.Session is not null
        ? await Desk!.QueryAsync(request, new ArchiveView(request.From.Local, request.From.Bare), cancel).ConfigureAwait(false)
        : StanzaError.Forbidden;

    private async ValueTask<IqReply> MetadataAsync(IqRequest request, CancellationToken cancel) =>
        request.IsOwnAccount ? await Desk!.MetadataAsync(request.From.Local, cancel).ConfigureAwait(false) : StanzaError.Forbidden;

    private async ValueTask<IqReply> PreferencesAsync(IqRequest request, CancellationToken cancel) => request.IsOwnAccount
        ? Preferences(await _archive.PreferencesAsync(request.From.Local, cancel).ConfigureAwait(false))
        : StanzaError.Forbidden;

    private async ValueTask<IqReply> SetPreferencesAsync(IqRequest request, CancellationToken cancel)
    {
        if (!request.IsOwnAccount)
        {
            return StanzaError.Forbidden;
        }

        if (ArchiveXml.ReadPreferences(request.Payload(), options) is not { } preferences)
        {
            return StanzaError.BadRequest;
        }

        await _archive.SetPreferencesAsync(request.From.Local, preferences).ConfigureAwait(false);
        return Preferences(preferences);
    }

    private static IqReply Preferences(ArchivePreferences preferences)
    {
        using var xml = new XmlBuilder();
        ArchiveXml.WritePreferences(xml, preferences);
        return IqReply.Result(xml);
    }

    private async ValueTask StartAsync(CancellationToken cancel)
    {
        await _store.ConvertAsync(cancel).ConfigureAwait(false);
        await _archive.StartAsync(cancel).ConfigureAwait(false);
        _expiry = _hub.Time.CreateTimer(_ => Expire(), null, TimeSpan.Zero, ExpiryInterval);
    }

    private async ValueTask StopAsync(CancellationToken cancel)
    {
        _expiry?.Dispose();
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _expiring.ConfigureAwait(false);
        _stopping.Dispose();
    }

    private void Expire()
    {
        if (_expiring.IsCompleted)
        {
            _expiring = ExpireAsync();
        }
    }

    private async Task ExpireAsync()
    {
        try
        {
            await _store.ExpireAsync(options.MaxDays > 0 ? _hub.Time.GetUtcNow() - TimeSpan.FromDays(options.MaxDays) : DateTimeOffset.UnixEpoch, _stopping.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is StorageException or OperationCanceledException)
        {
            ArchiveLog.NotExpired(_log, e);
        }
    }

    // XEP-0386 §3.2: how far the archive is when the session begins. A thing has no use for it.
    private sealed class InlineMetadata(ArchiveModule archive) : IBindFeature
    {
        public string Namespace => string.Empty;

        public ValueTask EnableAsync(Session session, Element? request, XmlBuilder bound, CancellationToken cancel) =>
            session.IsThing ? default : archive.Desk!.WriteMetadataAsync(bound, session.Jid.Local, cancel);
    }
}

/// <summary>Logs of <see cref="ArchiveModule"/>.</summary>
internal static partial class ArchiveLog
{
    [LoggerMessage(Level = LogLevel.Debug, Message = "What is too old stays in the archive until the next time")]
    public static partial void NotExpired(ILogger log, Exception e);
}
