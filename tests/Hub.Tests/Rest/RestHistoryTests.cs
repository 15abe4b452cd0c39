using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Liveness;
using Xunit;

namespace IotXmpp.Hub.Tests.Rest;

/// <summary>What things have measured and how they were, over REST.</summary>
public sealed class RestHistoryTests(RestHub hub) : IClassFixture<RestHub>
{
    private static readonly DateTimeOffset s_start = new(DateTimeOffset.UtcNow.AddHours(-1).Ticks / TimeSpan.TicksPerHour * TimeSpan.TicksPerHour, TimeSpan.Zero);

    [Fact]
    public async Task A_gap_stays_a_gap()
    {
        await hub.MeasureAsync("lamp", Numeric("temperature", 0, "1") + Numeric("temperature", 5, "3") + Numeric("temperature", 125, "9"));
        string token = await hub.TokenAsync("alice", ApiScope.HistoryRead);
        RestHub.Reply reply = await hub.GetAsync($"/things/lamp/history/temperature?from={Stamp(0)}&to={Stamp(180)}&bucket=60", token);
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(("number", "°C", 60.0), ((string)reply.Json!["kind"]!, (string)reply.Json["unit"]!, (double)reply.Json["bucketSeconds"]!));
        JsonArray points = reply.Json["points"]!.AsArray();
        Assert.Equal([2L, 0L, 1L], points.Select(p => (long)p!["count"]!));
        Assert.Equal((1.0, 3.0, 2.0, 3.0), ((double)points[0]!["min"]!, (double)points[0]!["max"]!, (double)points[0]!["average"]!, (double)points[0]!["last"]!));
        foreach (string name in (string[])["min", "max", "average", "last"])
        {
            Assert.True(points[1]!.AsObject().ContainsKey(name));
            Assert.Null(points[1]![name]);
        }
    }

    [Fact]
    public async Task As_many_points_as_are_asked_for()
    {
        await hub.MeasureAsync("lamp", Numeric("pressure", 0, "1000") + Numeric("pressure", 3599, "1001"));
        string token = await hub.TokenAsync("alice");
        JsonNode json = (await hub.GetAsync($"/things/lamp/history/pressure?from={Stamp(0)}&to={Stamp(3600)}&points=60", token)).Json!;
        Assert.Equal((60.0, 60), ((double)json["bucketSeconds"]!, json["points"]!.AsArray().Count));
        (await hub.GetAsync($"/things/lamp/history/pressure?points=5&bucket=5", token)).Refuses(400, "bad-request");
        (await hub.GetAsync($"/things/lamp/history/pressure?from=1970-01-01T00:00:00Z&bucket=1", token)).Refuses(400, "bad-request");
        (await hub.GetAsync($"/things/lamp/history/pressure?from={Stamp(10)}&to={Stamp(10)}", token)).Refuses(400, "bad-request");
        (await hub.GetAsync($"/things/lamp/history/pressure?from=yesterday", token)).Refuses(400, "bad-request");
        (await hub.GetAsync("/things/lamp/history/nothing", token)).Refuses(404, "not-found");
        (await hub.GetAsync("/things/pump/history/pressure", token)).Refuses(404, "not-found");
        Assert.Equal(HttpStatusCode.OK, (await hub.GetAsync("/things/lamp/history/pressure?from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z&points=7", token)).Status);
    }

    [Fact]
    public async Task Latest_values_of_the_fleet_in_one_call()
    {
        await hub.MeasureAsync("meter", Numeric("power", 10, "12.5") + $"<timestamp value='{Stamp(11)}'><boolean name='open' value='true'/><enum name='mode' value='auto' dataType='M'/></timestamp>");
        await hub.MeasureAsync("pump", Numeric("power", 10, "99"));
        JsonNode alice = (await hub.GetAsync("/fleet/latest?field=power&field=open&field=mode", await hub.TokenAsync("alice"))).Json!;
        Assert.DoesNotContain("pump", alice["things"]!.AsArray().Select(t => (string?)t!["thing"]));
        JsonNode meter = alice["things"]!.AsArray().Single(t => (string?)t!["thing"] == "meter")!;
        Assert.Equal(["auto", "true", "12.5"], meter["fields"]!.AsArray().Select(f => f!["value"]!.ToString()));
        JsonNode root = (await hub.GetAsync("/fleet/latest?field=power", await hub.TokenAsync("root"))).Json!;
        Assert.Equal(["meter", "pump"], root["things"]!.AsArray().Select(t => (string?)t!["thing"]));
        JsonNode late = (await hub.GetAsync($"/fleet/latest?since={Stamp(11)}", await hub.TokenAsync("alice"))).Json!;
        Assert.DoesNotContain(late["things"]!.AsArray().SelectMany(t => t!["fields"]!.AsArray()), f => (string?)f!["name"] == "power");
        (await hub.GetAsync("/fleet/latest", await hub.TokenAsync("alice", ApiScope.ThingsRead))).Refuses(403, "scope-needed");
    }

