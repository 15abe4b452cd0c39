using System.Collections.Concurrent;

namespace IotXmpp.Hub.Features.Firmware;

/// <summary>Which thing may fetch which image now, to be asked for each piece without a lock.</summary>
internal sealed class ImageFetchers
{
    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>What a thing was offered.</summary>
    public readonly record struct Entry(long Rollout, string OfferId, string Image, long Size);

    /// <summary>What a thing may fetch; null where that offer was not made to it, or is withdrawn.</summary>
    public Entry? Find(string thing, string offerId) => _entries.TryGetValue(thing, out Entry entry) && entry.OfferId == offerId ? entry : null;

    /// <summary>Notes how things stand. One that was offered the image may ask before its answer is read.</summary>
    public void Note(RolloutRun run, IReadOnlyList<RolloutThing> things)
    {
        foreach (RolloutThing thing in things)
        {
            if (thing.Step is UpdateStep.Offered or UpdateStep.Downloading)
            {
                _entries[thing.Thing] = new Entry(run.Head.Id, run.Head.OfferId, run.Head.Image, run.Manifest.Size);
            }
            else if (_entries.TryGetValue(thing.Thing, out Entry entry) && entry.Rollout == run.Head.Id)
            {
                _entries.TryRemove(thing.Thing, out _);
            }
        }
    }
}
