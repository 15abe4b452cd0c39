using System.CommandLine;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Hub.Features.Control;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp form THING</c>: what can be set on it (XEP-0325 §3.5).</summary>
internal static class FormCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("THING") { Description = "the thing's id, or its JID" };
        var node = new Option<string?>("--node") { Description = "a thing behind this gateway", HelpName = "ID" };
        var command = new Command("form", "Show what can be set on a thing: types, ranges, values now (XEP-0325)") { name, node };
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) => RunAsync(client, parsed, parsed.GetValue(name)!, parsed.GetValue(node), cancel));
        return command;
    }

    /// <summary>Asks for the form.</summary>
    internal static async Task<IReadOnlyList<ControlField>> GetAsync(HubClient hub, Jid thing, string? node, CancellationToken cancel)
    {
        var request = new Element(Ns.Control, "getForm");
        if (node is not null)
        {
            request.Add("node").Set("nodeId", node);
        }

        try
        {
            Element answer = await hub.AskAsync("get", thing, request, cancel);
            return answer.Child(Ns.DataForms, "x") is { } form
                ? ControlField.Read(form)
                : throw new CliException(ExitCode.Failed, $"{thing.Local} answered without a form; is it a thing?");
        }
        catch (StanzaException e)
        {
            throw Errors.OfThing(thing.Local, "see the form of", e.Error);
        }
    }

    private static async Task<int> RunAsync(ClientArguments client, ParseResult parsed, string name, string? node, CancellationToken cancel)
    {
        Screen screen = client.ScreenOf(parsed);
        await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
        (Jid thing, node) = await hub.FindAsync(name, node, cancel);
        string shown = node ?? thing.Local;
        IReadOnlyList<ControlField> fields;
        using (Screen.Wait($"asking {shown} for its form"))
        {
            fields = await GetAsync(hub, thing, node, cancel);
        }

        foreach (ControlField field in fields)
        {
            screen.Json(() => field.ToJson(shown));
        }

        if (fields.Count == 0)
        {
            screen.Line($"Nothing can be set on {shown}.");
            return ExitCode.Ok;
        }

        screen.Table(
            ["PARAMETER", "TYPE", "RANGE", "NOW", "WHAT"],
            [.. fields.Select(f => new (string, string?)[]
            {
                (f.Name, "bold"),
                (f.Element, null),
                (f.Range.Length > 0 ? f.Range : "–", null),
                (f.Value ?? "–", null),
                (f.Label, null),
            })]);
        return ExitCode.Ok;
    }
}
