using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Inventory;

/// <summary>What things are looked for; all that is given must hold.</summary>
public sealed record ThingQuery
{
    /// <summary>Things whose id, owner or value of a tag has this text, whatever the case.</summary>
    public string? Text { get; init; }

    /// <summary>Things at this place, whatever the case.</summary>
    public string? Place { get; init; }

    /// <summary>Things of this model, whatever the case.</summary>
    public string? Model { get; init; }

    /// <summary>Things with this tag, as <c>NAME</c> or <c>NAME:value</c>.</summary>
    public string? Tag { get; init; }

    /// <summary>Things in this group, of which who asks must know.</summary>
    public string? Group { get; init; }

    /// <summary>Things in this state: a <see cref="LivenessState"/> in lower case, or <c>lost</c>.</summary>
    public string? State { get; init; }

    /// <summary>Things that run this version.</summary>
    public string? Firmware { get; init; }

    /// <summary>The words of <see cref="State"/>.</summary>
    public static IReadOnlyList<string> States { get; } = ["online", "resuming", "sleeping", "overdue", "offline", "lost"];
}

/// <summary>A page of things.</summary>
/// <param name="Things">In the order of their ids.</param>
/// <param name="Count">How many there are for who asks.</param>
/// <param name="Next">The id behind which the next page begins; null on the last.</param>
public sealed record ThingPage(IReadOnlyList<Thing> Things, int Count, string? Next);

/// <summary>How a request about notes ended.</summary>
public enum NoteOutcome
{
    /// <summary>Done.</summary>
    Done,

    /// <summary>There is no such thing or note, or not for who asks.</summary>
    NotFound,

    /// <summary>Who asks may not do that.</summary>
    Forbidden,

    /// <summary>A note is empty, too long, or has control characters.</summary>
    BadText,

    /// <summary>There are <see cref="InventoryOptions.NotesPerThing"/> already.</summary>
    TooMany,
}

/// <summary>Finds things among those that somebody may see, and keeps notes on them. An actor of null is the operator of the machine.</summary>
public sealed class InventoryService
{
    private readonly RegistryStore _registry;
    private readonly ThingAccess _access;
    private readonly GroupService _groups;
    private readonly NoteStore _notes;
    private readonly TimeProvider _time;

    /// <summary>Makes it.</summary>
    public InventoryService(RegistryStore registry, ThingAccess access, GroupService groups, NoteStore notes, InventoryOptions options, TimeProvider time)
    {
        _registry = registry;
        _access = access;
        _groups = groups;
        _notes = notes;
        _time = time;
        Options = options;
    }

    /// <summary>The bounds.</summary>
    public InventoryOptions Options { get; }

    /// <summary>Says whether who has a bare JID is who had it then (<see cref="Modules.IAccounts.IsSameAsync"/>).</summary>
    public Func<Jid, DateTimeOffset, CancellationToken, ValueTask<bool>> IsSame { get; init; } = static (_, _, _) => new(true);

    /// <summary>How things are; null where nobody knows.</summary>
    public Func<string, ThingLiveness?>? Liveness { get; set; }

    /// <summary>A page of the things that somebody may see.</summary>
    /// <param name="who">Who asks; null for all things.</param>
    /// <param name="query">What is looked for.</param>
    /// <param name="after">The id behind which the page begins; "" for the first.</param>
    /// <param name="max">Things of the page, at most.</param>
    /// <param name="cancel">Gives up.</param>
    public async ValueTask<ThingPage> SearchAsync(Jid? who, ThingQuery query, string after, int max, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        var all = await _registry.KnownAsync(cancel).ConfigureAwait(false);
        IEnumerable<string> ids = who is null ? all.Keys : await _access.ThingsAsync(who, ThingRight.See, cancel).ConfigureAwait(false);
        if (query.Group is { } group)
        {
            // Who does not know of a group finds nothing by it.
            if (await _groups.FindAsync(who, group, cancel).ConfigureAwait(false) is not { } known)
            {
                return new ThingPage([], 0, null);
            }

            ids = ids.Where(id => known.Things.TryGetValue(id, out Jid? owner) && Equals(owner, all.GetValueOrDefault(id)?.Owner));
        }

        var page = new List<Thing>();
        int count = 0;
        string? next = null;
        foreach (string id in ids)
        {
            if (all.GetValueOrDefault(id) is not { } thing || !Holds(query, thing))
            {
                continue;
            }

            count++;
            if (string.CompareOrdinal(id, after) > 0 && next is null)
            {
                if (page.Count == max)
                {
                    next = page.Count == 0 ? after : page[^1].Id;
                }
                else
                {
                    page.Add(thing);
                }
            }
        }

        return new ThingPage(page, count, next);
    }

