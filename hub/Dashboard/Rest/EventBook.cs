using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Liveness;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>An event on its way to streams; written once for all of them.</summary>
/// <param name="type">Its type; empty for the pulse of a stream.</param>
/// <param name="thing">Whose it is.</param>
/// <param name="write">Its data.</param>
internal sealed class HubEvent(string type, string thing, Func<byte[]> write)
{
    private readonly Lazy<byte[]> _bytes = new(() => EventText.Of(type, write()));

    public static HubEvent Tick { get; } = new(string.Empty, string.Empty, () => []);

    public string Type => type;

    public string Thing => thing;

    public byte[] Bytes => _bytes.Value;
}

/// <summary>An open stream: what it wants, and what waits for it.</summary>
internal sealed class EventStream(ApiPrincipal principal, string? type, HashSet<string>? things, int queue)
{
    private readonly Channel<HubEvent> _events = Channel.CreateBounded<HubEvent>(new BoundedChannelOptions(queue) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private int _doubt;

    public ApiPrincipal Principal => principal;

    public ChannelReader<HubEvent> Events => _events.Reader;

    /// <summary>Gives it an event; a reader that is too slow loses the stream, not the hub its memory.</summary>
    public void Offer(HubEvent next)
    {
        if ((next.Type.Length == 0 || ((type is null || type == next.Type) && (things is null || things.Contains(next.Thing)))) && !_events.Writer.TryWrite(next))
        {
            _events.Writer.TryComplete();
        }
    }

    /// <summary>Token and rights are to be looked at again before the next event.</summary>
    public void Doubt() => Interlocked.Exchange(ref _doubt, 1);

    public bool TakeDoubt() => Interlocked.Exchange(ref _doubt, 0) == 1;
}

/// <summary>The streams that are open. Listens to the services only while there are any.</summary>
internal sealed class EventBook(FleetServices fleet)
{
    /// <summary>Type of events of liveness.</summary>
    public const string Liveness = "liveness";

    /// <summary>Type of events of values.</summary>
    public const string Values = "values";

    private readonly ConcurrentDictionary<EventStream, bool> _streams = new();
    private readonly Lock _gate = new();

    /// <summary>Opens a stream.</summary>
    public EventStream? Open(ApiPrincipal principal, string? type, HashSet<string>? things, out RestProblem? refusal)
    {
        lock (_gate)
        {
            if (_streams.Count >= fleet.Rest.Streams)
            {
                refusal = RestProblem.Unavailable("The hub has as many streams of events as it may.", 30);
                return null;
            }

            if (_streams.Keys.Count(s => s.Principal.TokenId == principal.TokenId) >= fleet.Rest.StreamsPerToken)
            {
                refusal = RestProblem.TooMany($"The token has {fleet.Rest.StreamsPerToken} streams of events open.", 30);
                return null;
            }

            if (_streams.IsEmpty)
            {
                Listen();
            }

            refusal = null;
            var stream = new EventStream(principal, type, things, fleet.Rest.StreamQueue);
            _streams[stream] = true;
            return stream;
        }
    }

    /// <summary>Closes it.</summary>
    public void Close(EventStream stream)
    {
        lock (_gate)
        {
            if (_streams.TryRemove(stream, out _) && _streams.IsEmpty)
            {
                Unlisten();
            }
        }
    }

    private void Listen()
    {
        fleet.Access.Changed += OnAccess;
        fleet.Accounts.Changed += OnAccount;
        fleet.ApiTokens.Revoked += OnRevoked;
        if (fleet.Liveness is { } liveness)
        {
            liveness.Changed += OnLiveness;
        }

        if (fleet.History is { } history)
        {
            history.Added += OnAdded;
        }
    }

    private void Unlisten()
    {
        fleet.Access.Changed -= OnAccess;
        fleet.Accounts.Changed -= OnAccount;
        fleet.ApiTokens.Revoked -= OnRevoked;
        if (fleet.Liveness is { } liveness)
        {
            liveness.Changed -= OnLiveness;
        }

        if (fleet.History is { } history)
        {
            history.Added -= OnAdded;
        }
    }

    private void OnAccess(AccessChange change) => Doubt(s => change.Who is not { } who || s.Principal.Account.Equals(who));

    private void OnAccount(string name, AccountChange change) => Doubt(s => s.Principal.Account.Local == name);

    private void OnRevoked(string token) => Doubt(s => s.Principal.TokenId == token);

    private void Doubt(Func<EventStream, bool> isMeant)
    {
        foreach (EventStream stream in _streams.Keys.Where(isMeant))
        {
            stream.Doubt();
            stream.Offer(HubEvent.Tick);
        }
    }

    private void OnLiveness(ThingLiveness? before, ThingLiveness after) => Offer(new HubEvent(Liveness, after.Id, () =>
        JsonSerializer.SerializeToUtf8Bytes(new LivenessEventView(after.Id, ThingView.StateOf(after)!), EventJson.Default.LivenessEventView)));

    private void OnAdded(string thing, IReadOnlyList<(Series Series, Sample Sample)> samples) => Offer(new HubEvent(Values, thing, () =>
        JsonSerializer.SerializeToUtf8Bytes(new ValuesEventView(thing, [.. samples.Select(s => ThingView.FieldOf(s.Series, s.Sample))]), EventJson.Default.ValuesEventView)));

    private void Offer(HubEvent next)
    {
        foreach (EventStream stream in _streams.Keys)
        {
            stream.Offer(next);
        }
    }
}

/// <summary>Data of an event of liveness.</summary>
/// <param name="Thing">The thing.</param>
/// <param name="Liveness">How it is now.</param>
public sealed record LivenessEventView(string Thing, ThingStateView Liveness);

/// <summary>Data of an event of values.</summary>
/// <param name="Thing">The thing.</param>
/// <param name="Fields">The values, in the order in which the thing gave them; one field may be there several times.</param>
public sealed record ValuesEventView(string Thing, IReadOnlyList<FieldView> Fields);

/// <summary>JSON of events.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LivenessEventView))]
[JsonSerializable(typeof(ValuesEventView))]
internal sealed partial class EventJson : JsonSerializerContext;
