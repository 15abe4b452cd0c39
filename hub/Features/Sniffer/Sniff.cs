using System.Text;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Sniffer;

/// <summary>A stanza that was seen, decoded.</summary>
/// <param name="At">When the hub had it.</param>
/// <param name="IsFromThing">Whether the thing sent it; else it got it.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Kind">Its element with its type, such as <c>iq set</c>.</param>
/// <param name="Meaning">What it says, in a few words.</param>
/// <param name="Xml">Its XML, indented, secrets masked; empty where it was too long to be kept.</param>
public sealed record SniffedStanza(DateTimeOffset At, bool IsFromThing, int Bytes, string Kind, string Meaning, string Xml);

/// <summary>Somebody looks on at the stanzas of one thing, until this is disposed.</summary>
public sealed class Sniff : IDisposable
{
    private readonly Queue<Seen> _waiting = new();
    private readonly SnifferService _service;
    private readonly SnifferOptions _options;
    private readonly byte[]? _node;
    private int _missed;
    private bool _isTold;

    internal Sniff(SnifferService service, SnifferOptions options, Jid who, string account, string thing, bool isBehindGateway)
    {
        Who = who;
        _service = service;
        _options = options;
        Account = account;
        Thing = thing;
        _node = isBehindGateway ? Encoding.UTF8.GetBytes(thing) : null;
    }

    /// <summary>The thing.</summary>
    public string Thing { get; }

    /// <summary>Who looks on (bare JID).</summary>
    internal Jid Who { get; }

    /// <summary>Whether the thing speaks in its gateway's stream.</summary>
    internal bool IsBehindGateway => _node is not null;

    /// <summary>Whether it has ended because who looks on may not any more; <see cref="Arrived"/> tells that, too.</summary>
    public bool IsOver { get; private set; }

    /// <summary>The account whose sessions are looked at: the thing's own or its gateway's.</summary>
    internal string Account { get; }

    /// <summary>Stanzas have come since the last <see cref="Take"/>; told once until then. Called on the way of the stanza: must not wait.</summary>
    public event Action? Arrived;

    /// <summary>What has come since the last call, the earliest first, decoded now.</summary>
    /// <param name="missed">How many are not among them because too many waited.</param>
    public IReadOnlyList<SniffedStanza> Take(out int missed)
    {
        Seen[] seen;
        lock (_waiting)
        {
            seen = [.. _waiting];
            _waiting.Clear();
            missed = _missed;
            _missed = 0;
            _isTold = false;
        }

        return [.. seen.Select(s => Decode(s))];
    }

    /// <inheritdoc/>
    public void Dispose() => _service.End(this);

    internal void Stop()
    {
        Dispose();
        lock (_waiting)
        {
            _waiting.Clear();
            IsOver = true;
        }

        Arrived?.Invoke();
    }

    internal void Add(DateTimeOffset at, bool isFromThing, ReadOnlySpan<byte> stanza)
    {
        if (_node is not null && stanza.IndexOf(_node) < 0)
        {
            return; // the gateway's own, or another thing's behind it
        }

        byte[] kept = stanza.Length <= _options.StanzaBytes ? stanza.ToArray() : stanza[..128].ToArray();
        lock (_waiting)
        {
            if (IsOver)
            {
                return;
            }

            if (_waiting.Count >= _options.Waiting)
            {
                _waiting.Dequeue();
                _missed++;
            }

            _waiting.Enqueue(new Seen(at, isFromThing, stanza.Length, kept));
            if (_isTold)
            {
                return;
            }

            _isTold = true;
        }

        Arrived?.Invoke();
    }

    private static SniffedStanza Decode(Seen seen)
    {
        if (seen.Kept.Length < seen.Bytes)
        {
            StanzaMeaning cut = StanzaMeaning.Of(Encoding.UTF8.GetString(seen.Kept[..seen.Kept.AsSpan().IndexOfAny((byte)' ', (byte)'>')]));
            return new SniffedStanza(seen.At, seen.IsFromThing, seen.Bytes, cut.Kind, "too long to be shown", string.Empty);
        }

        string xml = StanzaMask.Show(seen.Kept);
        StanzaMeaning meaning = StanzaMeaning.Of(xml);
        return new SniffedStanza(seen.At, seen.IsFromThing, seen.Bytes, meaning.Kind, meaning.Meaning, xml);
    }

    private sealed record Seen(DateTimeOffset At, bool IsFromThing, int Bytes, byte[] Kept);
}
