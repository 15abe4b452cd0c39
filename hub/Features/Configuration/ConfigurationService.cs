using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Commands;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Configuration;

/// <summary>
/// What things shall be like and what they say that they are like (wire profile, registry): versions with their authors, changes that go by the version that their author saw, drift parameter by parameter.
/// Every way to a new version is one history: by this service, or published on the node <c>desired</c>. Knows no XML and no SQL.
/// </summary>
public sealed class ConfigurationService : IDisposable
{
    private const int MaxNote = 200;

    private readonly ConfigurationStore _store;
    private readonly ConfigurationOptions _options;
    private readonly IDesiredNode _node;
    private readonly ThingDecision _may;
    private readonly Func<string, CancellationToken, Task<ThingForm?>> _form;
    private readonly Func<string, bool> _isOnline;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    // One publication at a time on each node, so that the newest stands there in the end.
    private readonly SemaphoreSlim[] _publishing = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1, 1))];

    /// <summary>Over a database whose tables are there.</summary>
    /// <param name="database">Where it is kept.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="node">The nodes.</param>
    /// <param name="may">Who may do what.</param>
    /// <param name="form">What can be set on a thing; null where that is not known.</param>
    /// <param name="isOnline">Whether a thing is there.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Logs.</param>
    public ConfigurationService(
        ISqlDatabase database, ConfigurationOptions options, IDesiredNode node, ThingDecision may, Func<string, CancellationToken, Task<ThingForm?>> form, Func<string, bool> isOnline, TimeProvider time, ILogger<ConfigurationService> log)
    {
        _store = new ConfigurationStore(database, options);
        _options = options;
        _node = node;
        _may = may;
        _form = form;
        _isOnline = isOnline;
        _time = time;
        _log = log;
    }

    /// <summary>What a thing shall be like, or what it says, is another; gets the thing's id. Must not wait.</summary>
    public event Action<string>? Changed;

    internal ConfigurationStore Store => _store;

    /// <summary>Publishes what a hub of before has stored and not published.</summary>
    public async ValueTask StartAsync(CancellationToken cancel = default)
    {
        foreach (string thing in await _store.UnpublishedAsync(cancel).ConfigureAwait(false))
        {
            await PublishAsync(thing).ConfigureAwait(false);
        }
    }

    /// <summary>How a thing's configuration stands; secrets masked.</summary>
    public async Task<ConfigurationResult> FindAsync(Jid who, string thing, CancellationToken cancel = default) =>
        await _may(who, thing, ThingRight.See, null, cancel).ConfigureAwait(false)
            ? new ConfigurationResult(ConfigurationOutcome.Done, await ReadAsync(thing, cancel).ConfigureAwait(false))
            : new ConfigurationResult(ConfigurationOutcome.Forbidden);

    /// <summary>Changes what a thing shall be like.</summary>
    /// <param name="who">Who wishes: he needs the right to maintain the thing, for each parameter.</param>
    /// <param name="thing">The thing.</param>
    /// <param name="change">What.</param>
    /// <param name="cancel">Ends the wait; what was stored stays.</param>
    public async Task<ConfigurationResult> SetAsync(Jid who, string thing, ConfigurationChange change, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(who);
        ArgumentNullException.ThrowIfNull(change);
        if (await CheckAsync(who, thing, change, cancel).ConfigureAwait(false) is { } refused)
        {
            return refused;
        }

        ThingForm? form = change.Set.Count > 0 ? await _form(thing, cancel).ConfigureAwait(false) : null;
        IReadOnlyList<CommandParameter> set = ParameterText.Mark(form is null ? change.Set : [.. change.Set.Select(form.Typed)], form);
        if (form is not null && set.Select(form.Wrong).FirstOrDefault(w => w is not null) is { } misfit)
        {
            return new ConfigurationResult(ConfigurationOutcome.BadRequest, null, misfit);
        }

        (long Version, IReadOnlyList<CommandParameter> Parameters)? standing = await StandingAsync(thing, cancel).ConfigureAwait(false);
        return await WriteAsync(
            thing, newest => Merge(newest?.Parameters ?? standing?.Parameters ?? [], set, change.Remove), change.Base, standing?.Version ?? 0, who, change.Note, cancel).ConfigureAwait(false);
    }

    /// <summary>Goes back to an earlier version, as a new one. Secrets are not brought back: nobody has kept them.</summary>
    public async Task<ConfigurationResult> RevertAsync(Jid who, string thing, long version, long? basis = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(who);
        if (await CheckAsync(who, thing, new ConfigurationChange([], [], basis), cancel).ConfigureAwait(false) is { } refused)
        {
            return refused;
        }

        List<ConfigurationVersion> found = await _store.VersionsAsync(thing, version + 1, 1, cancel).ConfigureAwait(false);
        if (found.Count == 0 || found[0].Version != version)
        {
            return new ConfigurationResult(ConfigurationOutcome.NotFound, null, "There is no such version.");
        }

        IReadOnlyList<CommandParameter> parameters = [.. found[0].Parameters.Where(p => !p.IsSecret)];
        foreach (CommandParameter parameter in parameters)
        {
            if (!await _may(who, thing, ThingRight.Maintain, parameter.Name, cancel).ConfigureAwait(false))
            {
                return new ConfigurationResult(ConfigurationOutcome.Forbidden);
            }
        }

        return await WriteAsync(thing, _ => parameters, basis, 0, who, $"back to version {version}", cancel).ConfigureAwait(false);
    }

    /// <summary>Changes what many things shall be like, one after the other.</summary>
    /// <returns>What came of it for each thing, in their order; one entry with an empty name where there are too many.</returns>
    public async Task<IReadOnlyList<(string Thing, ConfigurationResult Result)>> SetManyAsync(Jid who, IReadOnlyList<string> things, ConfigurationChange change, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(things);
        if (things.Count > _options.ThingsPerRequest)
        {
            return [(string.Empty, new ConfigurationResult(ConfigurationOutcome.TooMany, null, $"{_options.ThingsPerRequest} things at a time."))];
        }

        var results = new List<(string, ConfigurationResult)>();
        foreach (string thing in things.Distinct(StringComparer.Ordinal))
        {
            results.Add((thing, await SetAsync(who, thing, change with { Base = null }, cancel).ConfigureAwait(false)));
        }

        return results;
    }

    /// <summary>The versions of a thing, the newest first, masked; null where he may not see it.</summary>
    public async Task<IReadOnlyList<ConfigurationVersion>?> VersionsAsync(Jid who, string thing, long? before = null, int max = 50, CancellationToken cancel = default) =>
        await _may(who, thing, ThingRight.See, null, cancel).ConfigureAwait(false) ? await _store.VersionsAsync(thing, before ?? long.MaxValue, Math.Clamp(max, 1, 500), cancel).ConfigureAwait(false) : null;

    /// <summary>Things of which anything is wished for and that somebody may see, in their order.</summary>
    /// <param name="who">Who asks.</param>
    /// <param name="after">The last thing of the page before; empty for the first.</param>
    /// <param name="max">Things at most (1 to 500).</param>
    /// <param name="onlyDrift">Whether only those that are not as they shall be.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>The things, and where the next page begins; null where there is nothing more.</returns>
    public async Task<(IReadOnlyList<ThingConfiguration> Things, string? Next)> ListAsync(Jid who, string after = "", int max = 50, bool onlyDrift = false, CancellationToken cancel = default)
    {
        var found = new List<ThingConfiguration>();
        max = Math.Clamp(max, 1, 500);
        while (true)
        {
            List<string> things = await _store.ThingsAsync(after, 500, cancel).ConfigureAwait(false);
            foreach (string thing in things)
            {
                after = thing;
                if (!await _may(who, thing, ThingRight.See, null, cancel).ConfigureAwait(false))
                {
                    continue;
                }

                ThingConfiguration configuration = await ReadAsync(thing, cancel).ConfigureAwait(false);
                if (!onlyDrift || configuration.HasDrift)
                {
                    found.Add(configuration);
                    if (found.Count == max)
                    {
                        return (found, after);
                    }
                }
            }

            if (things.Count < 500)
            {
                return (found, null);
            }
        }
    }

    /// <summary>Forgets a thing.</summary>
    public Task ForgetAsync(string thing) => _store.ForgetAsync(thing);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SemaphoreSlim one in _publishing)
        {
            one.Dispose();
        }
    }

    /// <summary>Something of a thing's configuration has changed.</summary>
    internal void Tell(string thing) => Changed?.Invoke(thing);

    private static IReadOnlyList<CommandParameter> Merge(IReadOnlyList<CommandParameter> before, IReadOnlyList<CommandParameter> set, IReadOnlyList<string> remove)
    {
        var all = new Dictionary<string, CommandParameter>(StringComparer.Ordinal);
        foreach (CommandParameter parameter in before)
        {
            // A secret that the thing has taken is not there any more to be sent again.
            if (!(parameter.IsSecret && parameter.Value.Length == 0))
            {
                all[parameter.Name] = parameter;
            }
        }

        foreach (string name in remove)
        {
            all.Remove(name);
        }

        foreach (CommandParameter parameter in set)
        {
            all[parameter.Name] = parameter;
        }

        return [.. all.Values];
    }

    private async Task<ConfigurationResult?> CheckAsync(Jid who, string thing, ConfigurationChange change, CancellationToken cancel)
    {
        if (change.Note.Length > MaxNote || change.Note.Any(char.IsControl))
        {
            return new ConfigurationResult(ConfigurationOutcome.BadRequest, null, $"A note has {MaxNote} characters at most.");
        }

        if (change.Set.Count > 0 && ParameterText.Wrong(change.Set) is { } wrong)
        {
            return new ConfigurationResult(ConfigurationOutcome.BadRequest, null, wrong);
        }

        if (change.Remove.Count > ParameterText.MaxParameters || change.Remove.Any(n => n.Length is 0 or > ParameterText.MaxName))
        {
            return new ConfigurationResult(ConfigurationOutcome.BadRequest, null, "A name that is to be removed is none.");
        }

        foreach (string? name in change.Set.Select(p => p.Name).Concat(change.Remove).Append(null))
        {
            if (!await _may(who, thing, ThingRight.Maintain, name, cancel).ConfigureAwait(false))
            {
                return new ConfigurationResult(ConfigurationOutcome.Forbidden);
            }
        }

        return null;
    }

    private async Task<ConfigurationResult> WriteAsync(
        string thing, Func<ConfigurationVersion?, IReadOnlyList<CommandParameter>?> change, long? basis, long least, Jid who, string note, CancellationToken cancel)
    {
        (VersionWrite result, ConfigurationVersion? version) = await _store.WriteAsync(thing, change, basis, least, who.Bare, note, _time.GetUtcNow()).ConfigureAwait(false);
        if (result == VersionWrite.Written)
        {
            ConfigurationLog.Changed(_log, thing, version!.Version, who);
            Tell(thing);
            await PublishAsync(thing).ConfigureAwait(false);
        }

        ThingConfiguration now = await ReadAsync(thing, cancel).ConfigureAwait(false);
        return result switch
        {
            VersionWrite.Conflict => new ConfigurationResult(ConfigurationOutcome.Conflict, now, $"It is version {version?.Version ?? least} by now."),
            VersionWrite.TooMany => new ConfigurationResult(ConfigurationOutcome.TooMany, now, $"{_options.Parameters} parameters at most."),
            _ => new ConfigurationResult(ConfigurationOutcome.Done, now),
        };
    }

    private async Task<ThingConfiguration> ReadAsync(string thing, CancellationToken cancel)
    {
        (ConfigurationVersion? desired, ReportedConfiguration? reported) = await _store.FindAsync(thing, cancel).ConfigureAwait(false);
        return Drift.Of(thing, desired, reported, _isOnline(thing), _time.GetUtcNow(), TimeSpan.FromSeconds(_options.TrialSeconds));
    }

    // What was published before the hub kept versions.
    private async Task<(long Version, IReadOnlyList<CommandParameter> Parameters)?> StandingAsync(string thing, CancellationToken cancel) =>
        await _store.NewestAsync(thing, cancel).ConfigureAwait(false) is null ? await _node.ReadAsync(thing, cancel).ConfigureAwait(false) : null;

    private async Task PublishAsync(string thing)
    {
        SemaphoreSlim gate = _publishing[(uint)thing.GetHashCode(StringComparison.Ordinal) % (uint)_publishing.Length];
        await gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (await _store.NewestAsync(thing, CancellationToken.None).ConfigureAwait(false) is { } newest
                && await _node.PublishAsync(thing, newest.Version, [.. newest.Parameters.Where(p => !p.IsSecret || p.Value.Length > 0)]).ConfigureAwait(false))
            {
                await _store.PublishedAsync(thing, newest.Version).ConfigureAwait(false);
            }
        }
        catch (StorageException e)
        {
            ConfigurationLog.NotPublished(_log, e, thing); // the next start does it
        }
        finally
        {
            gate.Release();
        }
    }
}

/// <summary>Logs of configuration.</summary>
internal static partial class ConfigurationLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "{Thing} shall be like version {Version}, by {Who}")]
    public static partial void Changed(ILogger log, string thing, long version, Jid who);

    [LoggerMessage(Level = LogLevel.Error, Message = "What {Thing} shall be like is stored and could not be published")]
    public static partial void NotPublished(ILogger log, Exception e, string thing);
}