    [Fact]
    public async Task Exports_as_CSV_run_no_formulas_and_name_no_other_file()
    {
        await hub.AddThingAsync("export-1", "alice");
        await hub.MeasureAsync("export-1", $"<timestamp value='{Stamp(0)}'><numeric name='t' value='-1.5' unit='=cmd|&apos;/C calc&apos;!A1'/><enum name='mode' value='@SUM(1,2)' dataType='M'/><enum name='+plus' value='a&quot;b' dataType='M'/></timestamp>");
        string token = await hub.TokenAsync("alice");
        RestHub.Reply reply = await hub.GetAsync($"/things/export-1/export?from={Stamp(0)}&to={Stamp(60)}", token);
        Assert.Equal(("text/csv", "attachment; filename=\"export-1.csv\""), (reply.Type, reply.ContentHeaders.ContentDisposition!.ToString()));
        string at = s_start.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        Assert.Equal(
            ["time,field,value,unit", $"{at},\"'+plus\",\"a\"\"b\",", $"{at},mode,\"'@SUM(1,2)\",", $"{at},t,-1.5,\"'=cmd|'/C calc'!A1\"", ""],
            reply.Text.Split("\r\n"));
        RestHub.Reply buckets = await hub.GetAsync($"/things/export-1/export?field=t&bucket=60&from={Stamp(0)}&to={Stamp(60)}", token);
        Assert.Equal($"{at},t,1,-1.5,-1.5,-1.5,-1.5,\"'=cmd|'/C calc'!A1\"", buckets.Text.Split("\r\n")[1]);
    }

    [Fact]
    public async Task Exports_as_JSON_lines_are_one_object_a_line()
    {
        await hub.AddThingAsync("export-2", "alice");
        await hub.MeasureAsync("export-2", string.Concat(Enumerable.Range(0, 100).Select(i => Numeric("t", i, i.ToString(CultureInfo.InvariantCulture)))));
        RestHub.Reply reply = await hub.GetAsync($"/things/export-2/export?format=jsonl&from={Stamp(0)}&to={Stamp(100)}", await hub.TokenAsync("alice"));
        Assert.Equal("application/jsonl", reply.Type);
        List<JsonNode> rows = [.. reply.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
        Assert.Equal(Enumerable.Range(0, 100).Select(i => (double)i), rows.Select(r => (double)r["value"]!));
        (await hub.GetAsync("/things/pump/export", await hub.TokenAsync("alice"))).Refuses(404, "not-found");
        (await hub.GetAsync("/things/export-2/export?format=xls", await hub.TokenAsync("alice"))).Refuses(400, "bad-request");
        (await hub.GetAsync("/things/export-2/export?field=nothing", await hub.TokenAsync("alice"))).Refuses(404, "not-found");
    }

    [Fact]
    public async Task How_a_thing_was_is_told_with_its_steps()
    {
        await hub.AddThingAsync("liver", "alice");
        hub.Liveness.Online("liver", new ThingStatus("1.2", "power-on", -61, 80));
        hub.Liveness.Offline("liver", "connection-lost");
        string token = await hub.TokenAsync("alice");
        JsonNode json = (await hub.GetAsync("/things/liver/liveness", token)).Json!;
        Assert.Equal(("offline", "connection-lost"), ((string)json["now"]!["state"]!, (string)json["now"]!["reason"]!));
        Assert.Equal(["online", "offline"], json["steps"]!.AsArray().Select(s => (string?)s!["state"]));
        Assert.Equal(1, (int)json["losses"]!);
        JsonNode thing = (await hub.GetAsync("/things/liver", token)).Json!;
        Assert.Equal(("1.2", -61, 80, "offline"), ((string)thing["firmware"]!, (int)thing["signal"]!, (int)thing["battery"]!, (string)thing["liveness"]!["state"]!));
        Assert.Contains("liver", (await hub.GetAsync("/things?state=lost", token)).Json!["items"]!.AsArray().Select(t => (string?)t!["id"]));
        Assert.Empty((await hub.GetAsync("/things?state=online", token)).Json!["items"]!.AsArray());
        (await hub.GetAsync("/things/pump/liveness", token)).Refuses(404, "not-found");
        (await hub.GetAsync("/things/meter/liveness", token)).Refuses(404, "not-found"); // seen, and never heard of
    }

    private static string Numeric(string name, int second, string value) => $"<timestamp value='{Stamp(second)}'><numeric name='{name}' value='{value}' unit='°C'/></timestamp>";

    private static string Stamp(int second) => s_start.AddSeconds(second).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
