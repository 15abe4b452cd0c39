using System.Text.Json.Nodes;
using Xunit;

namespace IotXmpp.EndToEnd.Cli;

/// <summary>A thing's life by the command line, against a running hub: made, named, taken back, claimed by the picture of its code.</summary>
public sealed class ThingTests(UpFixture up) : IClassFixture<UpFixture>
{
    private async Task<Dictionary<string, string?>> AdministratorAsync(string name)
    {
        CliResult added = await CliRun.RunAsync(up.Environment, "account", "add", name, "--admin", "--data", up.Data, "--json");
        Assert.True(added.Code == 0, added.ToString());
        Dictionary<string, string?> environment = up.Environment;
        environment["IOTXMPP_JID"] = $"{name}@localhost";
        environment["IOTXMPP_PASSWORD"] = (string?)added.Json[0]["password"];
        return environment;
    }

    [Fact]
    public async Task A_thing_is_made_named_reset_and_claimed_by_the_picture_of_its_code()
    {
        Dictionary<string, string?> boss = await AdministratorAsync("boss");
        string png = Path.Combine(up.Folder, "lamp.png");
        string keys = Path.Combine(up.Folder, "lamp.key");
        CliResult add = await CliRun.RunAsync(boss, "thing", "add", "lamp-7", "--model", "L;1", "--man", "example.org", "--qr", png, "--key", keys, "--json");
        Assert.True(add.Code == 0, add.ToString());
        JsonObject made = Assert.Single(add.Json);
        Assert.Equal(("lamp-7@localhost", "boss@localhost", "private"), ((string?)made["jid"], (string?)made["owner"], (string?)made["state"]));
        Assert.StartsWith(@"IoTDisco;SN:lamp-7;MAN:example.org;MODEL:L\;1;KEY:", (string?)made["claim"], StringComparison.Ordinal);
        Assert.Null(made["password"]);
        Assert.Equal(FileModes.Secret, FileModes.Of(keys));
        Assert.Equal(FileModes.Secret, FileModes.Of(png));
        Assert.Equal(["salt", "iterations", "clientKey", "serverKey"], (await File.ReadAllLinesAsync(keys, TestContext.Current.CancellationToken)).Select(l => l.Split('=')[0]));

        // Again: new keys and nothing else.
        CliResult again = await CliRun.RunAsync(boss, "thing", "add", "lamp-7", "--model", "another", "--json");
        Assert.True(again.Code == 0, again.ToString());
        Assert.Equal("L;1", (string?)again.Json[0]["tags"]!["MODEL"]);
        Assert.Null(again.Json[0]["claim"]);
        Assert.Equal(32, ((string?)again.Json[0]["password"])!.Length);

        CliResult rename = await CliRun.RunAsync(boss, "thing", "rename", "lamp-7", "Desk lamp");
        Assert.True(rename.Code == 0, rename.ToString());
        CliResult show = await CliRun.RunAsync(boss, "thing", "show", "lamp-7", "--json");
        Assert.Equal("Desk lamp", (string?)show.Json[0]["tags"]!["NAME"]);

        // It is boss's: the operator cannot claim it, nor see what the registry has of it.
        CliResult early = await CliRun.RunAsync(up.Environment, "claim", "--qr", png);
        Assert.Equal(6, early.Code);
        Assert.Contains("somebody else's", early.ErrorLine, StringComparison.Ordinal);
        Assert.Equal(6, (await CliRun.RunAsync(up.Environment, "thing", "show", "lamp-7")).Code);

        Assert.Equal(0, (await CliRun.RunAsync(boss, "thing", "reset", "lamp-7")).Code);
        CliResult claim = await CliRun.RunAsync(up.Environment, "claim", "--qr", png, "--json");
        Assert.True(claim.Code == 0, claim.ToString());
        Assert.Equal(("lamp-7", "operator@localhost", false), ((string?)claim.Json[0]["thing"], (string?)claim.Json[0]["owner"], (bool?)claim.Json[0]["public"]));
        // And again by its owner, in another form: the KEY with what the label says.
        string key = ((string)made["claim"]!).Split("KEY:")[1];
        Assert.Equal(0, (await CliRun.RunAsync(up.Environment, "claim", key, "--sn", "lamp-7", "--man", "example.org", "--model", "L;1")).Code);
        CliResult things = await CliRun.RunAsync(up.Environment, "things", "lamp-7", "--json");
        Assert.Equal("lamp-7", (string?)Assert.Single(things.Json)["thing"]);

        // A new code: the old one claims it no more.
        string newPng = Path.Combine(up.Folder, "new.png");
        CliResult qr = await CliRun.RunAsync(up.Environment, "thing", "qr", "lamp-7", "--png", newPng);
        Assert.True(qr.Code == 0, qr.ToString());
        Assert.Contains(qr.Lines, l => l.StartsWith("IoTDisco;SN:lamp-7;", StringComparison.Ordinal));
        Assert.True(qr.Lines.Count(l => l.Contains('█', StringComparison.Ordinal)) > 15, qr.ToString());
        Assert.Equal(6, (await CliRun.RunAsync(up.Environment, "claim", "--qr", png)).Code);
        Assert.Equal(0, (await CliRun.RunAsync(up.Environment, "claim", "--qr", newPng)).Code);
    }

    [Fact]
    public async Task A_revoked_thing_is_out_at_once()
    {
        CliResult revoke = await CliRun.RunAsync(up.Environment, "thing", "revoke", "relay-1", "--json");
        Assert.True(revoke.Code == 0, revoke.ToString());
        Assert.Equal("revoked", (string?)revoke.Json[0]["state"]);
        CliResult things = await CliRun.RunAsync(up.Environment, "things", "relay-1", "--json");
        Assert.Equal(("offline", "revoked"), ((string?)things.Json[0]["state"], (string?)things.Json[0]["reason"]));
    }

    [Fact]
    public async Task What_is_wrong_is_told_in_one_line()
    {
        string text = Path.Combine(up.Folder, "no-code.txt");
        await File.WriteAllTextAsync(text, "nothing of the kind", TestContext.Current.CancellationToken);
        foreach ((int code, string said, string[] arguments) in new (int, string, string[])[]
        {
            (2, "give the code", ["claim"]),
            (2, "no claim code", ["claim", "IoTDisco;SN"]),
            (2, "has no KEY", ["claim", "IoTDisco;SN:1"]),
            (2, "go with a KEY", ["claim", "IoTDisco;SN:1;KEY:2", "--sn", "1"]),
            (2, "no-code.txt", ["claim", "--qr", text]),
            (2, "cannot be read", ["claim", "--qr", Path.Combine(up.Folder, "missing.png")]),
            (6, "nothing can be claimed", ["claim", "AAAAAAAAAAAAAAAAAAAAAAAAAA", "--sn", "1"]),
            (4, "administrator", ["thing", "add", "lamp-9"]),
            (2, "no id", ["thing", "add", "Lamp 9"]),
            (4, "owner or an administrator", ["thing", "revoke", "no-such-thing"]),
            (2, "names no thing", ["thing", "show", "a@b@c"]),
            (2, "give a thing", ["thing", "qr"]),
        })
        {
            CliResult run = await CliRun.RunAsync(up.Environment, arguments);
            Assert.True(run.Code == code && run.ErrorLine.Contains(said, StringComparison.Ordinal), $"{string.Join(' ', arguments)}: {run}");
            Assert.Empty(run.Out);
        }
    }
}
