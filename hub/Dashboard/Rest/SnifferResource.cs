using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Sniffer;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary><c>/things/{id}/stanzas</c>: the thing's stanzas as they pass, decoded, as server-sent events. Rights, bounds and the audit are those of <see cref="SnifferService"/>, as for the page.</summary>
internal sealed class SnifferResource(SnifferService sniffer, FleetServices fleet)
{
    public static void Map(RouteGroupBuilder api, FleetServices fleet)
    {
        if (fleet.Sniffer is not { } service)
        {
            return; // the hub goes without that feature
        }

        api.Get("/things/{id}/stanzas", ApiScope.ThingsWrite, new SnifferResource(service, fleet).GetAsync)
            .Says("sniffThing", "things", "A thing's stanzas as they pass, as server-sent events",
                "For who maintains the thing (and its gateway, where it is behind one); who looks on is noted in the audit. event: stanza with {at, from, bytes, kind, meaning, xml}: from is true where the thing sent it, secrets are masked, xml is empty where it was too long; event: missed with {count}: so many passed too quickly; event: over: the right has gone, and the stream ends. Nothing is kept.")
            .Gives("text/event-stream").Refuses(404, 503).Streams();
    }

    private async Task<IResult> GetAsync(RestRequest request, CancellationToken cancel)
    {
        (SniffOutcome outcome, Sniff? sniff) = await sniffer.StartAsync(request.Who, request.Path("id"), cancel).ConfigureAwait(false);
        return outcome switch
        {
            SniffOutcome.Started => new Stanzas(sniff!, request, fleet),
            SniffOutcome.Forbidden => RestProblem.Forbidden("That is for who maintains the thing, and its gateway where it is behind one."),
            SniffOutcome.TooMany => RestProblem.Unavailable("As many people look on as may (Sniffer:AtATime).", 30),
            _ => RestProblem.NoThing(),
        };
    }

    private sealed class Stanzas(Sniff sniff, RestRequest request, FleetServices fleet) : IResult
    {
        // That something is to be looked at, not what: the sniff itself keeps what waits, and bounds it.
        private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        private int _doubt;

        public async Task ExecuteAsync(HttpContext httpContext)
        {
            sniff.Arrived += Wake;
            fleet.ApiTokens.Revoked += OnRevoked;
            try
            {
                await EventText.RunAsync(httpContext, fleet.Hub.Time, OnTick, RunAsync).ConfigureAwait(false);
            }
            finally
            {
                fleet.ApiTokens.Revoked -= OnRevoked;
                sniff.Dispose();
            }
        }

        private void Wake() => _news.Writer.TryWrite(true);

        private void OnRevoked(string token)
        {
            if (token == request.Principal.TokenId)
            {
                OnTick();
            }
        }

        // The token is looked at again.
        private void OnTick()
        {
            Volatile.Write(ref _doubt, 1);
            Wake();
        }

        private async Task RunAsync(HttpResponse response, CancellationToken cancel)
        {
            Wake(); // what has come before anybody listened
            while (await _news.Reader.WaitToReadAsync(cancel).ConfigureAwait(false))
            {
                _news.Reader.TryRead(out _);
                if (Interlocked.Exchange(ref _doubt, 0) != 0)
                {
                    if (await fleet.ApiTokens.StillAsync(request.Principal, cancel).ConfigureAwait(false) is null)
                    {
                        return;
                    }

                    await response.Body.WriteAsync(EventText.Pulse, cancel).ConfigureAwait(false);
                }

                IReadOnlyList<SniffedStanza> seen = sniff.Take(out int missed);
                if (missed > 0)
                {
                    await response.Body.WriteAsync(EventText.Of("missed", new MissedView(missed), SnifferJson.Default.MissedView), cancel).ConfigureAwait(false);
                }

                foreach (SniffedStanza stanza in seen)
                {
                    var view = new StanzaView(stanza.At.UtcDateTime, stanza.IsFromThing, stanza.Bytes, stanza.Kind, stanza.Meaning, stanza.Xml);
                    await response.Body.WriteAsync(EventText.Of("stanza", view, SnifferJson.Default.StanzaView), cancel).ConfigureAwait(false);
                }

                if (sniff.IsOver)
                {
                    await response.Body.WriteAsync("event: over\ndata: {}\n\n"u8.ToArray(), cancel).ConfigureAwait(false);
                    return;
                }

                await response.Body.FlushAsync(cancel).ConfigureAwait(false);
            }
        }
    }
}

/// <summary>Data of a stanza that passed.</summary>
/// <param name="At">When the hub had it.</param>
/// <param name="From">Whether the thing sent it; else it got it.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Kind">Its element with its type.</param>
/// <param name="Meaning">What it says, in a few words.</param>
/// <param name="Xml">Its XML with secrets masked; empty where it was too long.</param>
public sealed record StanzaView(DateTime At, bool From, int Bytes, string Kind, string Meaning, string Xml);

/// <summary>Data of stanzas that passed too quickly.</summary>
/// <param name="Count">How many.</param>
public sealed record MissedView(int Count);

/// <summary>JSON of stanzas.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StanzaView))]
[JsonSerializable(typeof(MissedView))]
internal sealed partial class SnifferJson : JsonSerializerContext;
