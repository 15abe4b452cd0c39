using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Xunit;

namespace IotXmpp.EndToEnd.Cli;

/// <summary>The commands of an operator, each as a process against a running <c>iotxmpp up</c>.</summary>
public sealed class OperatorTests(UpFixture up) : IClassFixture<UpFixture>
{
    private Task<CliResult> Run(params string[] arguments) => CliRun.RunAsync(up.Environment, arguments);

    private Task<CliResult> RunWith(string name, string value, params string[] arguments)
    {
        Dictionary<string, string?> environment = up.Environment;
        environment[name] = value;
        return CliRun.RunAsync(environment, arguments);
    }

    [Fact]
    public async Task Things_lists_all_with_state_and_details()
    {
        CliResult text = await Run("things");
        Assert.True(text.Code == 0, text.ToString());
        Assert.Equal(UpFixture.Things.Length + 1, text.Lines.Length);
        Assert.Contains(text.Lines, l => l.StartsWith("node-1", StringComparison.Ordinal) && l.Contains("via gateway-1", StringComparison.Ordinal));
        Assert.StartsWith("THING", text.Lines[0], StringComparison.Ordinal);
        Assert.Contains(text.Lines, l => l.StartsWith("relay-1", StringComparison.Ordinal) && l.Contains("online", StringComparison.Ordinal) && l.Contains("dBm", StringComparison.Ordinal));

        CliResult json = await Run("things", "--json");
        Assert.Equal(UpFixture.Things, json.Json.Select(t => (string?)t["thing"]));
        JsonObject relay = json.Json.Single(t => (string?)t["thing"] == "relay-1");
        Assert.Equal("online", (string?)relay["state"]);
        Assert.Equal("1.0.0", (string?)relay["firmware"]);
        Assert.NotNull(relay["since"]);
        Assert.Empty(json.Errors);
    }

