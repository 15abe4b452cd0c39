using System.Collections.Concurrent;
using System.Text;
using System.Threading.Channels;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.HomeAssistant;

/// <summary>What things let the home set, and what the home sets: both by ordinary requests of the account's own session. A thing is asked for its form each time it has come.</summary>
/// <param name="options">The settings.</param>
/// <param name="access">What the account may.</param>
/// <param name="registry">The things.</param>
/// <param name="kept">Their forms, over restarts.</param>
/// <param name="session">The account's session.</param>
/// <param name="account">The account (bare JID).</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where it is told what was not done.</param>
internal sealed class HomeControl(HomeAssistantOptions options, ThingAccess access, RegistryStore registry, FormStore kept, BridgeSession session, Jid account, TimeProvider time, ILogger log) : IAsyncDisposable
{
    // Forms that are asked for at a time: 8.
    private const int MaxAsked = 8;

    // Bytes of a value (1 KiB): more than any that is taken.
    private const int MaxValueBytes = 1_024;

    // How long one that did not answer is left alone: 60 s.
    private static readonly TimeSpan s_again = TimeSpan.FromMinutes(1);

    private readonly Channel<(string Thing, string Slug, string Payload)> _commands = Channel.CreateBounded<(string, string, string)>(new BoundedChannelOptions(options.MaxCommands) { SingleReader = true });
    private readonly ConcurrentDictionary<string, KnownForm> _forms = new(StringComparer.Ordinal);
    private readonly HashSet<string> _recalled = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _asking = new(MaxAsked, MaxAsked);
    private readonly CancellationTokenSource _end = new();
    private int _isFull;

    /// <summary>Told of a thing of which something else may be set, or has another value. Must not wait.</summary>
    public required Action<string> Changed { get; init; }

    /// <summary>Told of a thing and a parameter's slug, after each command: the home may show what it wished.</summary>
    public required Action<string, string> Commanded { get; init; }

    /// <summary>The things that have, or had, a form.</summary>
    public IEnumerable<string> Things => _forms.Keys;

    /// <summary>What may be set; null where the thing has not said it yet.</summary>
    public IReadOnlyList<Parameter>? Parameters(string thing) => _forms.GetValueOrDefault(thing)?.Parameters;

    /// <summary>A thing is there since a time: it is asked once for that.</summary>
    public void Came(Thing thing, DateTimeOffset since)
    {
        KnownForm? form = _forms.GetValueOrDefault(thing.Id);
        if (form?.Since != since && !(form?.AskAt > time.GetUtcNow()))
        {
            _forms[thing.Id] = (form ?? new KnownForm(default, null)) with { Since = since, AskAt = default };
            _ = LearnAsync(thing, since);
        }
    }

    /// <summary>Takes up what things have said before this hub was started: one that is away lets the same be set when it comes back. Called by one at a time.</summary>
    /// <param name="things">The things that are shown.</param>
    /// <param name="cancel">Gives up.</param>
    public async ValueTask RecallAsync(IReadOnlyCollection<string> things, CancellationToken cancel)
    {
        if (things.All(_recalled.Contains))
        {
            return;
        }

        Dictionary<string, List<Parameter>> forms = await kept.AllAsync(cancel).ConfigureAwait(false);
        foreach (string thing in things.Where(_recalled.Add))
        {
            if (forms.TryGetValue(thing, out List<Parameter>? all))
            {
                _forms.TryAdd(thing, new KnownForm(default, await AllowedAsync(thing, all).ConfigureAwait(false)) { All = all });
            }
        }
    }

    /// <summary>Rights have changed: all are asked again when they are looked at next; of those that are away what they have said counts, with the new rights.</summary>
    public async ValueTask AskAgainAsync()
    {
        foreach ((string thing, KnownForm form) in _forms)
        {
            List<Parameter>? allowed = form.All is { } all ? await AllowedAsync(thing, all).ConfigureAwait(false) : null;
            _forms.TryUpdate(thing, form with { Since = default, AskAt = default, Parameters = allowed }, form);
        }
    }

    /// <summary>Forgets a thing that is not shown any more.</summary>
    public void Forget(string thing)
    {
        _forms.TryRemove(thing, out _);
        _recalled.Remove(thing);
    }

    /// <summary>Takes a command, or drops it where too many wait. Does not wait.</summary>
    public void Take(string thing, string slug, byte[] payload)
    {
        if (payload.Length is > 0 and <= MaxValueBytes && !_commands.Writer.TryWrite((thing, slug, Encoding.UTF8.GetString(payload))) && Interlocked.Exchange(ref _isFull, 1) == 0)
        {
            // Once until there is room again: a flood is no flood of the log.
            HomeAssistantLog.TooManyCommands(log, thing);
        }
    }

