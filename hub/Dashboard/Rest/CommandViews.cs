using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Features.Commands;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>A parameter with its value.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type (XEP-0325): boolean, int, long, double, string, date, time, dateTime, duration, color.</param>
/// <param name="Value">Its value as on the wire; null where it is secret.</param>
/// <param name="Secret">Whether nobody is told the value.</param>
public sealed record ParameterView(string Name, string Type, string? Value, bool Secret)
{
    /// <summary>Parameters as they are told.</summary>
    public static IReadOnlyList<ParameterView> Of(IReadOnlyList<CommandParameter> parameters) => [.. parameters.Select(p => new ParameterView(p.Name, p.Type, p.IsSecret ? null : p.Value, p.IsSecret))];
}

/// <summary>A parameter that shall be set.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value: a truth, a number, or a text.</param>
/// <param name="Type">Its type where the value does not say it; null for what the value is, or what the thing's form says.</param>
public sealed record ParameterWish(string Name, JsonElement Value, string? Type = null)
{
    /// <summary>Reads parameters.</summary>
    /// <returns>The parameters, or the refusal.</returns>
    public static (IReadOnlyList<CommandParameter> Parameters, RestProblem? Refusal) Read(IReadOnlyList<ParameterWish> wishes, string where)
    {
        ArgumentNullException.ThrowIfNull(wishes);
        var parameters = new List<CommandParameter>();
        for (int i = 0; i < wishes.Count; i++)
        {
            ParameterWish wish = wishes[i];
            (string? type, string? value) = wish.Value.ValueKind switch
            {
                JsonValueKind.True => ("boolean", "true"),
                JsonValueKind.False => ("boolean", "false"),
                JsonValueKind.Number when wish.Value.TryGetInt32(out int number) => ("int", number.ToString(CultureInfo.InvariantCulture)),
                JsonValueKind.Number when wish.Value.TryGetInt64(out long number) => ("long", number.ToString(CultureInfo.InvariantCulture)),
                JsonValueKind.Number when wish.Value.TryGetDouble(out double number) && double.IsFinite(number) => ("double", number.ToString("R", CultureInfo.InvariantCulture)),
                JsonValueKind.String => ("string", wish.Value.GetString()),
                _ => ((string?)null, (string?)null),
            };
            if (type is null || value is null)
            {
                return ([], RestProblem.Invalid(string.Create(CultureInfo.InvariantCulture, $"$.{where}[{i}].value"), "It is a truth, a number or a text."));
            }

            parameters.Add(new CommandParameter(wish.Name, wish.Type ?? type, value));
        }

        return (parameters, null);
    }
}

/// <summary>A command and what has become of it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Thing">The thing.</param>
/// <param name="By">Who gave it.</param>
/// <param name="Way">On which way it came.</param>
/// <param name="State">How it stands.</param>
/// <param name="Parameters">What is set.</param>
/// <param name="AdHocCommand">The ad-hoc command that was run; null for a set.</param>
/// <param name="Queued">When it was taken.</param>
/// <param name="Sent">When it was first sent.</param>
/// <param name="Ended">When it came to its end.</param>
/// <param name="Expires">Until when it is sent; null for a direct one.</param>
/// <param name="Attempts">How often it was sent.</param>
/// <param name="Error">The condition of its failure.</param>
/// <param name="Text">What is told of it.</param>
/// <param name="Key">The key against doubles.</param>
/// <param name="Batch">The batch that it belongs to.</param>
/// <param name="Milliseconds">How long it took from the first sending to its end.</param>
public sealed record CommandView(
    string Id, string Thing, string By, [property: JsonConverter(typeof(RestWord<CommandWay>))] CommandWay Way, [property: JsonConverter(typeof(RestWord<CommandState>))] CommandState State, IReadOnlyList<ParameterView> Parameters,
    string? AdHocCommand, DateTime Queued, DateTime? Sent, DateTime? Ended, DateTime? Expires, int Attempts, string? Error, string? Text, string? Key, string? Batch, long? Milliseconds)
{
    /// <summary>A command as it is told.</summary>
    public static CommandView Of(ThingCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        static string? Optional(string text) => text.Length > 0 ? text : null;
        return new CommandView(
            command.Id, command.Thing, command.By.ToString(), command.Way, command.State, ParameterView.Of(command.Parameters), Optional(command.Node), command.Queued.UtcDateTime, command.Sent?.UtcDateTime,
            command.Ended?.UtcDateTime, command.Way == CommandWay.Queued ? command.Expires.UtcDateTime : null, command.Attempts, Optional(command.Error), Optional(command.Text), Optional(command.DedupeKey), Optional(command.Batch),
            command.Took is { } took ? (long)took.TotalMilliseconds : null);
    }
}

/// <summary>A command that shall be given.</summary>
/// <param name="Parameters">What is to be set.</param>
/// <param name="TtlSeconds">For how long it may wait for the thing; null for the usual time.</param>
/// <param name="Key">Asking again with the same key gives the same command as long as that is open; null for none.</param>
public sealed record CommandWish(IReadOnlyList<ParameterWish> Parameters, int? TtlSeconds = null, string? Key = null);

