using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>Requests in <c>urn:iotxmpp:command:1</c> at <c>things.&lt;domain&gt;</c>: XML to calls and back.</summary>
/// <param name="commands">The queue.</param>
/// <param name="audit">Who commanded what.</param>
/// <param name="batches">The same to many.</param>
/// <param name="groups">The things of a group.</param>
/// <param name="may">Who may do what.</param>
/// <param name="isAdministrator">Who administers.</param>
internal sealed class CommandRequests(
    CommandService commands, AuditService audit, BatchService batches, Func<Jid, string, CancellationToken, ValueTask<IReadOnlyList<string>?>> groups, ThingDecision may, Func<Jid, ValueTask<bool>> isAdministrator)
{
    public void Register(IEntityBuilder entity) => entity
        .Iq(StanzaType.Set, "command", Ns.Command, QueueAsync)
        .Iq(StanzaType.Get, "command", Ns.Command, FindAsync)
        .Iq(StanzaType.Set, "cancel", Ns.Command, CancelAsync)
        .Iq(StanzaType.Get, "commands", Ns.Command, ListAsync)
        .Iq(StanzaType.Get, "latency", Ns.Command, LatencyAsync)
        .Iq(StanzaType.Set, "batch", Ns.Command, BeginBatchAsync)
        .Iq(StanzaType.Get, "batch", Ns.Command, FindBatchAsync)
        .Iq(StanzaType.Get, "batches", Ns.Command, ListBatchesAsync);

    private static IqReply Reply(CommandResult result) => result.Outcome == CommandOutcome.Done ? IqReply.Result(CommandXml.ToBytes(result.Command!)) : CommandXml.Error(result.Outcome, result.Text);

    private static IqReply Reply(BatchResult result)
    {
        if (result.Outcome != CommandOutcome.Done)
        {
            return CommandXml.Error(result.Outcome, result.Text);
        }

        using var xml = new XmlBuilder();
        CommandXml.Write(xml, result.Batch!);
        return IqReply.Result(xml);
    }

    // What is to be set and for how long, of a command or a batch.
    private static bool TryRead(Element payload, [NotNullWhen(true)] out List<CommandParameter>? parameters, out TimeSpan? ttl)
    {
        parameters = null;
        ttl = null;
        if (payload["ttl"] is { } seconds)
        {
            if (!int.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                return false;
            }

            ttl = TimeSpan.FromSeconds(number);
        }

        // The thing is the request's to name, and stands there once.
        return payload.Child("set", Ns.Control) is { } set && set.Child("node") is null && set["nodeId"] is null && ParameterText.TryRead(set, out parameters);
    }

    private async ValueTask<IqReply> QueueAsync(IqRequest request, CancellationToken cancel)
    {
        Element payload = request.Payload();
        return payload["thing"] is { Length: > 0 } thing && TryRead(payload, out List<CommandParameter>? parameters, out TimeSpan? ttl)
            ? Reply(await commands.QueueAsync(request.From, new CommandRequest(thing, parameters, ttl, payload["key"]), cancel).ConfigureAwait(false))
            : StanzaError.BadRequest;
    }

    private async ValueTask<IqReply> FindAsync(IqRequest request, CancellationToken cancel) =>
        request.Payload()["id"] is { Length: > 0 } id ? Reply(await commands.FindAsync(request.From, id, cancel).ConfigureAwait(false)) : StanzaError.BadRequest;

    private async ValueTask<IqReply> CancelAsync(IqRequest request, CancellationToken cancel)
    {
        Element payload = request.Payload();
        return payload["id"] is { Length: > 0 } id ? Reply(await commands.CancelAsync(request.From, id, cancel).ConfigureAwait(false))
            : payload["batch"] is { Length: > 0 } batch ? Reply(await batches.CancelAsync(request.From, batch, cancel).ConfigureAwait(false))
            : StanzaError.BadRequest;
    }

    private async ValueTask<IqReply> ListAsync(IqRequest request, CancellationToken cancel)
    {
        if (!CommandXml.TryQuery(request.Payload(), out AuditQuery? query))
        {
            return StanzaError.BadRequest;
        }

        // Who may not see a thing does not learn whether there is one.
        if (query.Thing is { } thing && !await may(request.From, thing, ThingRight.See, null, cancel).ConfigureAwait(false) && !await isAdministrator(request.From).ConfigureAwait(false))
        {
            return StanzaError.Forbidden;
        }

        AuditPage page = await audit.QueryAsync(request.From, query, cancel).ConfigureAwait(false);
        using var xml = new XmlBuilder();
        xml.Open("commands"u8, Ns.Command);
        foreach (ThingCommand command in page.Entries)
        {
            CommandXml.Write(xml, command);
        }

        // XEP-0059 §2.2: without a count, which would have to look at all there is.
        xml.Open("set"u8, Ns.Rsm);
        if (page.Next is { } next)
        {
            xml.Text("last"u8, next.ToString(CultureInfo.InvariantCulture));
        }

        return IqReply.Result(xml.Close("set"u8).Close("commands"u8));
    }

    private async ValueTask<IqReply> LatencyAsync(IqRequest request, CancellationToken cancel)
    {
        string? thing = request.Payload()["thing"];
        if (thing is null ? !await isAdministrator(request.From).ConfigureAwait(false) : !await may(request.From, thing, ThingRight.See, null, cancel).ConfigureAwait(false))
        {
            return StanzaError.Forbidden;
        }

        Latency latency = thing is null ? commands.Latency.Hub : commands.Latency.Of(thing);
        using var xml = new XmlBuilder();
        return IqReply.Result(xml.Open("latency"u8, Ns.Command).Attribute("thing"u8, thing).Attribute("count"u8, (long)latency.Count)
            .Attribute("p50"u8, (long)latency.P50.TotalMilliseconds).Attribute("p99"u8, (long)latency.P99.TotalMilliseconds).Close("latency"u8));
    }

    private async ValueTask<IqReply> BeginBatchAsync(IqRequest request, CancellationToken cancel)
    {
        Element payload = request.Payload();
        var usual = new BatchRule();
        if (!TryRead(payload, out List<CommandParameter>? parameters, out TimeSpan? ttl)
            || !Number("rate", usual.PerMinute, out int rate) || !Number("parallel", usual.Parallel, out int parallel) || !Number("failures", usual.Failures, out int failures) || !Number("percent", usual.Percent, out int percent))
        {
            return StanzaError.BadRequest;
        }

        List<string> things = [.. payload.Children.Where(c => c.Is("thing", Ns.Command)).Select(c => c["id"] ?? string.Empty)];
        string? group = payload["group"];
        if (group is not null)
        {
            if (await groups(request.From, group, cancel).ConfigureAwait(false) is not { } members)
            {
                return StanzaError.ItemNotFound.With("There is no such group.");
            }

            things.AddRange(members);
        }

        return Reply(await batches.BeginAsync(request.From, new BatchRequest(things, parameters, new BatchRule(rate, parallel, failures, percent), ttl, group ?? string.Empty), cancel).ConfigureAwait(false));

        bool Number(string name, int otherwise, out int number)
        {
            number = otherwise;
            return payload[name] is not { } text || int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
        }
    }

    private async ValueTask<IqReply> FindBatchAsync(IqRequest request, CancellationToken cancel)
    {
        Element payload = request.Payload();
        if (payload["id"] is not { Length: > 0 } id)
        {
            return StanzaError.BadRequest;
        }

        BatchResult result = await batches.FindAsync(request.From, id, cancel).ConfigureAwait(false);
        if (result.Outcome != CommandOutcome.Done || payload["from"] is not { } place || !int.TryParse(place, NumberStyles.None, CultureInfo.InvariantCulture, out int from))
        {
            return Reply(result);
        }

        IReadOnlyList<BatchThing> page = await batches.ThingsAsync(request.From, id, from, 100, cancel).ConfigureAwait(false) ?? [];
        using var xml = new XmlBuilder();
        xml.Open("things"u8, Ns.Command).Attribute("batch"u8, id).Attribute("from"u8, (long)from);
        foreach (BatchThing thing in page)
        {
            xml.Open("thing"u8).Attribute("id"u8, thing.Thing).Attribute("state"u8, thing.State is { } state ? CommandXml.Word(state) : "waiting").Attribute("command"u8, thing.Command.Length > 0 ? thing.Command : null)
                .Attribute("condition"u8, thing.Error.Length > 0 ? thing.Error : null);
            if (thing.Text.Length > 0)
            {
                xml.Text(thing.Text);
            }

            xml.Close("thing"u8);
        }

        return IqReply.Result(xml.Close("things"u8));
    }

    private async ValueTask<IqReply> ListBatchesAsync(IqRequest request, CancellationToken cancel)
    {
        using var xml = new XmlBuilder();
        xml.Open("batches"u8, Ns.Command);
        foreach (Batch batch in await batches.ListAsync(request.From, request.Payload()["after"], 50, cancel).ConfigureAwait(false))
        {
            CommandXml.Write(xml, batch);
        }

        return IqReply.Result(xml.Close("batches"u8));
    }
}