    /// <summary>Does commands, one after another, until it is told to stop.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        await foreach ((string thing, string slug, string payload) in _commands.Reader.ReadAllAsync(cancel).ConfigureAwait(false))
        {
            Volatile.Write(ref _isFull, 0);
            try
            {
                await CommandAsync(thing, slug, payload, cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OutOfMemoryException && !cancel.IsCancellationRequested)
            {
                HomeAssistantLog.NotLooked(log, e);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync().ConfigureAwait(false);
        await session.DisposeAsync().ConfigureAwait(false);
        _end.Dispose();
    }

    private async Task LearnAsync(Thing thing, DateTimeOffset since)
    {
        try
        {
            await _asking.WaitAsync(_end.Token).ConfigureAwait(false);
            try
            {
                using var xml = new XmlBuilder();
                Element? answer = await AskAsync("get", thing, ControlForm.Ask(xml, thing.NodeId), _end.Token).ConfigureAwait(false);
                if (answer is null)
                {
                    // It may have been too busy with its coming.
                    _forms[thing.Id] = (_forms.GetValueOrDefault(thing.Id) ?? new KnownForm(default, null)) with { Since = default, AskAt = time.GetUtcNow() + s_again };
                    return;
                }

                // An error: it lets nothing be set, or not by this account.
                List<Parameter> all = answer["type"] == "result" ? ControlForm.Read(answer.FirstChild, time.GetUtcNow()) : [];
                _forms[thing.Id] = new KnownForm(since, await AllowedAsync(thing.Id, all).ConfigureAwait(false)) { All = all };
                Changed(thing.Id);
                await kept.KeepAsync(thing.Id, all).ConfigureAwait(false);
            }
            finally
            {
                _asking.Release();
            }
        }
        catch (Exception e) when (e is StorageException or OperationCanceledException or ObjectDisposedException)
        {
            HomeAssistantLog.NotAsked(log, e, thing.Id);
        }
    }

    private async ValueTask<List<Parameter>> AllowedAsync(string thing, IReadOnlyList<Parameter> parameters)
    {
        var allowed = new List<Parameter>();
        foreach (Parameter parameter in parameters)
        {
            if (await access.MayAsync(account, thing, ThingRight.Control, parameter.Name, _end.Token).ConfigureAwait(false))
            {
                allowed.Add(parameter);
            }
        }

        return allowed;
    }

    private async ValueTask CommandAsync(string id, string slug, string payload, CancellationToken cancel)
    {
        if (Parameters(id)?.FirstOrDefault(p => Entity.SlugOf(p.Name) == slug) is not { } parameter || await registry.FindAsync(id, cancel).ConfigureAwait(false) is not { } thing)
        {
            HomeAssistantLog.NotDone(log, id, slug, "there is no such parameter");
            return;
        }

        string? problem = "the value is none that it takes";
        if (parameter.Read(payload) is { } value)
        {
            using var xml = new XmlBuilder();
            Element? answer = await AskAsync("set", thing, ControlForm.Set(xml, thing.NodeId, parameter, value), cancel).ConfigureAwait(false);
            problem = answer is null ? "no answer came" : answer["type"] == "result" ? null : answer.Child("error")?.FirstChild?.Name ?? "error";
            if (problem is null && _forms.TryGetValue(id, out KnownForm? known) && known is { Parameters: { } allowed, All: { } all })
            {
                // Where the form comes anew at this moment, it has the newer value itself.
                Parameter now = parameter with { Value = value, ValueAt = time.GetUtcNow() };
                List<Parameter> With(IEnumerable<Parameter> before) => [.. before.Select(p => p.Name == now.Name ? now : p)];
                if (_forms.TryUpdate(id, known with { Parameters = With(allowed), All = all = With(all) }, known))
                {
                    await kept.KeepAsync(id, all).ConfigureAwait(false);
                }
            }
        }

        if (problem is not null)
        {
            HomeAssistantLog.NotDone(log, id, slug, problem);
        }

        Commanded(id, slug);
    }

    private ValueTask<Element?> AskAsync(string type, Thing thing, XmlBuilder payload, CancellationToken cancel) =>
        session.AskAsync(type, new Jid(thing.Account, account.Domain, "thing"), payload, TimeSpan.FromSeconds(options.AnswerSeconds), cancel);

    /// <param name="Since">Since when the thing was there that was asked.</param>
    /// <param name="Parameters">What it lets the account set; null before it has answered.</param>
    private sealed record KnownForm(DateTimeOffset Since, IReadOnlyList<Parameter>? Parameters)
    {
        /// <summary>What it lets be set, whoever may.</summary>
        public IReadOnlyList<Parameter>? All { get; init; }

        /// <summary>Before when it is not asked again.</summary>
        public DateTimeOffset AskAt { get; init; }
    }
}
