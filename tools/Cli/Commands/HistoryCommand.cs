using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Hub.Features.Inventory;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp history THING</c>: what the hub has kept of a thing's samples (XEP-0323 at the hub's registry).</summary>
internal static class HistoryCommand
{
    private static readonly string[] s_every = ["second", "minute", "hour", "day"];

    public static Command Create()
    {
        var name = new Argument<string[]>("THING") { Description = "the things' ids", Arity = ArgumentArity.OneOrMore };
        var fields = new Option<string[]>("--field") { Description = "only this field; may be repeated", HelpName = "NAME" };
        Option<TimeSpan> last = Durations.Option("--last", "how far back from now, or from --to", TimeSpan.FromHours(1));
        var from = new Option<string?>("--from") { Description = "from when: a time such as 2026-11-20T12:00:00Z; instead of --last", HelpName = "TIME" };
        var to = new Option<string?>("--to") { Description = "until when (default: now)", HelpName = "TIME" };
        var every = new Option<string?>("--every") { Description = "one value each second, minute, hour or day, with the lowest and the highest, instead of every sample", HelpName = "SPAN" };
        every.AcceptOnlyFromAmong(s_every);
        var latest = new Option<bool>("--latest") { Description = "the latest value of each field only" };
        var csv = new Option<bool>("--csv") { Description = "comma-separated lines: time,thing,field,value,unit" };
        var command = new Command("history", "Show what the hub has kept of things' samples, each with its own time") { name, fields, last, from, to, every, latest, csv };
        var client = new ClientArguments(command);
        command.Validators.Add(result =>
        {
            foreach (Option<string?> time in (Option<string?>[])[from, to])
            {
                if (result.GetValue(time) is { } text && !TimeFormat.TryParse(text, out _))
                {
                    result.AddError($"'{text}' is no time: {time.Name} expects one such as 2026-11-20T12:00:00Z");
                }
            }

            if (result.GetValue(latest) && (result.GetValue(every) is not null || result.GetValue(from) is not null || result.GetValue(to) is not null))
            {
                result.AddError("--latest is of now: it goes with no --from, --to and --every");
            }
        });
        command.SetAction((parsed, cancel) =>
        {
            DateTimeOffset end = TimeOf(parsed.GetValue(to)) ?? DateTimeOffset.UtcNow;
            Element request = new(Ns.SensorData, "req");
            if (parsed.GetValue(latest))
            {
                request.Set("momentary", "true");
            }
            else
            {
                request.Set(parsed.GetValue(every) is { } span ? "historical" + char.ToUpperInvariant(span[0]) + span[1..] : "historical", "true")
                    .Set("from", Words.Stamp(TimeOf(parsed.GetValue(from)) ?? end - parsed.GetValue(last))).Set("to", Words.Stamp(end));
            }

            return RunAsync(client, parsed, request, parsed.GetValue(name)!, parsed.GetValue(fields) ?? [], parsed.GetValue(csv), cancel);
        });
        return command;
    }

    private static DateTimeOffset? TimeOf(string? text) => text is not null && TimeFormat.TryParse(text, out long ms) ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;

    private static async Task<int> RunAsync(ClientArguments client, ParseResult parsed, Element request, string[] names, string[] fields, bool csv, CancellationToken cancel)
    {
        var output = new Output(client.ScreenOf(parsed), csv);
        string sequence = RandomNumberGenerator.GetInt32(1, int.MaxValue).ToString(CultureInfo.InvariantCulture);
        request.Set("seqnr", sequence);
        // Shown as it comes: what is not read yet stays at the hub.
        await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel, c => c.MessageReceived += message => output.Take(message, sequence));
        foreach (string name in names)
        {
            request.Add("node").Set("nodeId", hub.IdOf(name));
        }

        foreach (string field in fields)
        {
            request.Add("field").Set("name", field);
        }

        using Progress progress = Screen.Wait("reading the history");
        try
        {
            await hub.AskAsync("get", hub.Things, request, cancel);
        }
        catch (StanzaException e) when (e.Error.Condition is "service-unavailable" or "feature-not-implemented")
        {
            throw new CliException(ExitCode.Failed, $"{hub.Things} keeps no history");
        }
        catch (StanzaException e) when (e.Error.Condition == "forbidden")
        {
            throw new CliException(ExitCode.Forbidden, $"{string.Join(", ", names)}: there is no such thing, or you may not read it");
        }

        for (int before = -1; !output.Done.IsCompleted;)
        {
            if (before == output.Messages)
            {
                throw new CliException(ExitCode.TimedOut, $"the hub sent nothing for {Words.Span(hub.Timeout)}; --timeout gives more time");
            }

            before = output.Messages;
            await Task.WhenAny(output.Done, Task.Delay(hub.Timeout, cancel));
            cancel.ThrowIfCancellationRequested();
        }

        if (await output.Done is { } failure)
        {
            throw new CliException(ExitCode.Failed, failure);
        }

        return output.Values > 0 ? ExitCode.Ok : throw new CliException(ExitCode.NotFound, "there are no samples of that; --last, --from and --to say of when, without --field it is all fields");
    }

    /// <summary>Writes samples as they come.</summary>
    private sealed class Output(Screen screen, bool csv)
    {
        private readonly TaskCompletionSource<string?> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Ends with null when all has come, or with what went wrong.</summary>
        public Task<string?> Done => _done.Task;

        public int Messages { get; private set; }

        public int Values { get; private set; }

        public void Take(Element message, string sequence)
        {
            if (message.Child(Ns.SensorData, "failure") is { } failure && failure.Attribute("seqnr") == sequence)
            {
                _done.TrySetResult(failure.ChildText("error") ?? "the history cannot be read now");
            }
            else if (message.Child(Ns.SensorData, "done")?.Attribute("seqnr") == sequence)
            {
                _done.TrySetResult(null);
            }
            else if (message.Child(Ns.SensorData, "fields") is { } fields && fields.Attribute("seqnr") == sequence)
            {
                Messages++;
                foreach (ThingSample sample in ThingSample.Read(fields))
                {
                    Write(sample);
                }
            }
        }

        private void Write(ThingSample sample)
        {
            if (csv && Values == 0)
            {
                screen.Line("time,thing,field,value,unit");
            }

            Values += sample.Fields.Count;
            if (csv)
            {
                foreach (SampleField field in sample.Fields)
                {
                    screen.Line($"{Words.Stamp(sample.Time)},{Cell(sample.Node)},{Cell(field.Name)},{(field.Kind == "enum" ? Cell(field.Value) : field.Value)},{Cell(field.Unit)}");
                }

                return;
            }

            screen.Json(() => sample.ToJson("sample", sample.Node));
            screen.Line(($"{sample.Time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)}  ", "dim"), (sample.Node.PadRight(14), "bold"), ("  " + sample.Text, "cyan"));
        }

        // What a thing calls itself is text, also for a program that would take it for a formula.
        private static string Cell(string text)
        {
            if (Csv.BeginsFormula(text))
            {
                text = "'" + text;
            }

            return text.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
        }
    }
}