/// <summary>How long commands took in the last hour, from the sending to the thing's answer.</summary>
/// <param name="Count">How many.</param>
/// <param name="P50Milliseconds">What half of them did not exceed.</param>
/// <param name="P99Milliseconds">What 99 of 100 did not exceed.</param>
public sealed record LatencyView(int Count, double P50Milliseconds, double P99Milliseconds)
{
    /// <summary>As it is told.</summary>
    public static LatencyView Of(Latency latency) => new(latency.Count, Math.Round(latency.P50.TotalMilliseconds, 1), Math.Round(latency.P99.TotalMilliseconds, 1));
}

/// <summary>A parameter as a thing's form describes it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type.</param>
/// <param name="Label">Words for people.</param>
/// <param name="Minimum">The least value; null for none.</param>
/// <param name="Maximum">The greatest value; null for none.</param>
/// <param name="Options">The values to choose from; null for any.</param>
/// <param name="Secret">Whether its value is nobody's to see.</param>
/// <param name="Value">Its value now; null where the thing was not asked.</param>
public sealed record FormParameterView(string Name, string Type, string? Label, string? Minimum, string? Maximum, IReadOnlyList<string>? Options, bool Secret, string? Value);

/// <summary>What can be set on a thing.</summary>
/// <param name="Thing">The thing.</param>
/// <param name="Parameters">Its parameters, in its own order.</param>
public sealed record FormView(string Thing, IReadOnlyList<FormParameterView> Parameters);

/// <summary>How a batch goes, and when it stops by itself.</summary>
/// <param name="PerMinute">Things a minute; 0 for as many as there are.</param>
/// <param name="Parallel">Things that are at it at a time.</param>
/// <param name="Failures">It stops when so many have failed; 0 for never.</param>
/// <param name="Percent">It stops when so many of 100 that have ended have failed; 0 for never.</param>
public sealed record BatchRuleView(int PerMinute, int Parallel, int Failures, int Percent);

/// <summary>How many things of a batch are how far.</summary>
public sealed record BatchProgressView(int Things, int Waiting, int Queued, int Sent, int Done, int Failed, int Expired, int Cancelled);

/// <summary>One command to many things.</summary>
/// <param name="Id">Its id.</param>
/// <param name="By">Who gave it.</param>
/// <param name="Group">The group that was meant; null for a list.</param>
/// <param name="State">How it stands.</param>
/// <param name="Parameters">What is set.</param>
/// <param name="Rule">How it goes.</param>
/// <param name="Progress">How far it is.</param>
/// <param name="Asked">When it was taken.</param>
/// <param name="Expires">Until when things may come.</param>
/// <param name="Ended">When it came to its end.</param>
/// <param name="Text">Why it has stopped.</param>
public sealed record BatchView(
    string Id, string By, string? Group, [property: JsonConverter(typeof(RestWord<BatchState>))] BatchState State, IReadOnlyList<ParameterView> Parameters, BatchRuleView Rule, BatchProgressView Progress, DateTime Asked, DateTime Expires,
    DateTime? Ended, string? Text)
{
    /// <summary>A batch as it is told.</summary>
    public static BatchView Of(Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        BatchProgress p = batch.Progress;
        return new BatchView(
            batch.Id, batch.By.ToString(), batch.Target.Length > 0 ? batch.Target : null, batch.State, ParameterView.Of(batch.Parameters), new BatchRuleView(batch.Rule.PerMinute, batch.Rule.Parallel, batch.Rule.Failures, batch.Rule.Percent),
            new BatchProgressView(p.Things, p.Waiting, p.Queued, p.Sent, p.Done, p.Failed, p.Expired, p.Cancelled), batch.Asked.UtcDateTime, batch.Expires.UtcDateTime, batch.Ended?.UtcDateTime, batch.Text.Length > 0 ? batch.Text : null);
    }
}

/// <summary>A batch that shall begin.</summary>
/// <param name="Parameters">What is to be set.</param>
/// <param name="Things">The things; null for a group.</param>
/// <param name="Group">The group; null for a list.</param>
/// <param name="PerMinute">Things a minute; 60 where it is not given.</param>
/// <param name="Parallel">Things at a time; 10.</param>
/// <param name="Failures">Stops at so many failures; 0, never.</param>
/// <param name="Percent">Stops at so many failures of 100; 20.</param>
/// <param name="TtlSeconds">For how long things may come.</param>
public sealed record BatchWish(
    IReadOnlyList<ParameterWish> Parameters, IReadOnlyList<string>? Things = null, string? Group = null, int? PerMinute = null, int? Parallel = null, int? Failures = null, int? Percent = null, int? TtlSeconds = null);

/// <summary>A thing of a batch.</summary>
/// <param name="Thing">The thing.</param>
/// <param name="State">How its command stands: <c>waiting</c> before it has one.</param>
/// <param name="Command">The command's id.</param>
/// <param name="Error">The condition of its failure.</param>
/// <param name="Text">What is told of it.</param>
public sealed record BatchThingView(string Thing, string State, string? Command, string? Error, string? Text);

/// <summary>JSON of commands.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(CommandView))]
[JsonSerializable(typeof(CommandWish))]
[JsonSerializable(typeof(RestPage<CommandView>))]
[JsonSerializable(typeof(LatencyView))]
[JsonSerializable(typeof(FormView))]
[JsonSerializable(typeof(BatchView))]
[JsonSerializable(typeof(BatchWish))]
[JsonSerializable(typeof(RestPage<BatchView>))]
[JsonSerializable(typeof(RestPage<BatchThingView>))]
internal sealed partial class CommandJson : JsonSerializerContext;
