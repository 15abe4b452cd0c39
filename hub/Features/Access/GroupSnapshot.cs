using System.Collections.Immutable;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Access;

/// <summary>All groups at one moment, by what they are asked for; immutable.</summary>
public sealed class GroupSnapshot
{
    internal static readonly GroupSnapshot Empty = new()
    {
        Groups = ImmutableSortedDictionary.Create<string, ThingGroup>(StringComparer.Ordinal),
        ByThing = ImmutableDictionary.Create<string, ImmutableArray<string>>(StringComparer.Ordinal),
        ByMember = ImmutableDictionary<Jid, ImmutableArray<string>>.Empty,
        Approved = ImmutableDictionary.Create<string, ImmutableHashSet<Jid>>(StringComparer.Ordinal),
    };

    /// <summary>The number of the last change that is in it.</summary>
    public long Generation { get; private init; }

    /// <summary>The groups by id.</summary>
    public required ImmutableSortedDictionary<string, ThingGroup> Groups { get; init; }

    /// <summary>Whose presence was approved by right and not by the thing or its owner: who, by the thing's account.</summary>
    public required ImmutableDictionary<string, ImmutableHashSet<Jid>> Approved { get; init; }

    private ImmutableDictionary<string, ImmutableArray<string>> ByThing { get; init; } = null!;

    private ImmutableDictionary<Jid, ImmutableArray<string>> ByMember { get; init; } = null!;

    /// <summary>The groups that a thing stands in, whoever owns it now.</summary>
    public IEnumerable<ThingGroup> OfThing(string thing) => IdsOfThing(thing).Select(id => Groups[id]);

    /// <summary>The groups of which somebody is owner or member.</summary>
    /// <param name="who">His bare JID.</param>
    public IEnumerable<ThingGroup> OfMember(Jid who) => ByMember.TryGetValue(who, out ImmutableArray<string> ids) ? ids.Select(id => Groups[id]) : [];

    /// <summary>Whether a thing's presence was approved to somebody by right alone.</summary>
    public bool IsApproved(string thing, Jid who) => Approved.TryGetValue(thing, out ImmutableHashSet<Jid>? all) && all.Contains(who);

    internal ImmutableArray<string> IdsOfThing(string thing) => ByThing.TryGetValue(thing, out ImmutableArray<string> ids) ? ids : [];

    /// <summary>The same with some groups changed.</summary>
    internal GroupSnapshot With(long generation, IReadOnlyCollection<ThingGroup> changed, IReadOnlyCollection<(string Thing, Jid Who, bool HasEnded)> presence)
    {
        ImmutableSortedDictionary<string, ThingGroup>.Builder groups = Groups.ToBuilder();
        ImmutableDictionary<string, ImmutableArray<string>>.Builder byThing = ByThing.ToBuilder();
        ImmutableDictionary<Jid, ImmutableArray<string>>.Builder byMember = ByMember.ToBuilder();
        foreach (ThingGroup group in changed)
        {
            ThingGroup before = groups.GetValueOrDefault(group.Id) ?? new ThingGroup(group.Id);
            groups[group.Id] = group;
            Move(byThing, group.Id, before.Things.Keys, group.Things.ContainsKey, group.Things.Keys, before.Things.ContainsKey);
            Move(byMember, group.Id, PeopleOf(before), who => group.RoleOf(who) is not null, PeopleOf(group), who => before.RoleOf(who) is not null);
        }

        ImmutableDictionary<string, ImmutableHashSet<Jid>>.Builder approved = Approved.ToBuilder();
        foreach ((string thing, Jid who, bool hasEnded) in presence)
        {
            ImmutableHashSet<Jid> all = approved.GetValueOrDefault(thing) ?? [];
            all = hasEnded ? all.Remove(who) : all.Add(who);
            if (all.IsEmpty)
            {
                approved.Remove(thing);
            }
            else
            {
                approved[thing] = all;
            }
        }

        return new GroupSnapshot { Generation = generation, Groups = groups.ToImmutable(), ByThing = byThing.ToImmutable(), ByMember = byMember.ToImmutable(), Approved = approved.ToImmutable() };
    }

    private static IEnumerable<Jid> PeopleOf(ThingGroup group) => group.Owner is { } owner && !group.Members.ContainsKey(owner) ? group.Members.Keys.Append(owner) : group.Members.Keys;

    private static void Move<T>(ImmutableDictionary<T, ImmutableArray<string>>.Builder index, string id, IEnumerable<T> before, Func<T, bool> stays, IEnumerable<T> after, Func<T, bool> was)
        where T : notnull
    {
        foreach (T gone in before.Where(b => !stays(b)))
        {
            ImmutableArray<string> left = index[gone].Remove(id);
            if (left.IsEmpty)
            {
                index.Remove(gone);
            }
            else
            {
                index[gone] = left;
            }
        }

        foreach (T come in after.Where(a => !was(a)))
        {
            index[come] = index.TryGetValue(come, out ImmutableArray<string> there) ? there.Add(id) : [id];
        }
    }
}