    /// <summary>The notes on a thing, the newest first, for who may see it; null where there is none for him.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="thing">The thing's id.</param>
    /// <param name="before">Notes before this one; null for the newest.</param>
    /// <param name="max">How many, at most.</param>
    /// <param name="cancel">Gives up.</param>
    public async ValueTask<IReadOnlyList<ThingNote>?> NotesAsync(Jid? actor, string thing, long? before, int max, CancellationToken cancel = default) =>
        await MayAsync(actor, thing, ThingRight.See, cancel).ConfigureAwait(false) ? await _notes.ListAsync(thing, before ?? long.MaxValue, max, cancel).ConfigureAwait(false) : null;

    /// <summary>Writes a note on a thing: for who maintains it.</summary>
    public async Task<(NoteOutcome Outcome, ThingNote? Note)> AddNoteAsync(Jid? actor, string thing, string text, CancellationToken cancel = default)
    {
        if (!await MayAsync(actor, thing, ThingRight.Maintain, cancel).ConfigureAwait(false))
        {
            return (await MayAsync(actor, thing, ThingRight.See, cancel).ConfigureAwait(false) ? NoteOutcome.Forbidden : NoteOutcome.NotFound, null);
        }

        text = text.ReplaceLineEndings("\n").Trim();
        if (text.Length == 0 || text.Length > Options.NoteChars || text.Any(c => char.IsControl(c) && c is not ('\n' or '\t')))
        {
            return (NoteOutcome.BadText, null);
        }

        ThingNote? note = await _notes.AddAsync(thing, _time.GetUtcNow(), actor?.Bare, text, Options.NotesPerThing).ConfigureAwait(false);
        return note is null ? (NoteOutcome.TooMany, null) : (NoteOutcome.Done, note);
    }

    /// <summary>Takes a note away: who wrote it and still maintains the thing, and who owns the thing.</summary>
    public async Task<NoteOutcome> RemoveNoteAsync(Jid? actor, string thing, long id, CancellationToken cancel = default)
    {
        if (!await MayAsync(actor, thing, ThingRight.See, cancel).ConfigureAwait(false) || await _notes.FindAsync(thing, id, cancel).ConfigureAwait(false) is not { } note)
        {
            return NoteOutcome.NotFound;
        }

        bool isAuthors = actor is not null && actor.Bare.Equals(note.Author) && await IsSame(actor.Bare, note.At, cancel).ConfigureAwait(false);
        if (!await MayAsync(actor, thing, isAuthors ? ThingRight.Maintain : ThingRight.Own, cancel).ConfigureAwait(false))
        {
            return NoteOutcome.Forbidden;
        }

        return await _notes.RemoveAsync(thing, id).ConfigureAwait(false) ? NoteOutcome.Done : NoteOutcome.NotFound;
    }

    private async ValueTask<bool> MayAsync(Jid? actor, string thing, ThingRight right, CancellationToken cancel) =>
        actor is null ? (await _registry.KnownAsync(cancel).ConfigureAwait(false)).ContainsKey(thing) : await _access.MayAsync(actor, thing, right, null, cancel).ConfigureAwait(false);

    private bool Holds(ThingQuery query, Thing thing)
    {
        if (query.State is { } state)
        {
            ThingLiveness? liveness = Liveness?.Invoke(thing.Id);
            if (state == "lost" ? liveness is not { IsLost: true } : !string.Equals(liveness?.State.ToString() ?? "offline", state, StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }
        }

        return Is(query.Place, thing, ThingDetails.PlaceTag) && Is(query.Model, thing, "MODEL")
            && (query.Firmware is null || Liveness?.Invoke(thing.Id)?.Status.Firmware == query.Firmware)
            && (query.Tag is null || HasTag(thing, query.Tag))
            && (string.IsNullOrEmpty(query.Text) || Has(thing.Id, query.Text) || Has(thing.Owner?.ToString(), query.Text) || thing.Tags.Values.Any(t => Has(t.Value, query.Text)));
    }

    private static bool Has(string? value, string text) => value?.Contains(text, StringComparison.OrdinalIgnoreCase) == true;

    private static bool Is(string? wanted, Thing thing, string tag) => wanted is null || (thing.Tags.TryGetValue(tag, out MetaTag? found) && string.Equals(found.Value, wanted, StringComparison.OrdinalIgnoreCase));

    private static bool HasTag(Thing thing, string wanted)
    {
        int colon = wanted.IndexOf(':', StringComparison.Ordinal);
        string name = (colon < 0 ? wanted : wanted[..colon]).ToUpperInvariant();
        return thing.Tags.TryGetValue(name, out MetaTag? found) && (colon < 0 || found.Value == wanted[(colon + 1)..]);
    }
}
