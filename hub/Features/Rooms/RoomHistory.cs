using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>A message to all occupants, as it leaves.</summary>
/// <param name="From">The sender's occupant JID, or the room's own.</param>
/// <param name="Inner">Elements as UTF-8, fit to stand in jabber:client, without what the room adds.</param>
/// <param name="Id">The id that its sender gave, or null.</param>
/// <param name="Lang">The language, or null.</param>
internal sealed record RoomMessage(Jid From, byte[] Inner, string? Id = null, string? Lang = null)
{
    /// <summary>Who has said it, by its occupant id (XEP-0421); null for the room itself.</summary>
    public string? OccupantId { get; init; }

    /// <summary>The id in the room's archive (XEP-0359), or null.</summary>
    public string? ArchiveId { get; init; }

    /// <summary>When it was said, for who was not there; null for what is said now.</summary>
    public DateTimeOffset? SaidAt { get; init; }
}

/// <summary>How much of the discussion somebody wants who enters (XEP-0045 §7.2.14); null: no bound of its own.</summary>
/// <param name="MaxChars">Characters of whole stanzas.</param>
/// <param name="MaxStanzas">Messages.</param>
/// <param name="Since">Only what was said since then.</param>
internal sealed record HistoryRequest(int? MaxChars = null, int? MaxStanzas = null, DateTimeOffset? Since = null);

/// <summary>The last messages of a discussion, in memory, within bounds of number and bytes.</summary>
internal sealed class RoomHistory(int maxMessages, int maxBytes)
{
    private readonly LinkedList<RoomMessage> _messages = [];
    private int _bytes;

    /// <summary>How many there are.</summary>
    public int Count => _messages.Count;

    /// <summary>Adds a message.</summary>
    public void Add(RoomMessage message, DateTimeOffset at)
    {
        if (maxMessages == 0)
        {
            return;
        }

        _messages.AddLast(message with { SaidAt = at });
        _bytes += message.Inner.Length;
        while (_messages.Count > maxMessages || (_bytes > maxBytes && _messages.Count > 1))
        {
            _bytes -= _messages.First!.Value.Inner.Length;
            _messages.RemoveFirst();
        }
    }

    /// <summary>Changes or takes out a message that was kept.</summary>
    public void Replace(string archiveId, Func<RoomMessage, RoomMessage?> change)
    {
        for (LinkedListNode<RoomMessage>? node = _messages.First; node is not null; node = node.Next)
        {
            if (node.Value.ArchiveId == archiveId)
            {
                _bytes -= node.Value.Inner.Length;
                if (change(node.Value) is { } changed)
                {
                    node.Value = changed;
                    _bytes += changed.Inner.Length;
                }
                else
                {
                    _messages.Remove(node);
                }

                return;
            }
        }
    }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        _messages.Clear();
        _bytes = 0;
    }

    /// <summary>The newest messages that meet all bounds, oldest first (§7.2.14: the smallest amount that meets any combination).</summary>
    /// <param name="request">What is asked for, or null.</param>
    /// <param name="max">Messages that the room sends at most.</param>
    /// <param name="measure">The characters of a message as a whole stanza.</param>
    public List<RoomMessage> Select(HistoryRequest? request, int max, Func<RoomMessage, int> measure)
    {
        int stanzas = Math.Min(max, request?.MaxStanzas ?? int.MaxValue);
        long chars = request?.MaxChars ?? long.MaxValue;
        var selected = new List<RoomMessage>();
        for (LinkedListNode<RoomMessage>? node = _messages.Last; node is not null && selected.Count < stanzas; node = node.Previous)
        {
            if (request?.Since is { } since && node.Value.SaidAt < since)
            {
                break;
            }

            if (request?.MaxChars is not null && (chars -= measure(node.Value)) < 0)
            {
                break;
            }

            selected.Add(node.Value);
        }

        selected.Reverse();
        return selected;
    }
}
