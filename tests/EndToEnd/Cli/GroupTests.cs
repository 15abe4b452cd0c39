using Xunit;

namespace IotXmpp.EndToEnd.Cli;

/// <summary>Groups, notes and what is told of things by the command line, against a running hub.</summary>
public sealed class GroupTests(UpFixture up) : IClassFixture<UpFixture>
{
    [Fact]
    public async Task Somebody_gets_a_thing_to_see_and_one_parameter_to_set_and_loses_both()
    {
        Dictionary<string, string?> helper = await AccountAsync("helper");
        await OkAsync("group", "make", "bench", "--name", "Test bench");
        await OkAsync("group", "thing", "bench", "relay-1");
        CliResult member = await OkAsync("group", "member", "bench", "helper", "operator", "--only", "relay", "--json");
        Assert.Contains("helper@localhost operator only relay", (string?)member.Json[0]["members"]![0], StringComparison.Ordinal);
        CliResult mine = await CliRun.RunAsync(helper, "thing", "list", "--json");
        Assert.Equal("relay-1", (string?)Assert.Single(mine.Json)["thing"]);
        CliResult group = await CliRun.RunAsync(helper, "group", "show", "bench", "--json");
        Assert.Equal(("Test bench", "operator only relay", true), ((string?)group.Json[0]["name"], (string?)group.Json[0]["role"], group.Json[0]["members"] is null));
        CliResult set = await CliRun.RunAsync(helper, "set", "relay-1", "relay=true");
        Assert.True(set.Code == 0, set.ToString());
        Assert.NotEqual(0, (await CliRun.RunAsync(helper, "group", "member", "bench", "helper", "administrator")).Code);
        await OkAsync("group", "member", "bench", "helper", "none");
        Assert.Empty((await CliRun.RunAsync(helper, "thing", "list", "--json")).Json);
        Assert.NotEqual(0, (await CliRun.RunAsync(helper, "set", "relay-1", "relay=false")).Code);
        Assert.NotEqual(0, (await CliRun.RunAsync(helper, "group", "show", "bench")).Code);
        await OkAsync("group", "delete", "bench");
    }

    [Fact]
    public async Task What_is_told_of_things_goes_out_and_in()
    {
        await OkAsync("thing", "set", "bme280-1", "--name", "=Sensor", "--place", "greenhouse", "--tag", "BED:3");
        Assert.Equal("bme280-1", (string?)Assert.Single((await OkAsync("thing", "list", "--place", "Greenhouse", "--json")).Json)["thing"]);
        await OkAsync("thing", "note", "bme280-1", "cleaned");
        CliResult notes = await OkAsync("thing", "notes", "bme280-1", "--json");
        Assert.Equal(("cleaned", "operator@localhost"), ((string?)notes.Json[0]["text"], (string?)notes.Json[0]["author"]));
        CliResult csv = await OkAsync("thing", "export");
        Assert.Contains(csv.Lines, l => l.StartsWith("bme280-1,'=Sensor,", StringComparison.Ordinal));
        string file = Path.Combine(up.Folder, "things.csv");
        await File.WriteAllTextAsync(file, csv.Out, TestContext.Current.CancellationToken);
        CliResult same = await OkAsync("thing", "import", file, "--json");
        Assert.Equal((true, 0), ((bool)same.Json[0]["done"]!, (int)same.Json[0]["changed"]!));
        await File.WriteAllTextAsync(file, "id,name\nbme280-1,Sensor\nnothing,x\n", TestContext.Current.CancellationToken);
        CliResult refused = await CliRun.RunAsync(up.Environment, "thing", "import", file);
        Assert.Equal(1, refused.Code);
        Assert.Contains(refused.Errors, e => e.StartsWith("line 3, nothing:", StringComparison.Ordinal));
        CliResult part = await CliRun.RunAsync(up.Environment, "thing", "import", file, "--partial", "--json");
        Assert.Equal((true, 1), ((bool)part.Json[0]["done"]!, (int)part.Json[0]["changed"]!));
        Assert.Equal("Sensor", (string?)Assert.Single((await OkAsync("thing", "list", "--text", "bme280-1", "--json")).Json)["name"]);
    }

    [Fact]
    public async Task Things_are_made_by_an_import_and_their_secrets_stand_once_in_a_private_file()
    {
        Dictionary<string, string?> boss = await AccountAsync("maker", "--admin");
        string file = Path.Combine(up.Folder, "new.csv");
        string secrets = Path.Combine(up.Folder, "secrets.csv");
        await File.WriteAllTextAsync(file, "id,name,model\nimported-1,'=One,m1\nimported-2,,\n", TestContext.Current.CancellationToken);
        CliResult check = await OkAsync(boss, "thing", "import", file, "--create", "--check", "--json");
        Assert.Equal((false, 2), ((bool)check.Json[0]["done"]!, (int)check.Json[0]["created"]!));
        CliResult made = await OkAsync(boss, "thing", "import", file, "--create", "--secrets", secrets, "--json");
        Assert.Equal((true, 2, 0, secrets), ((bool)made.Json[0]["done"]!, (int)made.Json[0]["created"]!, made.Json[0]["made"]!.AsArray().Count, (string?)made.Json[0]["secrets"]));
        Assert.Equal(FileModes.Secret, FileModes.Of(secrets));
        string[] lines = await File.ReadAllLinesAsync(secrets, TestContext.Current.CancellationToken);
        Assert.Equal(3, lines.Length);
        Assert.Equal("thing,jid,password,claim", lines[0]);
        string[] cells = lines[1].Split(',');
        Assert.Equal(("imported-1", "imported-1@localhost"), (cells[0], cells[1]));
        Assert.StartsWith("IoTDisco;SN:imported-1;MODEL:m1;KEY:", cells[3], StringComparison.Ordinal);
        Dictionary<string, string?> thing = up.Environment;
        thing["IOTXMPP_JID"] = cells[1];
        thing["IOTXMPP_PASSWORD"] = cells[2];
        CliResult itself = await CliRun.RunAsync(thing, "thing", "list", "--json");
        Assert.Equal("imported-1", (string?)Assert.Single(itself.Json)["thing"]);
        CliResult taken = await CliRun.RunAsync(boss, "thing", "import", file, "--create", "--secrets", secrets);
        Assert.True(taken.Code == 2, taken.ToString());
        Assert.Equal(lines, await File.ReadAllLinesAsync(secrets, TestContext.Current.CancellationToken));
        CliResult again = await OkAsync(boss, "thing", "import", file, "--create", "--json");
        Assert.Equal((0, 0), ((int)again.Json[0]["created"]!, again.Json[0]["made"]!.AsArray().Count));
    }

    private async Task<CliResult> OkAsync(params string[] arguments) => await OkAsync(up.Environment, arguments);

    private static async Task<CliResult> OkAsync(Dictionary<string, string?> who, params string[] arguments)
    {
        CliResult result = await CliRun.RunAsync(who, arguments);
        Assert.True(result.Code == 0, result.ToString());
        return result;
    }

    private async Task<Dictionary<string, string?>> AccountAsync(string name, params string[] more)
    {
        CliResult added = await CliRun.RunAsync(up.Environment, ["account", "add", name, "--data", up.Data, "--json", .. more]);
        Assert.True(added.Code == 0, added.ToString());
        Dictionary<string, string?> environment = up.Environment;
        environment["IOTXMPP_JID"] = $"{name}@localhost";
        environment["IOTXMPP_PASSWORD"] = (string?)added.Json[0]["password"];
        return environment;
    }
}
