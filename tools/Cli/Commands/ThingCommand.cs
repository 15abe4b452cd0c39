using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Hub;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Esp32;
using IotXmpp.Host;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp thing add|show|revoke|reset|rename|qr</c>: the life of a thing, by the commands of the hub's registry; the hub may be anywhere.</summary>
internal static class ThingCommand
{
    private const int SaltBytes = 16;
    private const int Iterations = 4_096; // RFC 7677 §4; the secret is random, so that more protects no better

    public static Command Create()
    {
        var command = new Command("thing", "Make things, name them, take them back (over XMPP: the hub may be anywhere)") { Add(), Show(), Revoke(), Reset(), Rename(), Qr() };
        foreach (Command one in InventoryCommands.All())
        {
            command.Subcommands.Add(one);
        }

        return command;
    }

    private static Command Add()
    {
        Argument<string> id = Id("the new thing's id: 1 to 64 of a-z, 0-9 and -");
        var owner = new Option<string?>("--owner") { Description = "whose it is (default: you)", HelpName = "JID" };
        var model = new Option<string?>("--model") { Description = "its model, for its claim code", HelpName = "TEXT" };
        var sn = new Option<string?>("--sn") { Description = "its serial number, for its claim code (default: the id)", HelpName = "TEXT" };
        var man = new Option<string?>("--man") { Description = "its manufacturer, for its claim code", HelpName = "TEXT" };
        var key = new Option<string?>("--key") { Description = "write the keys for a board into this file (mode 0600) instead of printing a secret", HelpName = "FILE" };
        var qr = new Option<string?>("--qr") { Description = "write the picture of its claim code (PNG)", HelpName = "FILE" };
        var command = new Command("add", "Make a thing, or give one new keys; the hub never sees its secret") { id, owner, model, sn, man, key, qr };
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) => AddAsync(
            client, parsed, parsed.GetValue(id)!, parsed.GetValue(owner), [("model", parsed.GetValue(model)), ("sn", parsed.GetValue(sn)), ("man", parsed.GetValue(man))], parsed.GetValue(key), parsed.GetValue(qr), cancel));
        return command;
    }

    private static Command Show() => Simple("show", "Show what the registry has of a thing", "show", [], (screen, values) =>
    {
        string what = string.Join(", ", values.Where(v => v.Key.StartsWith("tag#", StringComparison.Ordinal)).Select(v => $"{v.Key[4..]}={v.Value}"));
        screen.Line($"{values["thing"]}: {values.GetValueOrDefault("state")}, {(values.TryGetValue("owner", out string? owner) ? "owned by " + owner : "nobody's")}, {values.GetValueOrDefault("jid")}{(what.Length > 0 ? ", " + what : string.Empty)}");
    });

    private static Command Revoke() => Simple("revoke", "Take a thing's keys away: its session ends at once, and it cannot come back until it gets new ones", "revoked", [], (screen, values) =>
        screen.Line($"{values["thing"]} is revoked: its session is ended and its keys are void; iotxmpp thing add {values["thing"]} gives it new ones"));

    private static Command Reset()
    {
        var isNew = new Option<bool>("--new-key") { Description = "give it a new claim code; the old one counts no more" };
        return Simple("reset", "Make a thing nobody's, as after a reset to factory state: its owner loses all rights, its code claims it again", "reset", [(isNew, "new-key", parsed => parsed.GetValue(isNew) ? "1" : null)], (screen, values) =>
            screen.Line(values.TryGetValue("claim", out string? code)
                ? $"{values["thing"]} is nobody's; it can be claimed with: iotxmpp claim '{code}' (shown this once)"
                : $"{values["thing"]} is nobody's; it can be claimed by the code it has"));
    }

    private static Command Rename()
    {
        var name = new Argument<string>("NAME") { Description = "a name for people; empty takes it away. The id stays" };
        return Simple("rename", "Give a thing a name for people", "renamed", [(name, "name", parsed => parsed.GetValue(name))], (screen, values) =>
            screen.Line(values.TryGetValue("tag#NAME", out string? now) ? $"{values["thing"]} is called {now} now" : $"{values["thing"]} has no name now"));
    }

    private static Command Qr()
    {
        Argument<string?> id = new("THING") { Description = "a thing of yours: it gets a new claim code, the old one counts no more", Arity = ArgumentArity.ZeroOrOne };
        var code = new Option<string?>("--code") { Description = "show this code instead; no hub is asked", HelpName = "TEXT" };
        var png = new Option<string?>("--png") { Description = "write the picture into this file", HelpName = "FILE" };
        var command = new Command("qr", "Make a new claim code of a thing and show it, on the terminal and as PNG") { id, code, png };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            string? thing = parsed.GetValue(id);
            string? text = parsed.GetValue(code);
            if ((thing is null) == (text is null))
            {
                throw new CliException(ExitCode.Usage, "give a thing, or --code and a code that you have");
            }

            Screen screen = client.ScreenOf(parsed);
            if (text is null)
            {
                await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
                IReadOnlyDictionary<string, string> values = await RegistryCommand.RunAsync(hub, "key", [("thing", hub.IdOf(thing!))], cancel);
                thing = values["thing"];
                text = values["claim"];
            }
            else
            {
                ClaimCode.Parse(text);
            }

            Picture(screen, thing, text, parsed.GetValue(png), show: true);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Argument<string> Id(string description) => new("THING") { Description = description };

    /// <summary>A command on one thing.</summary>
    private static Command Simple(string name, string description, string happened, (Symbol Symbol, string Var, Func<ParseResult, string?> Value)[] more, Action<Screen, IReadOnlyDictionary<string, string>> tell)
    {
        Argument<string> id = Id("the thing's id, or its JID");
        var command = new Command(name, description) { id };
        ClientArguments.Add(command, more.Select(m => m.Symbol));
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            IReadOnlyDictionary<string, string> values = await RegistryCommand.RunAsync(hub, name, [("thing", hub.IdOf(parsed.GetValue(id)!)), .. more.Select(m => (m.Var, m.Value(parsed)))], cancel);
            screen.Json(() => ToJson("thing-" + happened, values));
            tell(screen, values);
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task<int> AddAsync(
        ClientArguments client, ParseResult parsed, string id, string? owner, (string, string?)[] tags, string? keyFile, string? png, CancellationToken cancel)
    {
        Screen screen = client.ScreenOf(parsed);
        if (!ThingProvisioning.IsThingId(id))
        {
            throw new CliException(ExitCode.Usage, $"'{id}' is no id of a thing: 1 to 64 of a-z, 0-9 and -");
        }

        await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
        string? named = owner is null ? null : OwnerOf(owner, hub.Connection.Jid.Domain);
        string secret = Provisioning.NewSecret();
        DotNetHash hashes = DotNetHash.Instance;
        DeviceKey key = DeviceKey.Derive(hashes, secret, RandomNumberGenerator.GetBytes(SaltBytes), Iterations);
        IReadOnlyDictionary<string, string> values = await RegistryCommand.RunAsync(
            hub,
            "provision",
            [
                ("thing", id), ("owner", named), ("storedKey", Convert.ToBase64String(key.StoredKey(hashes))), ("serverKey", Convert.ToBase64String(key.Keys.ServerKey)),
                ("salt", Convert.ToBase64String(key.Keys.Salt)), ("iterations", key.Keys.Iterations.ToString(CultureInfo.InvariantCulture)), .. tags,
            ],
            cancel);
        if (keyFile is not null)
        {
            SecretText.Write(Path.GetFullPath(keyFile), System.Text.Encoding.UTF8.GetString(key.Write()));
        }

        string? code = values.GetValueOrDefault("claim");
        JsonObject json = ToJson("thing-added", values);
        json["password"] = keyFile is null ? secret : null;
        json["key"] = keyFile;
        json["new"] = code is not null;
        screen.Json(() => json);
        string what = code is null ? "has new keys" : $"added, owned by {values.GetValueOrDefault("owner")}";
        screen.Line($"{values["jid"]} {what}; {(keyFile is null ? $"password {secret} (shown this once)" : $"its keys are in {keyFile}")}");
        if (code is not null)
        {
            screen.Line($"Claim code: {code} (shown this once)");
            Picture(screen, values["thing"], code, png, show: false);
        }
        else if (png is not null)
        {
            throw new CliException(ExitCode.Failed, $"the thing was there and keeps its claim code, which the hub does not know; iotxmpp thing qr {id} --png {png} makes a new one");
        }

        return ExitCode.Ok;
    }

    private static void Picture(Screen screen, string? thing, string code, string? png, bool show)
    {
        if (png is not null)
        {
            // It is as good as the code: a private file.
            SecretText.Write(Path.GetFullPath(png), ClaimCode.ToPng(code));
        }

        if (!show)
        {
            return;
        }

        screen.Json(() => new JsonObject { ["event"] = "claim-code", ["thing"] = thing, ["claim"] = code, ["png"] = png });
        if (!screen.IsJson)
        {
            foreach (string line in ClaimCode.ToLines(code, screen.IsTerminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))))
            {
                Console.WriteLine(line);
            }
        }

        screen.Line(code);
        if (png is not null)
        {
            screen.Line($"The picture is in {png}");
        }
    }

    private static JsonObject ToJson(string name, IReadOnlyDictionary<string, string> values)
    {
        var tags = new JsonObject();
        foreach ((string var, string value) in values.Where(v => v.Key.StartsWith("tag#", StringComparison.Ordinal)))
        {
            tags[var[4..]] = value;
        }

        return new JsonObject
        {
            ["event"] = name,
            ["thing"] = values.GetValueOrDefault("thing"),
            ["jid"] = values.GetValueOrDefault("jid"),
            ["node"] = values.GetValueOrDefault("nodeId"),
            ["state"] = values.GetValueOrDefault("state"),
            ["owner"] = values.GetValueOrDefault("owner"),
            ["tags"] = tags,
            ["claim"] = values.GetValueOrDefault("claim"),
        };
    }

    private static string OwnerOf(string owner, string domain)
    {
        string text = owner.Contains('@', StringComparison.Ordinal) ? owner : $"{owner}@{domain}";
        return JidPrep.TryParse(text, out Jid? jid) && jid.Local.Length > 0 ? jid.Bare.ToString() : throw new CliException(ExitCode.Usage, $"'{owner}' is no account: name@domain is expected");
    }
}