    [Fact]
    public async Task A_thing_behind_a_gateway_has_its_own_name()
    {
        CliResult form = await Run("form", "node-1", "--json");
        Assert.Equal("fan", (string?)Assert.Single(form.Json)["name"]);
        CliResult set = await Run("set", "node-1", "fan=true");
        Assert.True(set.Code == 0, set.ToString());
        Assert.StartsWith("node-1: fan=true", set.Out, StringComparison.Ordinal);
        CliResult read = await Run("read", "node-1", "--json");
        Assert.True(read.Code == 0, read.ToString());
        Assert.Contains("fan", read.Out, StringComparison.Ordinal);
        CliResult wrong = await Run("set", "node-1", "lamp=true");
        Assert.Contains("node-1 has no parameter 'lamp'; it has: fan", wrong.ErrorLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task History_has_the_samples_with_their_times_and_the_latest_of_several()
    {
        CliResult all = await Run("history", "bme280-1", "--json");
        Assert.True(all.Code == 0, all.ToString());
        Assert.All(all.Json, s => Assert.Equal(("bme280-1", "sample"), ((string?)s["thing"], (string?)s["event"])));
        Assert.Contains(all.Json, s => s["fields"]!["temperature"] is not null && s["units"]!["temperature"] is not null);

        CliResult latest = await Run("history", "bme280-1", "node-1", "--latest", "--csv");
        Assert.True(latest.Code == 0, latest.ToString());
        Assert.Equal("time,thing,field,value,unit", latest.Lines[0]);
        Assert.Contains(latest.Lines, l => l.Contains(",bme280-1,humidity,", StringComparison.Ordinal));
        Assert.Contains(latest.Lines, l => l.Contains(",node-1,", StringComparison.Ordinal));

        CliResult minutes = await Run("history", "bme280-1", "--every", "minute", "--field", "temperature");
        Assert.True(minutes.Code == 0, minutes.ToString());
        Assert.Contains("temperature, Max=", minutes.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "no time", "bme280-1", "--from", "yesterday")]
    [InlineData(2, "week", "bme280-1", "--every", "week")]
    [InlineData(2, "--latest", "bme280-1", "--latest", "--every", "hour")]
    [InlineData(6, "no samples", "bme280-1", "--field", "gravity")]
    [InlineData(6, "no samples", "bme280-1", "--from", "2020-01-01T00:00:00Z", "--to", "2020-01-02T00:00:00Z")]
    public async Task A_wrong_word_to_history_is_one_line(int code, string says, params string[] arguments)
    {
        CliResult run = await Run(["history", .. arguments]);
        Assert.True(run.Code == code, run.ToString());
        Assert.Contains(says, run.ErrorLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Uptime_tells_the_steps_and_the_sum()
    {
        CliResult text = await Run("uptime", "relay-1", "--last", "2d");
        Assert.True(text.Code == 0, text.ToString());
        Assert.Contains("online", text.Lines[0], StringComparison.Ordinal);
        Assert.StartsWith("relay-1 is online; up 100 % of", text.Lines[^1], StringComparison.Ordinal);

        CliResult json = await Run("uptime", "node-1", "--json");
        Assert.Equal(("uptime", "online", false), ((string?)json.Json[^1]["event"], (string?)json.Json[^1]["state"], (bool?)json.Json[^1]["flapping"]));
    }

    [Fact]
    public async Task Form_shows_types_and_ranges()
    {
        CliResult json = await Run("form", "relay-1", "--json");
        Assert.True(json.Code == 0, json.ToString());
        JsonObject relay = json.Json.Single(p => (string?)p["name"] == "relay");
        Assert.Equal("boolean", (string?)relay["type"]);
        JsonObject pulse = json.Json.Single(p => (string?)p["name"] == "relayPulse");
        Assert.Equal(("int", "1"), ((string?)pulse["type"], (string?)pulse["min"]));
    }

    [Fact]
    public async Task Set_is_done_and_seen_by_read()
    {
        // A finger presses this board's button every 45 seconds, which switches the relay: where a slow machine has it come between the two, again.
        string? relay = null;
        for (int pulse = 0; relay != "true" && pulse < 20; pulse++)
        {
            CliResult set = await Run("set", "relay-1", "relayPulse=60000");
            Assert.True(set.Code == 0, set.ToString());
            Assert.Contains("done", set.Out, StringComparison.Ordinal);

            CliResult read = await Run("read", "relay-1", "--field", "relay", "--json");
            Assert.True(read.Code == 0, read.ToString());
            relay = Assert.Single(Assert.Single(read.Json)["fields"]!.AsObject()).Value?.ToJsonString();
        }

        Assert.Equal("true", relay);
    }

    [Theory]
    [InlineData(1, "must be from 100", "relay-1", "sampleInterval=1")]
    [InlineData(2, "true or false", "relay-1", "relay=perhaps")]
    [InlineData(2, "it has: relay", "relay-1", "lamp=true")]
    [InlineData(2, "is not NAME=VALUE", "relay-1", "relay")]
    [InlineData(2, "twice", "relay-1", "relay=true", "relay=false")]
    [InlineData(6, "does not answer", "nobody", "relay=true")]
    public async Task Set_says_why_not(int code, string expected, params string[] arguments)
    {
        CliResult run = await Run(["set", .. arguments]);
        Assert.True(run.Code == code, run.ToString());
        Assert.Contains(expected, run.ErrorLine, StringComparison.Ordinal);
        Assert.Empty(run.Out);
    }

    [Fact]
    public async Task Read_shows_the_values_now()
    {
        CliResult text = await Run("read", "bme280-1");
        Assert.True(text.Code == 0, text.ToString());
        Assert.Contains(text.Lines, l => l.Contains("temperature", StringComparison.Ordinal) && l.EndsWith("°C", StringComparison.Ordinal));

        CliResult missing = await Run("read", "bme280-1", "--field", "nonsense");
        Assert.Equal(6, missing.Code);
        Assert.Contains("no such value", missing.ErrorLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Subscribe_shows_the_last_sample_first()
    {
        CliResult json = await Run("subscribe", "bme280-1", "--count", "2", "--json", "--for", "60s");
        Assert.True(json.Code == 0, json.ToString());
        DateTimeOffset[] times = [.. json.Json.Select(s => DateTimeOffset.Parse((string)s["time"]!, System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal(2, times.Length);
        Assert.True(times[0] < times[1]);
        Assert.All(json.Json, s => Assert.Equal("bme280-1", (string?)s["thing"]));

        CliResult late = await Run("subscribe", "bme280-1", "--count", "1000", "--for", "200ms");
        Assert.Equal(5, late.Code);
        Assert.Contains("of 1000 samples", late.ErrorLine, StringComparison.Ordinal);

        CliResult nobody = await Run("subscribe", "nobody");
        Assert.Equal(6, nobody.Code);
    }

    [Fact]
    public async Task Watch_shows_presence_and_samples_as_json_until_a_signal()
    {
        await using CliRun run = CliRun.Start(up.Environment, "watch", "--json");
        await run.UntilAsync(lines => UpFixture.Things.All(t =>
            lines.Any(l => l.Contains("\"event\":\"presence\"", StringComparison.Ordinal) && l.Contains($"\"{t}\"", StringComparison.Ordinal))
            && lines.Any(l => l.Contains("\"event\":\"sample\"", StringComparison.Ordinal) && l.Contains($"\"{t}\"", StringComparison.Ordinal))));
        await run.SignalAsync("TERM");
        CliResult end = await run.EndAsync();
        Assert.True(end.Code == 0, end.ToString());
        Assert.NotEmpty(end.Json);
        Assert.Empty(end.Errors);
    }

    [Fact]
    public async Task Who_does_not_own_a_thing_is_forbidden_it()
    {
        CliResult added = await CliRun.RunAsync(up.Environment, "mallory-has-a-password\n", ["account", "add", "mallory", "--password-stdin", "--data", up.Data]);
        Assert.True(added.Code == 0, added.ToString());
        CliResult set = await RunWith("IOTXMPP_PASSWORD", "mallory-has-a-password", "set", "relay-1", "relay=true", "--jid", "mallory@localhost");
        Assert.True(set.Code == 4, set.ToString());
        Assert.Contains("forbids you", set.ErrorLine, StringComparison.Ordinal);

        CliResult telemetry = await RunWith("IOTXMPP_PASSWORD", "mallory-has-a-password", "subscribe", "relay-1", "--jid", "mallory@localhost", "--count", "1");
        Assert.True(telemetry.Code == 4, telemetry.ToString());
    }

    [Fact]
    public async Task A_wrong_password_is_told()
    {
        CliResult run = await RunWith("IOTXMPP_PASSWORD", "wrong", "things");
        Assert.True(run.Code == 3, run.ToString());
        Assert.Contains("does not take this name and password", run.ErrorLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_setting_of_the_environment_that_cannot_be_read_is_told()
    {
        CliResult run = await RunWith("IOTXMPP_TIMEOUT", "soon", "things");
        Assert.True(run.Code == 2, run.ToString());
        Assert.Contains("IOTXMPP_TIMEOUT is 'soon', which is no duration", run.ErrorLine, StringComparison.Ordinal);
        Assert.Empty(run.Out);
    }

    [Fact]
    public async Task An_authority_that_is_not_trusted_is_told()
    {
        // A fresh hub's authority instead of this one's.
        string other = Path.Combine(up.Folder, "other");
        await using (CliRun hub = CliRun.Start(up.Environment, ["hub", "run", "--data", other, .. UpFixture.FreePorts]))
        {
            await hub.UntilAsync(lines => lines.Contains("ready"));
            await hub.SignalAsync("TERM");
            await hub.EndAsync();
        }

        CliResult run = await Run("things", "--ca", Path.Combine(other, "ca.pem"));
        Assert.True(run.Code == 3, run.ToString());
        Assert.Contains("--ca", run.ErrorLine, StringComparison.Ordinal);

        CliResult missing = await Run("things", "--ca", Path.Combine(other, "none.pem"));
        Assert.Equal(2, missing.Code);
    }

    [Fact]
    public async Task A_hub_that_is_not_there_is_told()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        // It accepts and never says a word.
        CliResult silent = await Run("things", "--hub", $"xmpp://127.0.0.1:{port}", "--timeout", "1s");
        Assert.True(silent.Code == 3, silent.ToString());
        listener.Stop();
        CliResult closed = await Run("things", "--hub", $"xmpp://127.0.0.1:{port}");
        Assert.True(closed.Code == 3, closed.ToString());
        Assert.Contains("does it run", closed.ErrorLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_profile_that_others_can_read_is_refused()
    {
        string open = Path.Combine(up.Folder, "open.json");
        File.Copy(Path.Combine(up.Data, "profile.json"), open);
        FileModes.Set(open, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        CliResult run = await Run("things", "--profile", open);
        Assert.Equal(2, run.Code);
        Assert.Contains($"chmod 600 {open}", run.ErrorLine, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("who are you", "things")]
    [InlineData("is no hub address", "things", "--hub", "http://localhost", "--jid", "a@localhost")]
    [InlineData("is no account", "things", "--jid", "a b")]
    [InlineData("there is no profile", "things", "--profile", "/nonexistent/profile.json")]
    [InlineData("is no duration", "watch", "--for", "soon")]
    [InlineData("--count", "subscribe", "x", "--count", "0")]
    [InlineData("no password", "things", "--jid", "a@localhost")]
    [InlineData("there is no command 'nonsense'", "nonsense")]
    [InlineData("--nonsense", "things", "--nonsense")]
    [InlineData("read", "read")]
    [InlineData("there is no data folder", "account", "list", "--data", "/nonexistent/data")]
    [InlineData("is no id of a thing", "account", "add", "Not_A_Thing", "--thing")]
    [InlineData("cannot be read", "account", "import", "/nonexistent/accounts.csv")]
    public async Task A_wrong_command_line_is_one_line(string expected, params string[] arguments)
    {
        string home = Path.Combine(up.Folder, "nobody");
        CliResult run = await CliRun.RunAsync(UpFixture.EnvironmentOf(home), arguments);
        Assert.True(run.Code == 2, run.ToString());
        Assert.Contains(expected, run.ErrorLine, StringComparison.Ordinal);
        Assert.Empty(run.Out);
    }

    [Fact]
    public async Task Login_writes_a_profile_that_works()
    {
        string profile = Path.Combine(up.Folder, "mine", "profile.json");
        JsonNode known = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(up.Data, "profile.json"), TestContext.Current.CancellationToken))!;
        string[] who = ["--hub", (string)known["hub"]!, "--jid", (string)known["jid"]!, "--ca", (string)known["ca"]!, "--profile", profile];
        Dictionary<string, string?> environment = UpFixture.EnvironmentOf(Path.Combine(up.Folder, "nobody"));
        CliResult login = await CliRun.RunAsync(environment, (string)known["password"]! + "\n", ["login", "--password-stdin", .. who]);
        Assert.True(login.Code == 0, login.ToString());
        Assert.Equal(FileModes.Secret, FileModes.Of(profile));

        CliResult things = await CliRun.RunAsync(environment, "things", "--profile", profile, "--json");
        Assert.True(things.Code == 0, things.ToString());
        Assert.Equal(5, things.Json.Length);
    }
}
