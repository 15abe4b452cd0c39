using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp claim KEY|--qr FILE</c>: a thing becomes yours (XEP-0347 §3.8).</summary>
internal static class ClaimCommand
{
    public static Command Create()
    {
        var code = new Argument<string?>("KEY") { Description = "the whole code (IoTDisco;SN:…;KEY:…), or its KEY with --sn, --man and --model as the label has them", Arity = ArgumentArity.ZeroOrOne };
        var qr = new Option<string?>("--qr") { Description = "a file with the code: text, or a PNG or JPEG picture of it", HelpName = "FILE" };
        var sn = new Option<string?>("--sn") { Description = "with a KEY: the serial number", HelpName = "TEXT" };
        var man = new Option<string?>("--man") { Description = "with a KEY: the manufacturer", HelpName = "TEXT" };
        var model = new Option<string?>("--model") { Description = "with a KEY: the model", HelpName = "TEXT" };
        var open = new Option<bool>("--public") { Description = "let everybody on the hub find it by a search; without it only you know of it" };
        var command = new Command("claim", "Make a thing yours by the code on its label") { code, qr, sn, man, model, open };
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) => RunAsync(
            client, parsed, Read(parsed.GetValue(code), parsed.GetValue(qr), parsed.GetValue(sn), parsed.GetValue(man), parsed.GetValue(model)), parsed.GetValue(open), cancel));
        return command;
    }

    private static MetaTags Read(string? code, string? qr, string? sn, string? man, string? model)
    {
        if ((code is null) == (qr is null))
        {
            throw new CliException(ExitCode.Usage, "give the code, or --qr and a file that shows it");
        }

        bool isKey = code is not null && !code.TrimStart().StartsWith("IoTDisco", StringComparison.Ordinal);
        if (!isKey)
        {
            return sn is null && man is null && model is null
                ? ClaimCode.Parse(qr is null ? code! : ClaimCode.ReadFile(qr))
                : throw new CliException(ExitCode.Usage, "--sn, --man and --model go with a KEY alone: the whole code has them already");
        }

        var tags = new MetaTags();
        foreach ((string name, string? value) in new[] { ("SN", sn), ("MAN", man), ("MODEL", model), (MetaTags.Key, code!.Trim()) })
        {
            if (value is not null && tags.Add(name, value, isNumeric: false) is { } wrong)
            {
                throw new CliException(ExitCode.Usage, wrong.TrimEnd('.'));
            }
        }

        return string.IsNullOrEmpty(tags.Secret) ? throw new CliException(ExitCode.Usage, "the KEY is empty") : tags;
    }

    private static async Task<int> RunAsync(ClientArguments client, ParseResult parsed, MetaTags tags, bool isPublic, CancellationToken cancel)
    {
        Screen screen = client.ScreenOf(parsed);
        await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
        Element mine = new Element(Ns.IotDiscovery, "mine").Set("public", isPublic ? "true" : "false");
        foreach (MetaTag tag in tags.Tags)
        {
            mine.Add(tag.Number is null ? "str" : "num").Set("name", tag.Name).Set("value", tag.Number?.ToString("R", CultureInfo.InvariantCulture) ?? tag.Value);
        }

        mine.Add("str").Set("name", MetaTags.Key).Set("value", tags.Secret!);
        Element answer = await hub.AskWholeAsync("set", hub.Things, mine, cancel);
        if (answer.Attribute("type") != "result")
        {
            throw Refused(hub, answer);
        }

        Element? claimed = answer.Child(Ns.IotDiscovery, "claimed");
        string jid = claimed?.Attribute("jid") ?? string.Empty;
        string? node = claimed?.Attribute("nodeId") is { Length: > 0 } behind ? behind : null;
        string thing = node ?? (Jid.TryParse(jid, out Jid? address) ? address.Local : jid);
        screen.Json(() => new JsonObject { ["event"] = "claimed", ["thing"] = thing, ["jid"] = jid, ["node"] = node, ["owner"] = hub.Connection.Jid.Bare.ToString(), ["public"] = isPublic });
        screen.Line($"{thing} is yours{(node is null ? string.Empty : $", behind {jid}")}; iotxmpp things shows it, iotxmpp thing rename {thing} NAME gives it a name");
        return ExitCode.Ok;
    }

    private static CliException Refused(HubClient hub, Element answer)
    {
        Element? error = answer.Child(Ns.Client, "error");
        string condition = error?.Children().FirstOrDefault(c => c.Namespace == Ns.StanzaErrors && c.Name != "text")?.Name ?? "undefined-condition";
        string text = error?.Child(Ns.StanzaErrors, "text")?.Text ?? condition;
        return condition switch
        {
            "item-not-found" => new CliException(ExitCode.NotFound, "nothing can be claimed by this code: it is mistyped, the thing was never here, or it is somebody else's; give all of the code as the label has it"),
            "resource-constraint" => new CliException(ExitCode.Failed, text.TrimEnd('.')),
            "service-unavailable" or "remote-server-not-found" => new CliException(ExitCode.Failed, $"{hub.Things} does not answer ({condition}): the server is no IotXmpp hub, or an older one"),
            _ => new CliException(Errors.CodeOf(StanzaError.Find(condition) ?? StanzaError.UndefinedCondition), text.TrimEnd('.')),
        };
    }
}
