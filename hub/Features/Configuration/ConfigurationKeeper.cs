using IotXmpp.Hub.Features.Commands;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Configuration;

/// <summary>
/// Keeps what is published on <c>things/&lt;thing-id&gt;/desired</c> and <c>…/reported</c>, in the unit of work that stores the item: by whomever a version comes, it is one history, and an older version than
/// there is is refused.
/// </summary>
/// <param name="service">What keeps it.</param>
/// <param name="hub">The address by which the hub itself publishes.</param>
/// <param name="domain">The served domain.</param>
/// <param name="time">The clock.</param>
internal sealed class ConfigurationKeeper(ConfigurationService service, Jid hub, string domain, TimeProvider time) : IItemKeeper
{
    private const string Prefix = "things/";

    /// <inheritdoc/>
    public IKeptItems? Take(string node, Jid publisher, IReadOnlyList<ItemToPublish> items)
    {
        bool isDesired = node.EndsWith("/desired", StringComparison.Ordinal);
        if ((!isDesired && !node.EndsWith("/reported", StringComparison.Ordinal)) || !node.StartsWith(Prefix, StringComparison.Ordinal) || items.Count == 0)
        {
            return null;
        }

        int end = node.LastIndexOf('/');
        if (end <= Prefix.Length || ConfigurationXml.Read(items[^1].Payload.Span) is not { } said)
        {
            return null;
        }

        string thing = node[Prefix.Length..end];
        bool isItself = publisher.Local == thing && publisher.Domain == domain;
        DateTimeOffset now = time.GetUtcNow();
        IReadOnlyList<CommandParameter> parameters = ParameterText.Mark(said.Parameters, null);
        if (!isDesired)
        {
            return new Report(service, thing, said with { At = now, Parameters = parameters });
        }

        return said.Version == 0 ? null
            : publisher.Bare.Equals(hub) || isItself ? new Again(service, thing, said.Version, isItself)
            : new Version(service, thing, new ConfigurationVersion(said.Version, now, publisher.Bare, parameters, string.Empty));
    }

    // Somebody has published it.
    private sealed class Version(ConfigurationService service, string thing, ConfigurationVersion version) : IKeptItems
    {
        public void Write(SqlSession session)
        {
            if (!service.Store.Take(session, thing, version))
            {
                throw new PublicationRefusedException(PubSubError.Conflict);
            }
        }

        public void Committed() => service.Tell(thing);
    }

    // The hub publishes what it has stored, or the thing takes the secrets off the version that it has taken: never over a newer one.
    private sealed class Again(ConfigurationService service, string thing, long version, bool isTaken) : IKeptItems
    {
        public void Write(SqlSession session)
        {
            if (!ConfigurationStore.IsNewest(session, thing, version))
            {
                throw new PublicationRefusedException(PubSubError.Conflict);
            }

            if (isTaken)
            {
                ConfigurationStore.Redact(session, thing, version);
            }
        }

        public void Committed()
        {
            if (isTaken)
            {
                service.Tell(thing);
            }
        }
    }

    private sealed class Report(ConfigurationService service, string thing, ReportedConfiguration reported) : IKeptItems
    {
        public void Write(SqlSession session) => ConfigurationStore.Report(session, thing, reported);

        public void Committed() => service.Tell(thing);
    }
}
