using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Registry;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>Which things of a list are wanted.</summary>
/// <param name="fleet">The services.</param>
/// <param name="text">Part of the id or of the value of a tag, whatever the case; empty for any.</param>
/// <param name="state">One of <see cref="States"/>; empty for any.</param>
/// <param name="tags">Tags as NAME:value; all must hold.</param>
internal sealed class ThingFilter(FleetServices fleet, string text, string state, IReadOnlyList<string> tags)
{
    /// <summary>What can be asked for; <c>lost</c> is overdue, and offline without a farewell.</summary>
    public static IReadOnlyList<string> States { get; } = ["online", "resuming", "sleeping", "overdue", "offline", "lost"];

    public bool Holds(Thing thing)
    {
        if (state.Length > 0)
        {
            ThingLiveness? liveness = fleet.Liveness?.Find(thing.Id);
            if (state == "lost" ? liveness is not { IsLost: true } : !string.Equals(liveness?.State.ToString(), state, StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }
        }

        if (text.Length > 0 && !thing.Id.Contains(text, StringComparison.OrdinalIgnoreCase) && !thing.Tags.Values.Any(t => t.Value.Contains(text, StringComparison.OrdinalIgnoreCase)))
        {
            return false;
        }

        return tags.All(tag => tag.IndexOf(':', StringComparison.Ordinal) is var colon && thing.Tags.TryGetValue(tag[..colon].ToUpperInvariant(), out MetaTag? found) && found.Value == tag[(colon + 1)..]);
    }
}
