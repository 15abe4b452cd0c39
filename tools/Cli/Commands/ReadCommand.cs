using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Threading.Channels;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp read THING</c>: asks a thing for its values now (XEP-0323 §3.1).</summary>
internal static class ReadCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("THING") { Description = "the thing's id, or its JID" };
        var fields = new Option<string[]>("--field") { Description = "only this field; may be repeated", HelpName = "NAME" };
        var node = new Option<string?>("--node") { Description = "a thing behind this gateway", HelpName = "ID" };
        var command = new Command("read", "Ask a thing for its values now (XEP-0323)") { name, fields, node };
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) => RunAsync(client, parsed, parsed.GetValue(name)!, parsed.GetValue(fields) ?? [], parsed.GetValue(node), cancel));
        return command;
    }

    private static async Task<int> RunAsync(ClientArguments client, ParseResult parsed, string name, string[] names, string? node, CancellationToken cancel)
    {
        Screen screen = client.ScreenOf(parsed);
        // Fields come as messages, some perhaps before the answer to the request.
        var messages = Channel.CreateBounded<Element>(new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.DropOldest });
        await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel, c => c.MessageReceived += m => messages.Writer.TryWrite(m));
        (Jid thing, node) = await hub.FindAsync(name, node, cancel);
        string shown = node ?? thing.Local;
        string sequence = RandomNumberGenerator.GetInt32(1, int.MaxValue).ToString(CultureInfo.InvariantCulture);
        Element request = new Element(Ns.SensorData, "req").Set("seqnr", sequence);
        if (names.Length == 0)
        {
            request.Set("all", "true");
        }

        if (node is not null)
        {
            request.Add("node").Set("nodeId", node);
        }

        foreach (string field in names)
        {
            request.Add("field").Set("name", field);
        }

        using Progress progress = Screen.Wait($"reading {shown}");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(hub.Timeout);
        try
        {
            Element answer = await hub.AskAsync("get", thing, request, cancel);
            if (answer.ChildCount > 0 && answer.ChildAt(0).Name == "rejected")
            {
                throw new CliException(ExitCode.Failed, $"{shown} rejects the read-out: {answer.ChildAt(0).ChildText("error") ?? "no reason given"}");
            }

            int values = 0;
            for (bool done = false; !done;)
            {
                Element message = await messages.Reader.ReadAsync(limit.Token);
                (int more, done) = Show(screen, shown, thing, message, sequence, progress);
                values += more;
            }

            return values > 0 ? ExitCode.Ok : throw new CliException(ExitCode.NotFound, $"{shown} has no such value; without --field it gives all");
        }
        catch (StanzaException e)
        {
            throw Errors.OfThing(shown, "read", e.Error);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new CliException(ExitCode.TimedOut, $"{shown} accepted the read-out and sent no values within {Words.Span(hub.Timeout)}; --timeout gives more time");
        }
    }

    private static (int Values, bool Done) Show(Screen screen, string shown, Jid thing, Element message, string sequence, Progress progress)
    {
        if (!Jid.TryParse(message.Attribute("from") ?? string.Empty, out Jid? from) || !from.Bare.Equals(thing.Bare))
        {
            return (0, false);
        }

        if (message.Child(Ns.SensorData, "failure") is { } failure && failure.Attribute("seqnr") == sequence)
        {
            throw new CliException(ExitCode.Failed, $"{shown} cannot be read: {failure.ChildText("error") ?? "no reason given"}");
        }

        if (message.Child(Ns.SensorData, "done")?.Attribute("seqnr") == sequence)
        {
            return (0, true);
        }

        if (message.Child(Ns.SensorData, "fields") is not { } fields || fields.Attribute("seqnr") != sequence)
        {
            return (0, false);
        }

        int values = 0;
        foreach (ThingSample sample in ThingSample.Read(fields).Where(s => s.Fields.Count > 0))
        {
            if (values == 0)
            {
                progress.Dispose();
            }

            values += sample.Fields.Count;
            screen.Json(() => sample.ToJson("sample", shown));
            screen.Line(($"{shown}", "bold"), ($"  {Words.Clock(sample.Time)}", "dim"));
            int width = sample.Fields.Select(f => f.Name.Length).DefaultIfEmpty(0).Max();
            foreach (SampleField field in sample.Fields)
            {
                screen.Line($"  {field.Name.PadRight(width)}  {field.Value}{(field.Unit.Length > 0 ? " " + field.Unit : string.Empty)}");
            }
        }

        return (values, fields.Attribute("done") is "true" or "1");
    }
}
