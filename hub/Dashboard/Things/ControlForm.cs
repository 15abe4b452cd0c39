using System.Globalization;
using IotXmpp.Hub.Dashboard.Live;
using IotXmpp.Hub.Features.Control;
using IotXmpp.Hub.Features.Registry;
using Tree = IotXmpp.Xml.Element;

namespace IotXmpp.Hub.Dashboard.Things;

/// <summary>Asks as the signed-in person, by their own session: the hub judges it as any client's request.</summary>
/// <param name="to">Who is asked.</param>
/// <param name="isSet">Whether it is a set.</param>
/// <param name="payload">The request.</param>
/// <param name="cancel">Gives up.</param>
public delegate Task<IqAnswer> AskThing(Jid to, bool isSet, Element payload, CancellationToken cancel);

/// <summary>How a command stands.</summary>
public enum CommandState
{
    /// <summary>It is on its way.</summary>
    Sent,

    /// <summary>The thing has done it.</summary>
    Done,

    /// <summary>It was refused, or nothing came back.</summary>
    Failed,

    /// <summary>It waits at the hub until the thing is there.</summary>
    Queued,

    /// <summary>The thing did not come in time.</summary>
    Expired,

    /// <summary>Somebody took it back.</summary>
    Cancelled,
}

/// <summary>A command and what became of it, as it happened.</summary>
/// <param name="Words">What was to be set, secrets left out.</param>
/// <param name="SentAt">When.</param>
/// <param name="State">How it stands.</param>
/// <param name="EndedAt">When it was done or failed; null while it is on its way.</param>
/// <param name="Text">Why it failed, in words.</param>
public sealed record CommandRun(string Words, DateTimeOffset SentAt, CommandState State, DateTimeOffset? EndedAt = null, string Text = "")
{
    /// <summary>How long it took; null while it is on its way, and where it waited at the hub.</summary>
    public TimeSpan? Took => Id.Length == 0 ? EndedAt - SentAt : null;

    /// <summary>Its id at the hub, where it was queued; empty for one that went to the thing at once.</summary>
    public string Id { get; init; } = "";

    /// <summary>Until when it waits, where it was queued.</summary>
    public DateTimeOffset? Expires { get; init; }
}

/// <summary>What can be set on a thing, as the thing itself says (XEP-0325 §3.5), and what was set from here.</summary>
/// <param name="thing">The thing.</param>
/// <param name="domain">The hub's domain.</param>
/// <param name="ask">Asks as the signed-in person.</param>
/// <param name="time">The clock.</param>
public sealed class ControlForm(Thing thing, Jid domain, AskThing ask, TimeProvider time)
{
    /// <summary>Commands that are shown (20), the newest.</summary>
    public const int MaxRuns = 20;

    /// <summary>How long a queued command waits (1 day): a thing that sleeps by night has it in the morning.</summary>
    public static readonly TimeSpan WaitsFor = TimeSpan.FromDays(1);

    /// <summary>Fields of a form (64); a thing has a handful.</summary>
    public const int MaxFields = 64;

    private readonly Lock _gate = new();
    private readonly List<CommandRun> _runs = [];

    /// <summary>The fields, as of the last <see cref="ReadAsync"/>; null before.</summary>
    public IReadOnlyList<ControlField>? Fields { get; private set; }

    /// <summary>Why there is no form, in words; empty where there is one.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>The commands that were given here, the newest first.</summary>
    public IReadOnlyList<CommandRun> Runs
    {
        get
        {
            lock (_gate)
            {
                return [.. _runs];
            }
        }
    }

    /// <summary>A command stands otherwise. Called by any thread.</summary>
    public event Action? Changed;

    /// <summary>Asks the thing for its form.</summary>
    public async Task ReadAsync(CancellationToken cancel = default)
    {
        IqAnswer answer = await ask(Address, false, Request("getForm"), cancel).ConfigureAwait(false);
        if (!answer.IsResult)
        {
            Problem = Words(answer);
            Fields = null;
            return;
        }

        byte[] bytes = answer.Payload?.ToBytes() ?? [];
        if (answer.Payload?.Is("x", Ns.DataForms) != true || Tree.Parse(bytes, 0, bytes.Length) is not { } form)
        {
            Problem = "it has answered without a form";
            Fields = null;
            return;
        }

        Problem = "";
        Fields = [.. ControlField.Read(form).Take(MaxFields)];
    }

