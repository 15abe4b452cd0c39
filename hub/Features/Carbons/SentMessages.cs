using IotXmpp.Hub.Routing;

namespace IotXmpp.Hub.Features.Carbons;

/// <summary>
/// What a session has sent that was copied to the others (XEP-0280 §6.1): an error that answers one of these is copied too. Kept from the first copy on, so a session that is alone keeps nothing.
/// </summary>
internal sealed class SentMessages
{
    /// <summary>Messages that are remembered (256, so 2 KB a session): an error comes within seconds, and one that nobody waits for any more is not copied.</summary>
    public const int Limit = 256;

    private readonly Lock _gate = new();
    private readonly long[] _ring = new long[Limit];
    private int _next;

    /// <summary>What a session has sent.</summary>
    public static SentMessages Of(Session session)
    {
        if (session.Get<SentMessages>() is { } known)
        {
            return known;
        }

        // One thread at a time works off what a session sends.
        var made = new SentMessages();
        session.Set(made);
        return made;
    }

    /// <summary>Notes a message.</summary>
    public void Note(Stanza message)
    {
        lock (_gate)
        {
            _ring[_next] = Key(message.Id, (message.To ?? message.From.Bare).ToString());
            _next = (_next + 1) % Limit;
        }
    }

    /// <summary>Whether an error answers one of them: it has the id, and comes from where the message went (RFC 6120 §8.3.1).</summary>
    public bool Has(Stanza error)
    {
        long key = Key(error.Id, error.From.ToString());
        lock (_gate)
        {
            return _ring.AsSpan().Contains(key);
        }
    }

    // Two that are taken for one would cost a copy too many, no more. 0 is a place that is free.
    private static long Key(string? id, string other) => ((long)HashCode.Combine(id, other) << 32) | (uint)HashCode.Combine(other, id, 1) | 1;
}
