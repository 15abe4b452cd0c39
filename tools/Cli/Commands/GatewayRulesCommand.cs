using System.CommandLine;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp gateway rules GATEWAY [--set FILE]</c>: its local rules, by its ad-hoc command; the gateway may be anywhere.</summary>
internal static class GatewayRulesCommand
{
    public static Command Create()
    {
        var gateway = new Argument<string>("GATEWAY") { Description = "the gateway's id or JID" };
        var set = new Option<string?>("--set") { Description = "take the rules of this file, one a line (- is standard input); without it those that hold are shown", HelpName = "FILE" };
        var command = new Command("rules", "Show or set a gateway's local rules (over XMPP: the gateway may be anywhere)") { gateway, set };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            string? file = parsed.GetValue(set);
            string? text = file switch
            {
                null => null,
                "-" => await Console.In.ReadToEndAsync(cancel),
                _ when File.Exists(file) => await File.ReadAllTextAsync(file, cancel),
                _ => throw new CliException(ExitCode.Usage, $"there is no file {file}"),
            };
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            Element request = new Element(Ns.Commands, "command").Set("node", "rules").Set("action", text is null ? "execute" : "complete");
            if (text is not null)
            {
                Element field = request.Add(Ns.DataForms, "x").Set("type", "submit").Add("field").Set("var", "rules");
                foreach (string line in text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n'))
                {
                    field.Add("value").WithText(line);
                }
            }

            Element answer;
            try
            {
                answer = (await hub.AskAsync("set", hub.ThingOf(parsed.GetValue(gateway)!), request, cancel)).Child(Ns.Commands, "command")
                    ?? throw new CliException(ExitCode.Failed, "it does not answer as XEP-0050 says; is it an IotXmpp gateway?");
            }
            catch (StanzaException e) when (e.Error.Condition == "bad-request" && e.Error.Text.Length > 0)
            {
                throw new CliException(ExitCode.Failed, $"the rules are refused, and those that hold stay: {e.Error.Text}");
            }
            catch (StanzaException e) when (e.Error.Condition == "item-not-found")
            {
                throw new CliException(ExitCode.NotFound, $"{parsed.GetValue(gateway)} has no rules: it is no gateway");
            }

            if (text is not null)
            {
                screen.Json(() => new JsonObject { ["event"] = "rules-set", ["text"] = answer.ChildText("note") });
                screen.Line(answer.ChildText("note") ?? "done");
                return ExitCode.Ok;
            }

            string[] rules = [.. answer.Child(Ns.DataForms, "x")?.Children().Where(f => f.Attribute("var") == "rules").SelectMany(f => f.Children()).Where(v => v.Name == "value").Select(v => v.Text) ?? []];
            screen.Json(() => new JsonObject { ["event"] = "rules", ["rules"] = new JsonArray([.. rules.Select(r => (JsonNode)JsonValue.Create(r)!)]) });
            foreach (string rule in rules)
            {
                screen.Line(rule);
            }

            return ExitCode.Ok;
        });
        return command;
    }
}
