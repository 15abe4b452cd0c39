using System.Collections.Concurrent;
using IotXmpp.Hub.Features.Liveness;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>
/// The forms of things (XEP-0325 §3.4), for checks before something is asked of a thing that is away, and to know what is secret: asked for when somebody wants one and the thing is there, and kept. A thing
/// with other firmware than then is asked anew.
/// </summary>
public sealed class ThingForms
{
    /// <summary>Forms in memory (10,000, some KB each).</summary>
    private const int MaxForms = 10_000;

    private readonly CommandStore _store;
    private readonly Func<string, CancellationToken, Task<ThingForm?>> _ask;
    private readonly Func<string, ThingLiveness?> _status;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, (string Firmware, ThingForm Form)> _forms = new(StringComparer.Ordinal);

    /// <summary>Over a store.</summary>
    /// <param name="store">Where they are kept.</param>
    /// <param name="ask">Asks a thing; null where it gives none.</param>
    /// <param name="status">How a thing is; null where that is not known.</param>
    /// <param name="time">The clock.</param>
    internal ThingForms(CommandStore store, Func<string, CancellationToken, Task<ThingForm?>> ask, Func<string, ThingLiveness?> status, TimeProvider time)
    {
        _store = store;
        _ask = ask;
        _status = status;
        _time = time;
    }

    /// <summary>The form of a thing where it is in memory and of the firmware that the thing has; at once.</summary>
    public ThingForm? Known(string thing) => _forms.TryGetValue(thing, out (string Firmware, ThingForm Form) kept) && kept.Firmware == FirmwareOf(thing) ? kept.Form : null;

    /// <summary>The form of a thing: as it tells it now where it is there, else as it told it last; null where it never did.</summary>
    /// <param name="thing">The thing.</param>
    /// <param name="isFresh">Whether the thing is asked although its form is known: for the values.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async Task<ThingForm?> FindAsync(string thing, bool isFresh = false, CancellationToken cancel = default)
    {
        if (!isFresh && Known(thing) is { } known)
        {
            return known;
        }

        string firmware = FirmwareOf(thing);
        if (await _ask(thing, cancel).ConfigureAwait(false) is { } told)
        {
            bool isNew = !_forms.TryGetValue(thing, out (string Firmware, ThingForm Form) before) || before.Firmware != firmware || before.Form.ToJson() != told.ToJson();
            Keep(thing, firmware, told);
            if (isNew)
            {
                await _store.PutFormAsync(thing, firmware, told, _time.GetUtcNow()).ConfigureAwait(false);
            }

            return told;
        }

        if (await _store.FormAsync(thing, cancel).ConfigureAwait(false) is { } kept)
        {
            Keep(thing, kept.Firmware, kept.Form);
            return kept.Firmware == firmware ? kept.Form : null;
        }

        return null;
    }

    /// <summary>Forgets a thing.</summary>
    internal void Forget(string thing) => _forms.TryRemove(thing, out _);

    private string FirmwareOf(string thing) => _status(thing)?.Status.Firmware ?? string.Empty;

    private void Keep(string thing, string firmware, ThingForm form)
    {
        if (_forms.Count >= MaxForms && !_forms.ContainsKey(thing))
        {
            _forms.TryRemove(_forms.Keys.First(), out _);
        }

        _forms[thing] = (firmware, form);
    }
}
