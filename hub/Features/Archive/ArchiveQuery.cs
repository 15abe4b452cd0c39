using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Archive;

/// <summary>What is asked of an archive (XEP-0313 §5).</summary>
public sealed record ArchiveQuery
{
    /// <summary>Only messages with this address: bare matches all its resources (§5.1.1).</summary>
    public Jid? With { get; init; }

    /// <summary>Not before this time.</summary>
    public DateTimeOffset? Start { get; init; }

    /// <summary>Not after this time.</summary>
    public DateTimeOffset? End { get; init; }

    /// <summary>Behind this message.</summary>
    public string? AfterId { get; init; }

    /// <summary>Before this message.</summary>
    public string? BeforeId { get; init; }

    /// <summary>Exactly these messages; null for all.</summary>
    public IReadOnlyList<string>? Ids { get; init; }

    /// <summary>Messages of the page, at most.</summary>
    public int Max { get; init; }

    /// <summary>The page behind this message (XEP-0059 §2.2).</summary>
    public string? PageAfter { get; init; }

    /// <summary>The page before this message (XEP-0059 §2.3); empty for the last page.</summary>
    public string? PageBefore { get; init; }
}

/// <summary>One archived message.</summary>
/// <param name="Id">Its id, which tells the time too.</param>
/// <param name="Stanza">The whole stanza.</param>
public sealed record ArchivedMessage(ArchiveId Id, byte[] Stanza);

/// <summary>The answer to a query.</summary>
/// <param name="Messages">The page, oldest first.</param>
/// <param name="Count">How many there are on all pages.</param>
/// <param name="IsComplete">Whether there is no further page in the direction asked for (§5.3.2).</param>
public sealed record ArchivePage(IReadOnlyList<ArchivedMessage> Messages, int Count, bool IsComplete);
