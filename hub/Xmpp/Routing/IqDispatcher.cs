using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Routing;

/// <summary>Finds the one handler of a request and turns its outcome into the answer: the only place where outcomes become stanzas.</summary>
internal sealed class IqDispatcher(ModuleHost hub, StanzaRouter router)
{
    private readonly ILogger _log = hub.Loggers.CreateLogger<IqDispatcher>();

    private int _waiting;

    /// <summary>Ends when the hub stops.</summary>
    public CancellationToken Stopping { get; set; }

    /// <summary>Requests of the hub itself that wait for their answer.</summary>
    public IqAnswers Answers { get; } = new();

    /// <summary>Requests whose handler waits for something.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    public ValueTask HandleAsync(ServedEntity entity, Jid target, Stanza stanza, Session? sender) =>
        entity.Interceptor is { } intercept ? InterceptAsync(intercept, entity, target, stanza, sender) : DispatchAsync(entity, target, stanza, sender);

    private async ValueTask InterceptAsync(StanzaHandler intercept, ServedEntity entity, Jid target, Stanza stanza, Session? sender)
    {
        Verdict verdict = await intercept(stanza, sender).ConfigureAwait(false);
        if (verdict.Error is not null)
        {
            router.Bounce(stanza, verdict.Error);
        }
        else if (!verdict.IsHandled)
        {
            await DispatchAsync(entity, target, stanza, sender).ConfigureAwait(false);
        }
    }

    private ValueTask DispatchAsync(ServedEntity entity, Jid target, Stanza stanza, Session? sender)
    {
        if (!stanza.IsIqRequest)
        {
            // A result or an error for the hub itself. Mostly nobody waits for it: liveness probes count every byte anyway.
            Answers.Take(stanza);
            return default;
        }

        if (!HasOneChild(stanza))
        {
            router.Bounce(stanza, StanzaError.BadRequest);
            return default;
        }

        IqRoute? route = entity.Find(stanza.Type, stanza.ChildName, stanza.ChildNamespace);
        if (route is null)
        {
            router.Bounce(stanza, StanzaError.ServiceUnavailable);
            return default;
        }

        if (route.Ordering == IqOrdering.Concurrent && sender?.Stream is { } stream)
        {
            return stream.Concurrent.RunAsync(route, new IqRequest(stanza.Copy(), target, sender), this);
        }

        var request = new IqRequest(stanza, target, sender);
        if (sender?.Stream is { HasConcurrent: true } busy)
        {
            return AfterOthersAsync(busy, route, request);
        }

        return RunAsync(route, request);
    }

    /// <summary>Runs a handler and answers.</summary>
    public ValueTask RunAsync(IqRoute route, IqRequest request)
    {
        ValueTask<IqReply> reply;
        try
        {
            reply = route.Handler(request, Stopping);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Fail(request, e);
            return default;
        }

        if (reply.IsCompletedSuccessfully)
        {
            router.Reply(request.Stanza, reply.Result);
            return default;
        }

        return FinishAsync(reply, request);
    }

    private async ValueTask AfterOthersAsync(Streams.C2sStream stream, IqRoute route, IqRequest request)
    {
        await stream.Concurrent.EndedAsync().ConfigureAwait(false);
        await RunAsync(route, request).ConfigureAwait(false);
    }

    private async ValueTask FinishAsync(ValueTask<IqReply> pending, IqRequest request)
    {
        IqReply reply;
        Interlocked.Increment(ref _waiting);
        try
        {
            reply = await pending.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (Stopping.IsCancellationRequested)
        {
            // The hub stops, and so has the stream of who asked.
            return;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Fail(request, e);
            return;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }

        router.Reply(request.Stanza, reply);
    }

    private void Fail(IqRequest request, Exception e)
    {
        IqDispatcherLog.HandlerFailed(_log, e, request.Stanza.ChildNameText, request.From, request.Stanza.Id);
        router.Bounce(request.Stanza, StanzaError.InternalServerError);
    }

    // RFC 6120 §8.2.3: a request has exactly one child.
    private static bool HasOneChild(Stanza stanza)
    {
        XmlSpanReader reader = stanza.ReadInner();
        int children = 0;
        while (reader.Read())
        {
            if (reader.Node == XmlNode.Start)
            {
                children++;
                reader.Skip();
            }
        }

        return children == 1;
    }
}

/// <summary>Logs of <see cref="IqDispatcher"/>.</summary>
internal static partial class IqDispatcherLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "The handler of iq {Payload} from {From}, id {Id}, failed")]
    public static partial void HandlerFailed(ILogger log, Exception e, string payload, Jid from, string? id);
}
