using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.History;

/// <summary>Keeps the samples of what things publish to <c>things/&lt;thing-id&gt;/telemetry</c> (wire profile, telemetry).</summary>
public sealed class TelemetryKeeper(HistoryService history) : IItemKeeper
{
    private const string Prefix = "things/";
    private const string Suffix = "/telemetry";

    /// <inheritdoc/>
    public IKeptItems? Take(string node, Jid publisher, IReadOnlyList<ItemToPublish> items)
    {
        if (!node.StartsWith(Prefix, StringComparison.Ordinal) || !node.EndsWith(Suffix, StringComparison.Ordinal) || node.Length <= Prefix.Length + Suffix.Length)
        {
            return null;
        }

        string thing = node[Prefix.Length..^Suffix.Length];
        List<SampleBatch>? batches = null;
        for (int i = 0; i < items.Count; i++)
        {
            if (!items[i].Payload.IsEmpty && history.Read(thing, items[i].Payload.Span) is { } batch)
            {
                (batches ??= new List<SampleBatch>(items.Count)).Add(batch);
            }
        }

        return batches is null ? null : new Kept(history, batches);
    }

    private sealed class Kept(HistoryService history, List<SampleBatch> batches) : IKeptItems
    {
        public void Write(SqlSession session)
        {
            foreach (SampleBatch batch in batches)
            {
                history.Write(session, batch);
            }
        }

        public void Committed()
        {
            foreach (SampleBatch batch in batches)
            {
                history.Committed(batch);
            }
        }
    }
}
