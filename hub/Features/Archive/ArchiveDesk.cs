using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Archive;

/// <summary>An archive as somebody sees it who asks.</summary>
/// <param name="Owner">Whose it is: a localpart for an account, an address for anything else.</param>
/// <param name="Address">From where its messages come: the JID of the archive.</param>
public sealed record ArchiveView(string Owner, Jid Address)
{
    /// <summary>Why who asks may not ask for the messages of that JID (XEP-0313 §5.1.1), or null; null for everybody may.</summary>
    public Func<Jid, StanzaError?>? RefuseWith { get; init; }

    /// <summary>What who asks is shown of a stored stanza; null for all of it.</summary>
    public Func<byte[], byte[]>? Show { get; init; }
}

/// <summary>Archives for all who keep some: accounts here, rooms in their feature. Keeps messages and answers queries (XEP-0313); who may ask is not asked here.</summary>
public sealed class ArchiveDesk(ArchiveStore store, ArchiveOptions options, IStanzaRouter router)
{
    /// <summary>Advertises what the desk answers.</summary>
    public static IEnumerable<string> Features => [ArchiveXml.Namespace, ArchiveXml.Namespace + "#extended", "urn:xmpp:sid:0"];

    /// <summary>Keeps a message; what awaits goes on in the order of the commits.</summary>
    /// <param name="owner">Whose archive.</param>
    /// <param name="publisher">Who has sent it: what is found by <c>with</c>.</param>
    /// <param name="stanza">The whole stanza.</param>
    /// <returns>Its id, when it is durable.</returns>
    public async Task<string> AppendAsync(string owner, Jid publisher, byte[] stanza) =>
        (await store.AppendAsync(new ArchiveEntry(owner, publisher.Bare.ToString(), publisher.Resource, stanza), null).ConfigureAwait(false)).First!.Value.ToString();

    /// <summary>The last messages of an archive, oldest first.</summary>
    public async ValueTask<IReadOnlyList<ArchivedMessage>> LastAsync(string owner, int count, CancellationToken cancel = default) =>
        count == 0 ? [] : (await store.QueryAsync(owner, new ArchiveQuery { Max = count, PageBefore = string.Empty }, cancel).ConfigureAwait(false))?.Messages ?? [];

    /// <summary>Removes an archive.</summary>
    public Task RemoveAsync(string owner) => store.RemoveAsync(owner);

    /// <summary>The form of a query (§5.1.5).</summary>
    public static IqReply Form()
    {
        using var xml = new XmlBuilder();
        ArchiveXml.WriteForm(xml);
        return IqReply.Result(xml);
    }

    /// <summary>Answers a query: sends the page, and gives what ends it.</summary>
    public async ValueTask<IqReply> QueryAsync(IqRequest request, ArchiveView view, CancellationToken cancel)
    {
        Element payload = request.Payload();
        (ArchiveQuery? query, StanzaError? error) = ArchiveXml.ReadQuery(payload, options);
        if (query is null)
        {
            return error!;
        }

        if (query.With is { } with && view.RefuseWith?.Invoke(with) is { } refusal)
        {
            return refusal;
        }

        if (await store.QueryAsync(view.Owner, query, cancel).ConfigureAwait(false) is not { } page)
        {
            return StanzaError.ItemNotFound;
        }

        if (request.Session is { } session)
        {
            // What waits for the client already leaves first: a page then fits the bounds of its queue.
            await session.DrainedAsync().ConfigureAwait(false);
        }

        string? queryId = payload["queryid"];
        bool isFlipped = payload.Child("flip-page") is not null;
        for (int i = 0; i < page.Messages.Count; i++)
        {
            ArchivedMessage message = page.Messages[isFlipped ? page.Messages.Count - 1 - i : i];
            if (view.Show is { } show)
            {
                message = message with { Stanza = show(message.Stanza) };
            }

            router.Send(new OutgoingStanza(StanzaKind.Message, StanzaType.None, view.Address, ArchiveXml.Result(message, queryId)), request.From);
        }

        using var xml = new XmlBuilder();
        ArchiveXml.WriteEnd(xml, page);
        return IqReply.Result(xml);
    }

    /// <summary>Answers how far an archive goes (§6).</summary>
    public async ValueTask<IqReply> MetadataAsync(string owner, CancellationToken cancel)
    {
        using var xml = new XmlBuilder();
        await WriteMetadataAsync(xml, owner, cancel).ConfigureAwait(false);
        return IqReply.Result(xml);
    }

    /// <summary>Writes how far an archive goes.</summary>
    public async ValueTask WriteMetadataAsync(XmlBuilder xml, string owner, CancellationToken cancel)
    {
        xml.Open("metadata"u8, ArchiveXml.Namespace);
        if (await store.EndsAsync(owner, cancel).ConfigureAwait(false) is var (first, last))
        {
            xml.Open("start"u8).Attribute("id"u8, first.ToString()).Attribute("timestamp"u8, Forwarded.Stamp(first.At)).Close("start"u8);
            xml.Open("end"u8).Attribute("id"u8, last.ToString()).Attribute("timestamp"u8, Forwarded.Stamp(last.At)).Close("end"u8);
        }

        xml.Close("metadata"u8);
    }
}
