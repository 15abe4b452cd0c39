using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Audit;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Sniffer;

/// <summary>What came of the wish to look on.</summary>
public enum SniffOutcome
{
    /// <summary>It goes on until <see cref="Sniff"/> is disposed.</summary>
    Started,

    /// <summary>There is no such thing, or not for who asks.</summary>
    NotFound,

    /// <summary>Who asks may see the thing and not its stanzas.</summary>
    Forbidden,

    /// <summary>Too many look on already (<see cref="SnifferOptions.AtATime"/>).</summary>
    TooMany,
}

/// <summary>
/// Lets who may maintain a thing look on at its stanzas as they pass. Of a thing behind a gateway those that name it are shown, to who may also maintain the gateway: they stand in its stream.
/// A session that nobody looks at pays one look at a null; none is kept that nobody asked for. Who looks on is noted before he sees anything, and sees nothing any more when the right has gone.
/// </summary>
public sealed class SnifferService(SessionRegistry sessions, ThingAccess access, RegistryStore registry, AdminAudit audit, SnifferOptions options, TimeProvider time, Jid domain)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Tap> _taps = new(StringComparer.Ordinal);
    private int _count;

    /// <summary>Sniffs that go on now.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Begins.</summary>
    /// <param name="who">Who looks on.</param>
    /// <param name="thing">The thing's id.</param>
    /// <param name="cancel">Gives up.</param>
    public async ValueTask<(SniffOutcome Outcome, Sniff? Sniff)> StartAsync(Jid who, string thing, CancellationToken cancel = default)
    {
        if (!await access.MayAsync(who, thing, ThingRight.See, null, cancel).ConfigureAwait(false))
        {
            return (SniffOutcome.NotFound, null);
        }

        Thing? found = await registry.FindAsync(thing, cancel).ConfigureAwait(false);
        var sniff = new Sniff(this, options, who.Bare, found?.Account ?? thing, thing, found is { IsBehindGateway: true });
        if (!await MayAsync(sniff, cancel).ConfigureAwait(false))
        {
            return (SniffOutcome.Forbidden, null);
        }

        if (Count >= options.AtATime)
        {
            return (SniffOutcome.TooMany, null);
        }

        await audit.NoteAsync(who.Bare.ToString(), "sniff", thing).ConfigureAwait(false);
        lock (_gate)
        {
            if (_count >= options.AtATime)
            {
                return (SniffOutcome.TooMany, null);
            }

            _count++;
            if (!_taps.TryGetValue(sniff.Account, out Tap? tap))
            {
                _taps.Add(sniff.Account, tap = new Tap(time));
            }

            tap.Sniffs = [.. tap.Sniffs, sniff];
            foreach (Session session in sessions.ListOf(Of(sniff.Account)))
            {
                session.Tap = tap;
            }
        }

        // The right may have gone while all that was done.
        await RecheckAsync(sniff).ConfigureAwait(false);
        return (SniffOutcome.Started, sniff);
    }

    /// <summary>Rights are other ones: who may look on no more does not.</summary>
    internal void RightsChanged(AccessChange change)
    {
        if (Count == 0)
        {
            return;
        }

        Sniff[] all;
        lock (_gate)
        {
            all = [.. _taps.Values.SelectMany(t => t.Sniffs)];
        }

        foreach (Sniff sniff in all.Where(s => (change.Who is not { } who || who.Bare.Equals(s.Who)) && (change.Thing is not { } thing || thing == s.Thing || thing == s.Account)))
        {
            _ = RecheckAsync(sniff);
        }
    }

    /// <summary>A session was bound: one of a thing that somebody looks at is looked at, too.</summary>
    internal void Opened(Session session)
    {
        if (Count == 0)
        {
            return;
        }

        lock (_gate)
        {
            if (_taps.TryGetValue(session.Jid.Local, out Tap? tap))
            {
                session.Tap = tap;
            }
        }
    }

    internal void End(Sniff sniff)
    {
        lock (_gate)
        {
            if (!_taps.TryGetValue(sniff.Account, out Tap? tap) || !tap.Sniffs.Contains(sniff))
            {
                return;
            }

            _count--;
            tap.Sniffs = [.. tap.Sniffs.Where(s => s != sniff)];
            if (tap.Sniffs.Length == 0)
            {
                _taps.Remove(sniff.Account);
                foreach (Session session in sessions.ListOf(Of(sniff.Account)))
                {
                    session.Tap = null;
                }
            }
        }
    }

    private async Task RecheckAsync(Sniff sniff)
    {
        bool may = false;
        try
        {
            may = await MayAsync(sniff, CancellationToken.None).ConfigureAwait(false);
        }
        catch (StorageException)
        {
            // Nobody looks on by a right that cannot be looked up.
        }

        if (!may)
        {
            sniff.Stop();
        }
    }

    // What it says behind a gateway stands in the gateway's stream: who looks on maintains both.
    private async ValueTask<bool> MayAsync(Sniff sniff, CancellationToken cancel) =>
        await access.MayAsync(sniff.Who, sniff.Thing, ThingRight.Maintain, null, cancel).ConfigureAwait(false)
        && (!sniff.IsBehindGateway || await access.MayAsync(sniff.Who, sniff.Account, ThingRight.Maintain, null, cancel).ConfigureAwait(false));

    private Jid Of(string account) => new(account, domain.Domain, string.Empty);

    private sealed class Tap(TimeProvider time) : IStanzaTap
    {
        public Sniff[] Sniffs { get; set; } = [];

        public void Received(Session session, Stanza stanza) => Tell(isFromThing: true, stanza.ToBytes());

        public void Sent(Session session, byte[] stanza) => Tell(isFromThing: false, stanza);

        private void Tell(bool isFromThing, byte[] stanza)
        {
            DateTimeOffset now = time.GetUtcNow();
            foreach (Sniff sniff in Sniffs)
            {
                sniff.Add(now, isFromThing, stanza);
            }
        }
    }
}
