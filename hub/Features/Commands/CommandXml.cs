using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>The elements of <c>urn:iotxmpp:command:1</c>, read and written; the one place where outcomes become stanza errors.</summary>
public static class CommandXml
{
    /// <summary>Characters of what a thing says that are kept (512).</summary>
    private const int MaxText = 512;

    /// <summary>The word for a state.</summary>
    public static string Word(CommandState state) => state switch
    {
        CommandState.Queued => "queued",
        CommandState.Sent => "sent",
        CommandState.Done => "done",
        CommandState.Failed => "failed",
        CommandState.Expired => "expired",
        _ => "cancelled",
    };

    /// <summary>The state that a word means.</summary>
    public static bool TryState(string word, out CommandState state)
    {
        for (state = CommandState.Queued; state <= CommandState.Cancelled; state++)
        {
            if (Word(state) == word)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The word for a way.</summary>
    public static string Word(CommandWay way) => way switch
    {
        CommandWay.Queued => "queue",
        CommandWay.Direct => "direct",
        _ => "ad-hoc",
    };

    /// <summary>The way that a word means.</summary>
    public static bool TryWay(string word, out CommandWay way)
    {
        for (way = CommandWay.Queued; way <= CommandWay.AdHoc; way++)
        {
            if (Word(way) == word)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The word for a batch's state.</summary>
    public static string Word(BatchState state) => state switch
    {
        BatchState.Running => "running",
        BatchState.Done => "done",
        BatchState.Stopped => "stopped",
        BatchState.Expired => "expired",
        _ => "cancelled",
    };

    /// <summary>The stanza error of an outcome that is not <see cref="CommandOutcome.Done"/>.</summary>
    public static StanzaError Error(CommandOutcome outcome, string text)
    {
        StanzaError error = outcome switch
        {
            CommandOutcome.Forbidden => StanzaError.Forbidden,
            CommandOutcome.NotFound => StanzaError.ItemNotFound,
            CommandOutcome.BadRequest => StanzaError.BadRequest,
            CommandOutcome.Conflict => StanzaError.Conflict,
            CommandOutcome.TooMany => StanzaError.ResourceConstraint,
            CommandOutcome.TooLate => StanzaError.UnexpectedRequest.With(StanzaErrorType.Cancel).With("It was sent already, or has come to its end."),
            _ => StanzaError.InternalServerError,
        };
        return text is { Length: > 0 } ? error.With(text) : error;
    }

    /// <summary>Writes a command with its states and their times; secrets without their values.</summary>
    public static void Write(XmlBuilder xml, ThingCommand command)
    {
        ArgumentNullException.ThrowIfNull(xml);
        ArgumentNullException.ThrowIfNull(command);
        xml.Open("command"u8, Ns.Command).Attribute("id"u8, command.Id).Attribute("thing"u8, command.Thing).Attribute("by"u8, command.By.ToString()).Attribute("state"u8, Word(command.State));
        if (command.Way == CommandWay.Queued)
        {
            xml.Attribute("expires"u8, Time(command.Expires));
        }
        else
        {
            xml.Attribute("way"u8, Word(command.Way));
        }

        Optional(xml, "key"u8, command.DedupeKey);
        Optional(xml, "batch"u8, command.Batch);
        Optional(xml, "node"u8, command.Node);
        xml.Open("queued"u8).Attribute("at"u8, Time(command.Queued)).Close("queued"u8);
        if (command.Sent is { } sent)
        {
            xml.Open("sent"u8).Attribute("at"u8, Time(sent)).Attribute("attempts"u8, (long)command.Attempts).Close("sent"u8);
        }

        if (command.IsEnded && command.Ended is { } ended)
        {
            byte[] name = System.Text.Encoding.UTF8.GetBytes(Word(command.State));
            xml.Open(name).Attribute("at"u8, Time(ended));
            Optional(xml, "condition"u8, command.Error);
            if (command.Text.Length > 0)
            {
                xml.Text(command.Text);
            }

            xml.Close(name);
        }

        if (command.Parameters.Count > 0)
        {
            xml.Open("set"u8, Ns.Control);
            ParameterText.WriteParameters(xml, command.Parameters, masked: true);
            xml.Close("set"u8);
        }

        xml.Close("command"u8);
    }

    /// <summary>A command as one element.</summary>
    public static byte[] ToBytes(ThingCommand command)
    {
        using var xml = new XmlBuilder();
        Write(xml, command);
        return xml.ToArray();
    }

    /// <summary>Writes a batch with its figures.</summary>
    public static void Write(XmlBuilder xml, Batch batch)
    {
        ArgumentNullException.ThrowIfNull(xml);
        ArgumentNullException.ThrowIfNull(batch);
        xml.Open("batch"u8, Ns.Command).Attribute("id"u8, batch.Id).Attribute("by"u8, batch.By.ToString()).Attribute("state"u8, Word(batch.State)).Attribute("at"u8, Time(batch.Asked)).Attribute("expires"u8, Time(batch.Expires));
        Optional(xml, "ended"u8, batch.Ended is { } ended ? Time(ended) : string.Empty);
        Optional(xml, "group"u8, batch.Target);
        xml.Attribute("rate"u8, (long)batch.Rule.PerMinute).Attribute("parallel"u8, (long)batch.Rule.Parallel).Attribute("failures"u8, (long)batch.Rule.Failures).Attribute("percent"u8, (long)batch.Rule.Percent);
        BatchProgress p = batch.Progress;
        xml.Open("progress"u8).Attribute("things"u8, (long)p.Things).Attribute("waiting"u8, (long)p.Waiting).Attribute("queued"u8, (long)p.Queued).Attribute("sent"u8, (long)p.Sent).Attribute("done"u8, (long)p.Done)
            .Attribute("failed"u8, (long)p.Failed).Attribute("expired"u8, (long)p.Expired).Attribute("cancelled"u8, (long)p.Cancelled).Close("progress"u8);
        xml.Text("text"u8, batch.Text.Length > 0 ? batch.Text : null);
        xml.Open("set"u8, Ns.Control);
        ParameterText.WriteParameters(xml, batch.Parameters, masked: true);
        xml.Close("set"u8).Close("batch"u8);
    }

    /// <summary>How a thing's answer to a command is to be taken.</summary>
    public static (CommandState State, string Error, string Text) Outcome(Stanza answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        if (answer.Type == StanzaType.Result)
        {
            Element? child = answer.Child();
            // XEP-0325 §3.2: a response may carry a code. XEP-0050 §2.4: a note of type error says that it was not done.
            if (child is not null && child.Name == "setResponse" && child["responseCode"] is { } code && code != "OK")
            {
                return (CommandState.Failed, code == "InsufficientPrivileges" ? "forbidden" : code == "NotFound" ? "item-not-found" : "undefined-condition", Short(child.Child("error")?.Text ?? code));
            }

            return child is { Name: "command" } && child.Children.FirstOrDefault(c => c.Name == "note" && c["type"] == "error") is { } note
                ? (CommandState.Failed, "undefined-condition", Short(note.Text))
                : (CommandState.Done, string.Empty, string.Empty);
        }

        Element? error = null;
        XmlSpanReader reader = answer.ReadInner();
        while (reader.Read())
        {
            if (reader.IsStart("error"u8))
            {
                error = Element.Read(ref reader);
            }
            else if (reader.Node == XmlNode.Start)
            {
                reader.Skip();
            }
        }

        string condition = error?.Children.FirstOrDefault(c => c.Namespace == Ns.StanzaErrors && c.Name != "text")?.Name ?? "undefined-condition";
        Element? parameter = error?.Child("paramError", Ns.Control);
        string text = parameter is { Text.Length: > 0 } ? $"{parameter["var"]} {parameter.Text}" : error?.Child("text", Ns.StanzaErrors)?.Text ?? string.Empty;
        return (CommandState.Failed, Short(condition), Short(text));
    }

    /// <summary>Reads what of the audit is wanted.</summary>
    public static bool TryQuery(Element request, [NotNullWhen(true)] out AuditQuery? query)
    {
        ArgumentNullException.ThrowIfNull(request);
        query = null;
        Jid? by = null;
        CommandState? state = null;
        CommandWay? way = null;
        if (request["by"] is { } person && !JidPrep.TryParse(person, out by))
        {
            return false;
        }

        if (request["state"] is { } word)
        {
            if (!TryState(word, out CommandState known))
            {
                return false;
            }

            state = known;
        }

        if (request["way"] is { } how)
        {
            if (!TryWay(how, out CommandWay known))
            {
                return false;
            }

            way = known;
        }

        if (!TryTime(request["start"], out DateTimeOffset? from) || !TryTime(request["end"], out DateTimeOffset? to))
        {
            return false;
        }

        Element? page = request.Child("set", Ns.Rsm);
        long? before = null;
        int max = 50;
        if (page?.Child("after")?.Text is { Length: > 0 } after)
        {
            if (!long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out long cursor))
            {
                return false;
            }

            before = cursor;
        }

        if (page?.Child("max")?.Text is { } most && (!int.TryParse(most, NumberStyles.None, CultureInfo.InvariantCulture, out max) || max < 1))
        {
            return false;
        }

        query = new AuditQuery { Thing = request["thing"], By = by, State = state, Way = way, From = from, To = to, Batch = request["batch"], Before = before, Max = Math.Min(max, 100) };
        return true;
    }

    internal static string Time(DateTimeOffset time) => TimeFormat.Text(time.ToUnixTimeMilliseconds());

    internal static bool TryTime(string? text, out DateTimeOffset? time)
    {
        time = null;
        if (text is null)
        {
            return true;
        }

        if (!TimeFormat.TryParse(text, out long milliseconds))
        {
            return false;
        }

        time = DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
        return true;
    }

    private static void Optional(XmlBuilder xml, ReadOnlySpan<byte> name, string value)
    {
        if (value.Length > 0)
        {
            xml.Attribute(name, value);
        }
    }

    private static string Short(string text)
    {
        text = text.Trim();
        return text.Length <= MaxText ? text : text[..MaxText];
    }
}
