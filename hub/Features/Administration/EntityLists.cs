using System.Collections.Frozen;
using IotXmpp.Hub.Modules;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Administration;

/// <summary>
/// The hub's blacklist and whitelist (XEP-0133 §4.11, §4.12), in both directions: an entry is an address of any form, and matches as in privacy lists (XEP-0016 §2.1). Who is on the blacklist is refused;
/// where anybody is on the whitelist, everybody else is.
/// </summary>
public sealed class EntityLists(AdministrationStore store) : IOutsiders
{
    /// <summary>The name of the blacklist.</summary>
    public const string Black = "black";

    /// <summary>The name of the whitelist.</summary>
    public const string White = "white";

    /// <summary>Entries of a list, at most; default 1,000: what one form carries.</summary>
    public const int Limit = 1_000;

    private FrozenSet<Jid> _black = [];
    private FrozenSet<Jid> _white = [];

    /// <inheritdoc/>
    public bool Allows(Jid entity)
    {
        FrozenSet<Jid> black = _black;
        FrozenSet<Jid> white = _white;
        return (black.Count == 0 || !Has(black, entity)) && (white.Count == 0 || Has(white, entity));
    }

    /// <summary>Reads both lists.</summary>
    public async ValueTask StartAsync(CancellationToken cancel)
    {
        _black = Set((await store.EntitiesAsync(Black, cancel).ConfigureAwait(false)).Select(Parse));
        _white = Set((await store.EntitiesAsync(White, cancel).ConfigureAwait(false)).Select(Parse));
    }

    /// <summary>The entries of a list, sorted.</summary>
    public IReadOnlyList<string> List(string name) => [.. (name == Black ? _black : _white).Select(jid => jid.ToString()).Order(StringComparer.Ordinal)];

    /// <summary>Replaces a list; it counts when it is durable.</summary>
    public async Task SetAsync(string name, IReadOnlyCollection<Jid> entities)
    {
        await store.SetEntitiesAsync(name, [.. entities.Select(jid => jid.ToString())]).ConfigureAwait(false);
        if (name == Black)
        {
            _black = Set(entities);
        }
        else
        {
            _white = Set(entities);
        }
    }

    // XEP-0016 §2.1: user@domain/resource, user@domain, domain/resource, domain.
    private static bool Has(FrozenSet<Jid> list, Jid entity) =>
        list.Contains(entity) || list.Contains(entity.Bare)
        || (entity.Local.Length > 0 && ((entity.Resource.Length > 0 && list.Contains(new Jid(string.Empty, entity.Domain, entity.Resource))) || list.Contains(new Jid(string.Empty, entity.Domain, string.Empty))));

    private static FrozenSet<Jid> Set(IEnumerable<Jid> entities) => entities.ToFrozenSet();

    private static Jid Parse(string text) => Addresses.JidPrep.TryParse(text, out Jid? jid) ? jid : throw new FormatException($"'{text}' in a list of the hub is no address.");
}