    /// <summary>Sets parameters, all or none, and tells how that goes on (<see cref="Runs"/>).</summary>
    /// <param name="values">By the names of fields, as on the wire.</param>
    /// <param name="isQueued">Whether the command waits at the hub until the thing is there (wire profile, queued commands).</param>
    /// <param name="cancel">Gives up waiting.</param>
    /// <returns>What is wrong with a value, by its field; empty where they were sent.</returns>
    public async Task<IReadOnlyDictionary<string, string>> SetAsync(IReadOnlyDictionary<string, string> values, bool isQueued = false, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        var wrong = new Dictionary<string, string>(StringComparer.Ordinal);
        var words = new List<string>();
        Element request = isQueued ? new Element("set", Ns.Control) : Request("set"); // of a queued command the wrapper names the thing
        foreach ((string name, string value) in values)
        {
            if (Fields?.FirstOrDefault(f => f.Name == name) is not { } field)
            {
                wrong[name] = "there is no such parameter";
                continue;
            }

            if (field.Check(value) is { } reason)
            {
                wrong[name] = reason;
                continue;
            }

            words.Add($"{name} = {(field.IsSecret ? "•••" : value)}");
            request.Add(new Element(field.Element, Ns.Control).With("name", name).With("value", value));
        }

        if (wrong.Count > 0 || words.Count == 0)
        {
            return wrong;
        }

        var run = new CommandRun(string.Join(", ", words), time.GetUtcNow(), isQueued ? CommandState.Queued : CommandState.Sent);
        Put(null, run);
        IqAnswer answer;
        try
        {
            answer = isQueued
                ? await ask(Things, true, new Element("command", Ns.Command).With("thing", thing.Id).With("ttl", ((int)WaitsFor.TotalSeconds).ToString(CultureInfo.InvariantCulture)).Add(request), cancel).ConfigureAwait(false)
                : await ask(Address, true, request, cancel).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            answer = IqAnswer.Timeout;
        }

        if (isQueued && answer is { IsResult: true, Payload: { } told } && told["id"] is { Length: > 0 } id)
        {
            Put(run, With(run with { Id = id }, told));
            return wrong;
        }

        bool isDone = answer.IsResult;
        if (isDone && Fields is { } fields)
        {
            Fields = [.. fields.Select(f => values.TryGetValue(f.Name, out string? now) && !f.IsSecret ? f with { Value = now } : f)];
        }

        Put(run, run with { State = isDone ? CommandState.Done : CommandState.Failed, EndedAt = time.GetUtcNow(), Text = isDone ? "" : Words(answer) });
        return wrong;
    }

    /// <summary>Takes a command back that still waits.</summary>
    /// <returns>Empty, or why that is not possible.</returns>
    public async Task<string> CancelAsync(CommandRun run, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        IqAnswer answer = await ask(Things, true, new Element("cancel", Ns.Command).With("id", run.Id), cancel).ConfigureAwait(false);
        if (answer is { IsResult: true, Payload: { } told })
        {
            Told(told);
        }

        return answer.Explain();
    }

    /// <summary>Takes in what the hub tells of a queued command (node <c>things/&lt;id&gt;/commands</c>): of those that were given here, and no others.</summary>
    /// <param name="command">The element <c>command</c>.</param>
    public void Told(Element command)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (command.Is("command", Ns.Command) && command["id"] is { Length: > 0 } id && Runs.FirstOrDefault(r => r.Id == id) is { } run)
        {
            Put(run, With(run, command));
        }
    }

    /// <summary>Takes over a form that was known before, where the thing itself cannot be asked.</summary>
    public void Know(IReadOnlyList<ControlField> fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        Fields ??= [.. fields.Take(MaxFields)];
    }

    private static CommandRun With(CommandRun run, Element command)
    {
        string word = command["state"] ?? "";
        CommandState state = Enum.GetValues<CommandState>().Cast<CommandState?>().FirstOrDefault(s => s.ToString()!.Equals(word, StringComparison.OrdinalIgnoreCase)) ?? run.State;
        Element? end = state is CommandState.Queued or CommandState.Sent ? null : command.Child(word, Ns.Command);
        return run with
        {
            State = state,
            Expires = Time(command["expires"]) ?? run.Expires,
            EndedAt = Time(end?["at"]),
            Text = state != CommandState.Failed ? "" : end?.Text is { Length: > 0 } text ? text : end?["condition"] ?? "",
        };
    }

    private static DateTimeOffset? Time(string? text) => IotXmpp.Xml.TimeFormat.TryParse(text ?? "", out long ms) ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;

    private Jid Things => new(string.Empty, RegistryModule.Subdomain + "." + domain.Domain, string.Empty);

    private Jid Address => new(thing.Account, domain.Domain, "thing");

    private Element Request(string name)
    {
        var request = new Element(name, Ns.Control);
        return thing.IsBehindGateway ? request.Add(new Element("node", Ns.Control).With("nodeId", thing.NodeId)) : request;
    }

    // What a thing says in paramError (XEP-0325 §3.4) is more than the condition.
    private string Words(IqAnswer answer) => answer.Error?.Child("paramError", Ns.Control)?.Text is { Length: > 0 } told ? told : answer.Condition switch
    {
        "remote-server-timeout" => "it has not answered in time",
        "service-unavailable" or "recipient-unavailable" or "remote-server-not-found" => "it is not there now",
        _ => answer.Explain(),
    };

    private void Put(CommandRun? before, CommandRun after)
    {
        lock (_gate)
        {
            int at = before is null ? -1 : _runs.IndexOf(before);
            if (at >= 0)
            {
                _runs[at] = after;
            }
            else
            {
                _runs.Insert(0, after);
                if (_runs.Count > MaxRuns)
                {
                    _runs.RemoveAt(MaxRuns);
                }
            }
        }

        Changed?.Invoke();
    }
}
