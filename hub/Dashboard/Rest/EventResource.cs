using System.Threading.Channels;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.ApiTokens;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary><c>/events</c>: what happens, as server-sent events. What the account may no longer see, and what a revoked token held open, ends at once.</summary>
internal sealed class EventResource(EventBook book, FleetServices fleet)
{
    private static readonly RestParameters s_things = RestParameter.Texts("thing", "Events of this thing only; may be given up to 100 times.", 100);
    private static readonly RestParameter<string?> s_type = RestParameter.Word("type", "Events of this type only.", EventBook.Liveness, EventBook.Values);

    public static void Map(RouteGroupBuilder api, FleetServices fleet) =>
        api.Get("/events", ApiScope.ThingsRead, new EventResource(new EventBook(fleet), fleet).GetAsync)
            .Says("streamEvents", "things", "What happens, as server-sent events",
                "event: liveness with {thing, liveness}; event: values with {thing, fields} (the token needs history:read as well); event: lost where the reader was too slow: the stream ends then. What was before is read by /things and /fleet/latest, after the stream is open.")
            .Query(s_things, s_type).Gives("text/event-stream").Refuses(503).Streams();

    private Task<IResult> GetAsync(RestRequest request, CancellationToken cancel)
    {
        string? type = request.Get(s_type);
        if (!request.Principal.Has(ApiScope.HistoryRead))
        {
            if (type == EventBook.Values)
            {
                return Task.FromResult<IResult>(RestProblem.ScopeNeeded(ApiScope.HistoryRead));
            }

            type = EventBook.Liveness;
        }

        var things = request.Get(s_things).ToHashSet(StringComparer.Ordinal);
        EventStream? stream = book.Open(request.Principal, type, things.Count > 0 ? things : null, out RestProblem? refusal);
        return Task.FromResult<IResult>(stream is null ? refusal! : new Events(book, stream, request, fleet));
    }

    private sealed class Events(EventBook book, EventStream stream, RestRequest request, FleetServices fleet) : IResult
    {
        private readonly Dictionary<string, bool> _may = new(StringComparer.Ordinal);

        public async Task ExecuteAsync(HttpContext httpContext)
        {
            try
            {
                await EventText.RunAsync(httpContext, fleet.Hub.Time, () => stream.Offer(HubEvent.Tick), RunAsync).ConfigureAwait(false);
            }
            finally
            {
                book.Close(stream);
            }
        }

        private async Task RunAsync(HttpResponse response, CancellationToken cancel)
        {
            ChannelReader<HubEvent> events = stream.Events;
            while (await events.WaitToReadAsync(cancel).ConfigureAwait(false))
            {
                while (events.TryRead(out HubEvent? next))
                {
                    if (stream.TakeDoubt())
                    {
                        _may.Clear();
                        if (await fleet.ApiTokens.StillAsync(request.Principal, cancel).ConfigureAwait(false) is null)
                        {
                            return;
                        }
                    }

                    if (next.Type.Length == 0)
                    {
                        await response.Body.WriteAsync(EventText.Pulse, cancel).ConfigureAwait(false);
                        stream.Doubt(); // whatever nobody here was told of is seen at the next event
                    }
                    else if (await MaySeeAsync(next.Thing, cancel).ConfigureAwait(false))
                    {
                        await response.Body.WriteAsync(next.Bytes, cancel).ConfigureAwait(false);
                    }
                }

                await response.Body.FlushAsync(cancel).ConfigureAwait(false);
            }

            await response.Body.WriteAsync("event: lost\ndata: {}\n\n"u8.ToArray(), cancel).ConfigureAwait(false);
        }

        private async ValueTask<bool> MaySeeAsync(string thing, CancellationToken cancel)
        {
            if (!_may.TryGetValue(thing, out bool may))
            {
                may = await request.MayAsync(thing, ThingRight.See, null, cancel).ConfigureAwait(false);
                _may[thing] = may;
            }

            return may;
        }
    }
}
