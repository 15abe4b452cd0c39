using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>Port: keeps more of what is published than its node does. What it keeps is stored in the unit of work that stores the items, so a publication is acknowledged when both are durable.</summary>
public interface IItemKeeper
{
    /// <summary>Looks at a publication that may be made, before it is stored.</summary>
    /// <param name="node">The node.</param>
    /// <param name="publisher">Who publishes.</param>
    /// <param name="items">The items; their payloads stay as they are until the publication is stored.</param>
    /// <returns>What shall be kept, or null for nothing.</returns>
    /// <exception cref="StorageException">No more can be taken now; the publication is refused.</exception>
    IKeptItems? Take(string node, Jid publisher, IReadOnlyList<ItemToPublish> items);
}

/// <summary>What an <see cref="IItemKeeper"/> keeps of one publication.</summary>
public interface IKeptItems
{
    /// <summary>Writes it; runs on the database's writer.</summary>
    /// <exception cref="PublicationRefusedException">It contradicts what is kept: nothing of the publication is stored.</exception>
    void Write(SqlSession session);

    /// <summary>It is durable; called in the order of the commits. Must not wait.</summary>
    void Committed();
}

/// <summary>A publication is refused by who keeps more of it, inside the unit of work that would have stored it: the publisher gets the error.</summary>
/// <param name="error">Why.</param>
public sealed class PublicationRefusedException(PubSubError error) : Exception(error?.Condition)
{
    /// <summary>Why.</summary>
    public PubSubError Error { get; } = error!;
}

/// <summary>All who keep more of publications: mostly none or one wants a given publication.</summary>
internal sealed class ItemKeepers
{
    private IItemKeeper[] _keepers = [];

    public void Add(IItemKeeper keeper) => _keepers = [.. _keepers, keeper];

    public IKeptItems? Take(string node, Jid publisher, IReadOnlyList<ItemToPublish> items)
    {
        IKeptItems? all = null;
        foreach (IItemKeeper keeper in _keepers)
        {
            if (keeper.Take(node, publisher, items) is { } kept)
            {
                all = all is null ? kept : new Both(all, kept);
            }
        }

        return all;
    }

    private sealed class Both(IKeptItems first, IKeptItems second) : IKeptItems
    {
        public void Write(SqlSession session)
        {
            first.Write(session);
            second.Write(session);
        }

        public void Committed()
        {
            first.Committed();
            second.Committed();
        }
    }
}
