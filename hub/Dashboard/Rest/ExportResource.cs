using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.History;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary><c>/things/{id}/export</c>: samples as CSV (RFC 4180) or JSON lines, as they are read: however long the span, a page of samples is in memory.</summary>
internal sealed class ExportResource(HistoryService history, FleetServices fleet)
{
    private static readonly RestParameter<string?> s_format = RestParameter.Word("format", "csv (where it is not given) or jsonl.", "csv", "jsonl");
    private static readonly RestParameters s_fields = RestParameter.Texts("field", "Fields of this name only; may be given up to 16 times.", 16);
    private static readonly RestParameter<int?> s_bucket = RestParameter.Number("bucket", "Seconds: one row for each that has samples, with count, min, average, max and last, instead of each sample. What is older than samples are kept is told so only.", 1, 31_536_000);

    public static void Map(RouteGroupBuilder api, FleetServices fleet)
    {
        if (fleet.History is { } service)
        {
            api.Get("/things/{id}/export", ApiScope.HistoryRead, new ExportResource(service, fleet).GetAsync)
                .Says("exportHistory", "history", "Samples of a thing as CSV or JSON lines, field by field", "A text that a spreadsheet would run as a formula has an apostrophe before it in CSV.")
                .Query(s_format, s_fields, RestSpan.From, RestSpan.To, s_bucket).Gives("text/csv", "application/jsonl").Refuses(404).Streams();
        }
    }

    private async Task<IResult> GetAsync(RestRequest request, CancellationToken cancel)
    {
        if (!RestSpan.TryRead(request, fleet.Hub.Time, out RestSpan span, out RestProblem? wrong))
        {
            return wrong;
        }

        string id = request.Path("id");
        if (await request.RefusalAsync(id, ThingRight.See, null, cancel).ConfigureAwait(false) is { } refusal)
        {
            return refusal;
        }

        IReadOnlyList<string> fields = request.Get(s_fields);
        IReadOnlyList<Series> all = history.SeriesOf(id);
        if (fields.FirstOrDefault(f => all.All(s => s.Field != f)) is not null)
        {
            return RestProblem.NotFound("The thing has no such field.");
        }

        Series[] series = [.. all.Where(s => fields.Count == 0 || fields.Contains(s.Field)).OrderBy(s => s.Field, StringComparer.Ordinal).ThenBy(s => s.Kind)];
        return new Export(history, request, id, series, span, request.Get(s_bucket), request.Get(s_format) == "jsonl");
    }

    private sealed class Export(HistoryService history, RestRequest request, string thing, Series[] series, RestSpan span, int? bucket, bool isJson) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            CancellationToken cancel = httpContext.RequestAborted;
            HttpResponse response = httpContext.Response;
            response.ContentType = isJson ? "application/jsonl; charset=utf-8" : "text/csv; charset=utf-8; header=present";
            response.Headers.ContentDisposition = $"attachment; filename=\"{ExportText.FileName(thing)}.{(isJson ? "jsonl" : "csv")}\"";
            // Flushed when its buffer is full, and then it waits for the reader.
            var writer = new StreamWriter(response.Body, new System.Text.UTF8Encoding(false), 16_384, leaveOpen: true) { NewLine = isJson ? "\n" : "\r\n" };
            await using (writer.ConfigureAwait(false))
            {
                if (!isJson)
                {
                    await writer.WriteLineAsync((bucket is null ? "time,field,value,unit" : "time,field,count,min,average,max,last,unit").AsMemory(), cancel).ConfigureAwait(false);
                }

                foreach (Series one in series)
                {
                    // A long export outlives what the account was allowed when it began.
                    if (await request.Fleet.ApiTokens.StillAsync(request.Principal, cancel).ConfigureAwait(false) is null || !await request.MayAsync(thing, ThingRight.See, null, cancel).ConfigureAwait(false))
                    {
                        httpContext.Abort();
                        return;
                    }

                    await WriteAsync(writer, one, cancel).ConfigureAwait(false);
                }
            }
        }

        private async Task WriteAsync(StreamWriter writer, Series one, CancellationToken cancel)
        {
            if (bucket is { } seconds)
            {
                await foreach (Aggregate row in history.AllAsync(one, span.Begin, span.End, TimeSpan.FromSeconds(seconds), cancel).ConfigureAwait(false))
                {
                    await writer.WriteLineAsync((isJson ? ExportText.Json(one, row) : ExportText.Csv(one, row)).AsMemory(), cancel).ConfigureAwait(false);
                }

                return;
            }

            await foreach (Sample row in history.AllAsync(one, span.Begin, span.End, cancel).ConfigureAwait(false))
            {
                await writer.WriteLineAsync((isJson ? ExportText.Json(one, row) : ExportText.Csv(one, row)).AsMemory(), cancel).ConfigureAwait(false);
            }
        }
    }
}
