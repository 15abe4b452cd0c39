using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp config show|set|revert|versions|drift</c>: what things shall be like, and what they say.</summary>
internal static class ConfigCommand
{
    public static Command Create() => new("config", "Show and change what things shall be like, and see where they are not") { Show(), Set(), Revert(), Versions(), Drift() };

    private static Command Show()
    {
        var name = new Argument<string>("THING") { Description = "the thing's id" };
        var command = new Command("show", "Show what a thing shall be like and what it says, parameter by parameter") { name };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            return Print(client.ScreenOf(parsed), await AskAsync(hub, "get", new Element(Ns.Thing, "config").Set("thing", hub.IdOf(parsed.GetValue(name)!)), hub.IdOf(parsed.GetValue(name)!), cancel));
        });
        return command;
    }

    private static Command Set()
    {
        var name = new Argument<string>("THING") { Description = "the thing's id" };
        var values = new Argument<string[]>("NAME=VALUE") { Description = ParameterWords.Help, Arity = ArgumentArity.ZeroOrMore };
        var remove = new Option<string[]>("--remove") { Description = "a parameter that nobody wishes for any more; may be given several times", HelpName = "NAME" };
        var basis = new Option<long?>("--base") { Description = "the version that the change goes by: another one since is refused", HelpName = "VERSION" };
        var note = new Option<string?>("--note") { Description = "why, in a few words", HelpName = "TEXT" };
        var command = new Command("set", "Change what a thing shall be like") { name, values, remove, basis, note };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            string[] assignments = parsed.GetValue(values) ?? [];
            string[] gone = parsed.GetValue(remove) ?? [];
            if (assignments.Length + gone.Length == 0)
            {
                throw new CliException(ExitCode.Usage, "say what to change: NAME=VALUE, or --remove NAME");
            }

            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            string thing = hub.IdOf(parsed.GetValue(name)!);
            var config = new Element(Ns.Thing, "config").Set("thing", thing);
            Optional(config, "base", parsed.GetValue(basis)?.ToString(CultureInfo.InvariantCulture));
            Optional(config, "note", parsed.GetValue(note));
            ParameterWords.Write(config, assignments);
            foreach (string one in gone)
            {
                config.Add("remove").Set("name", one);
            }

            return Print(client.ScreenOf(parsed), await AskAsync(hub, "set", config, thing, cancel));
        });
        return command;
    }

    private static Command Revert()
    {
        var name = new Argument<string>("THING") { Description = "the thing's id" };
        var version = new Argument<long>("VERSION") { Description = "the version to go back to" };
        var command = new Command("revert", "Go back to an earlier version, as a new one") { name, version };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            string thing = hub.IdOf(parsed.GetValue(name)!);
            return Print(client.ScreenOf(parsed), await AskAsync(hub, "set", new Element(Ns.Thing, "config").Set("thing", thing).Set("revert", parsed.GetValue(version).ToString(CultureInfo.InvariantCulture)), thing, cancel));
        });
        return command;
    }

    private static Command Versions()
    {
        var name = new Argument<string>("THING") { Description = "the thing's id" };
        var command = new Command("versions", "Show the versions of a thing's configuration, with their authors") { name };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            string thing = hub.IdOf(parsed.GetValue(name)!);
            Element answer = await AskWholeAsync(hub, "get", new Element(Ns.Thing, "versions").Set("thing", thing), thing, cancel);
            DateTimeOffset now = DateTimeOffset.UtcNow;
            var rows = new List<(string Text, string? Style)[]>();
            foreach (Element version in (answer.Child(Ns.Thing, "versions")?.Children() ?? []).Where(v => v.Name == "desired"))
            {
                screen.Json(() => new JsonObject { ["event"] = "version", ["thing"] = thing, ["version"] = long.Parse(version.Attribute("version") ?? "0", CultureInfo.InvariantCulture), ["at"] = version.Attribute("at"), ["by"] = version.Attribute("by"), ["note"] = version.Attribute("note"), ["set"] = ParameterWords.Text(version) });
                rows.Add([(version.Attribute("version") ?? string.Empty, "bold"), (ThingView.TryTime(version.Attribute("at"), out DateTimeOffset at) ? Words.Moment(at, now) : string.Empty, "dim"), (version.Attribute("by") ?? string.Empty, null), (ParameterWords.Text(version), null), (version.Attribute("note") ?? string.Empty, "dim")]);
            }

            if (!screen.IsJson)
            {
                screen.Table(["VERSION", "AT", "BY", "WHAT", "NOTE"], rows);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Drift()
    {
        var all = new Option<bool>("--all") { Description = "also things that are as they shall be" };
        var command = new Command("drift", "Show things that are not as they shall be; exit code 1 where there are any") { all };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            bool any = false;
            string? after = null;
            do
            {
                var request = new Element(Ns.Thing, "drift");
                Optional(request, "all", parsed.GetValue(all) ? "true" : null);
                Optional(request, "after", after);
                Element? list = (await AskWholeAsync(hub, "get", request, "drift", cancel)).Child(Ns.Thing, "drift");
                foreach (Element config in (list?.Children() ?? []).Where(c => c.Name == "config"))
                {
                    any |= config.Attribute("drift") == "true";
                    Print(screen, config);
                }

                after = list?.Attribute("next");
            }
            while (after is not null);

            return any ? ExitCode.Failed : ExitCode.Ok;
        });
        return command;
    }

    private static int Print(Screen screen, Element config)
    {
        Element? desired = config.Child(Ns.Thing, "desired");
        Element? reported = config.Child(Ns.Thing, "reported");
        string thing = config.Attribute("thing") ?? string.Empty;
        List<Element> parameters = [.. config.Children().Where(c => c.Name == "parameter")];
        screen.Json(() => new JsonObject
        {
            ["event"] = "config",
            ["thing"] = thing,
            ["drift"] = config.Attribute("drift") == "true",
            ["desired"] = Number(desired),
            ["reported"] = Number(reported),
            ["by"] = desired?.Attribute("by"),
            ["parameters"] = new JsonArray([.. parameters.Select(p => (JsonNode)new JsonObject { ["name"] = p.Attribute("name"), ["state"] = p.Attribute("state"), ["desired"] = p.Attribute("desired"), ["reported"] = p.Attribute("reported"), ["since"] = p.Attribute("since"), ["text"] = p.Text })]),
        });
        if (screen.IsJson)
        {
            return ExitCode.Ok;
        }

        screen.Line((thing, "bold"), (desired is null ? ": nobody has wished for anything" : $": version {desired.Attribute("version")} by {desired.Attribute("by")}", null),
            (reported is null ? "; the thing has said nothing" : reported.Attribute("version") == desired?.Attribute("version") ? "; the thing has taken it" : $"; the thing has version {reported.Attribute("version")}", null));
        if (parameters.Count > 0)
        {
            screen.Table(["PARAMETER", "SHALL BE", "IS", "STATE", "WHY"], [.. parameters.Select(p => new (string, string?)[]
            {
                (p.Attribute("name") ?? string.Empty, "bold"), (p.Attribute("desired") ?? "(secret)", null), (p.Attribute("reported") ?? string.Empty, null),
                (p.Attribute("state") ?? string.Empty, p.Attribute("state") is "same" or "secret" ? "green" : p.Attribute("state") is "pending" or "trial" ? "yellow" : "red"), (p.Text, "dim"),
            })]);
        }

        return ExitCode.Ok;
    }

    private static JsonNode? Number(Element? version) => version is not null && long.TryParse(version.Attribute("version"), CultureInfo.InvariantCulture, out long number) ? JsonValue.Create(number) : null;

    private static void Optional(Element element, string name, string? value)
    {
        if (value is not null)
        {
            element.Set(name, value);
        }
    }

    private static async Task<Element> AskAsync(HubClient hub, string type, Element payload, string thing, CancellationToken cancel) =>
        (await AskWholeAsync(hub, type, payload, thing, cancel)).Child(Ns.Thing, "config") ?? throw new CliException(ExitCode.Failed, $"{hub.Things} gave an answer that is none");

    private static async Task<Element> AskWholeAsync(HubClient hub, string type, Element payload, string thing, CancellationToken cancel)
    {
        try
        {
            return await hub.AskAsync(type, hub.Things, payload, cancel);
        }
        catch (StanzaException e)
        {
            throw e.Error.Condition switch
            {
                "service-unavailable" or "feature-not-implemented" => new CliException(ExitCode.Failed, $"{hub.Things} keeps no configuration"),
                "forbidden" => new CliException(ExitCode.Forbidden, $"{thing}: there is no such thing, or you may not do that with it"),
                "conflict" => new CliException(ExitCode.Failed, $"{thing}: somebody has changed it since ({e.Error.Text}); `iotxmpp config show {thing}` shows how it is"),
                "item-not-found" => new CliException(ExitCode.NotFound, $"{thing}: {(e.Error.Text.Length > 0 ? e.Error.Text : "there is no such version")}"),
                _ => new CliException(Errors.CodeOf(e.Error), $"{thing}: {Errors.Describe(e.Error)}"),
            };
        }
    }
}
