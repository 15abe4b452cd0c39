using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Archive;

/// <summary>Which messages are kept for whom (XEP-0313 §6.1, XEP-0334, XEP-0441): the port <see cref="IMessageArchive"/> over the store.</summary>
public sealed class ArchiveService : IMessageArchive
{
    private const MessageTraits WorthKeeping = MessageTraits.Body | MessageTraits.Store | MessageTraits.Encrypted | MessageTraits.Invitation;
    private const MessageTraits NotToBeKept = MessageTraits.NoStore | MessageTraits.NoPermanentStore | MessageTraits.Carbon;

    private readonly ArchiveStore _store;
    private readonly IRosters _rosters;
    private readonly OwnerCache<ArchivePreferences> _preferences;
    private readonly ArchivePreferences _usual;

    // Where no account has any of its own, none is looked up for a message.
    private volatile bool _anyOwn = true;

    /// <param name="store">The archives.</param>
    /// <param name="options">The settings.</param>
    /// <param name="rosters">The rosters.</param>
    public ArchiveService(ArchiveStore store, ArchiveOptions options, IRosters rosters)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(options);
        _store = store;
        _rosters = rosters;
        _usual = ArchivePreferences.Of(options.Default, [], []);
        _preferences = new OwnerCache<ArchivePreferences>(options.CachedAccounts);
        store.PreferencesChanged += (owner, preferences) =>
        {
            if (preferences is null)
            {
                _preferences.Remove(owner);
            }
            else
            {
                _anyOwn = true;
                _preferences.Set(owner, preferences);
            }
        };
    }

    /// <summary>Learns whether any account has preferences of its own; called once before the first session.</summary>
    public async ValueTask StartAsync(CancellationToken cancel) => _anyOwn = await _store.HasPreferencesAsync(cancel).ConfigureAwait(false);

    /// <inheritdoc/>
    public bool Keeps(StanzaType type, MessageTraits traits) => type is StanzaType.Chat or StanzaType.Normal && (traits & WorthKeeping) != 0 && (traits & NotToBeKept) == 0;

    /// <inheritdoc/>
    public bool MayBeWanted(Stanza message, Jid? sender, Jid? recipient)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Decide(sender, message.To ?? message.From.Bare) != false || Decide(recipient, message.From) != false;
    }

    /// <inheritdoc/>
    public ValueTask<Task<KeptMessage>?> KeepAsync(Stanza message, Jid? sender, Jid? recipient)
    {
        Jid to = message.To ?? message.From.Bare;
        // Outgoing by 'to', incoming by 'from' (XEP-0441 §2.3.2, §2.3.3).
        if (Decide(sender, to) is { } sent && Decide(recipient, message.From) is { } received)
        {
            return new(Keep(message, sent ? sender : null, received ? recipient : null));
        }

        return LookUpAsync(message, sender, recipient);
    }

    /// <summary>What an account wants kept.</summary>
    public ValueTask<ArchivePreferences> PreferencesAsync(string owner, CancellationToken cancel = default) =>
        !_anyOwn ? new(_usual) : _preferences.GetAsync(owner, async (name, ended) => await _store.PreferencesAsync(name, ended).ConfigureAwait(false) ?? _usual, cancel);

    /// <summary>Sets what an account wants kept.</summary>
    public Task SetPreferencesAsync(string owner, ArchivePreferences preferences) => _store.SetPreferencesAsync(owner, preferences);

    /// <summary>Forgets an account that was removed, with its archive.</summary>
    public Task RemoveAsync(string owner) => _store.RemoveAsync(owner);

    // From memory; null where something has to be looked up first.
    private bool? Decide(Jid? account, Jid other) => account is null ? false : !_anyOwn ? _usual.Keeps(other) : _preferences.TryGet(account.Local, out ArchivePreferences? preferences) ? preferences.Keeps(other) : null;

    private async ValueTask<Task<KeptMessage>?> LookUpAsync(Stanza message, Jid? sender, Jid? recipient)
    {
        bool sent = await DecideAsync(sender, message.To ?? message.From.Bare).ConfigureAwait(false);
        bool received = await DecideAsync(recipient, message.From).ConfigureAwait(false);
        return Keep(message, sent ? sender : null, received ? recipient : null);
    }

    private async ValueTask<bool> DecideAsync(Jid? account, Jid other)
    {
        if (account is null)
        {
            return false;
        }

        ArchivePreferences preferences = await PreferencesAsync(account.Local).ConfigureAwait(false);
        return preferences.Keeps(other) ?? await _rosters.FindAsync(account, other.Bare).ConfigureAwait(false) is not null;
    }

    private Task<KeptMessage>? Keep(Stanza message, Jid? sender, Jid? recipient)
    {
        if (sender is null && recipient is null)
        {
            return null;
        }

        Jid to = message.To ?? message.From.Bare;
        byte[]? whole = (message.Traits & MessageTraits.StanzaId) == 0 ? message.ToBytes() : null;
        return KeepAsync(Entry(message, whole, sender, to), Entry(message, whole, recipient, message.From));
    }

    private static ArchiveEntry? Entry(Stanza message, byte[]? whole, Jid? account, Jid other) => account is null
        ? null
        : new ArchiveEntry(account.Local, other.Bare.ToString(), other.Resource, whole ?? message.WithArchiveId(account, null).ToBytes());

    private async Task<KeptMessage> KeepAsync(ArchiveEntry? sent, ArchiveEntry? received)
    {
        try
        {
            (ArchiveId? first, ArchiveId? second) = await _store.AppendAsync(sent, received).ConfigureAwait(false);
            return new KeptMessage(first?.ToString(), second?.ToString());
        }
        catch (StorageException e)
        {
            // The storage has logged it; who sends is told, and nobody gets what is not durable.
            return new KeptMessage(null, null, e.IsResourceConstraint ? StanzaError.ResourceConstraint : StanzaError.InternalServerError);
        }
    }
}
