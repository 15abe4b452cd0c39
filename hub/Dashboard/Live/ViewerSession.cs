using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Transport.InProcess;
using IotXmpp.Hub.Xml;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Dashboard.Live;

/// <summary>
/// A person's own XMPP client in the hub's process: it asks, it is told, and it can do nothing that the same person's client elsewhere could not. Where it becomes available it has a negative priority, so that no message
/// comes here instead of to a client that people read with (RFC 6121 §8.5.2.1.1).
/// </summary>
internal sealed class ViewerSession : IAsyncDisposable
{
    /// <summary>Requests under way at a time (256): more than a page has buttons. One more is answered <c>resource-constraint</c>.</summary>
    public const int MaxRequests = 256;

    private const string Software = "https://iotxmpp.invalid/dashboard";
    private static readonly string[] s_features = [Ns.Caps, Ns.DiscoInfo, Ns.Ping];
    private static readonly string s_capabilities = Convert.ToBase64String(SHA1.HashData(Encoding.UTF8.GetBytes("client/web//IotXmpp dashboard<" + string.Concat(s_features.Order(StringComparer.Ordinal).Select(f => f + "<")))));

    private readonly InProcessClient _client;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<Element>> _requests = new(StringComparer.Ordinal);
    private readonly Task _reading;
    private long _ids;

    public ViewerSession(InProcessClient client, TimeProvider time, ILogger log)
    {
        _client = client;
        _time = time;
        _log = log;
        _reading = Task.Run(ReadAsync);
    }

    /// <summary>The full JID.</summary>
    public Jid Jid => _client.Jid;

    /// <summary>Ends when the session has.</summary>
    public Task Ended => _reading;

    /// <summary>Presence, in order, on the session's own thread.</summary>
    public Action<PresenceNotice>? Presence { get; set; }

    /// <summary>Events of publish-subscribe, in order.</summary>
    public Action<PubSubNotice>? PubSub { get; set; }

    /// <summary>Messages that are no such events.</summary>
    public Action<Element>? Message { get; set; }

    /// <summary>Sends presence: from here on what the person's contacts say comes.</summary>
    public ValueTask<bool> BecomeAvailableAsync() => SendAsync(new Element("presence", Ns.Client)
        .Add(new Element("priority", Ns.Client).Add("-1"))
        .Add(new Element("c", Ns.Caps).With("hash", "sha-1").With("node", Software).With("ver", s_capabilities)));

    /// <summary>Sends one stanza.</summary>
    public ValueTask<bool> SendAsync(Element stanza) => _client.SendAsync(stanza.ToBytes());

    /// <summary>Asks and waits for the answer.</summary>
    public async Task<IqAnswer> AskAsync(StanzaType type, Jid? to, Element payload, TimeSpan timeout, CancellationToken cancel)
    {
        if (_requests.Count >= MaxRequests)
        {
            return new IqAnswer(false, null, "resource-constraint", "Too much is under way at a time.");
        }

        string id = "d" + Interlocked.Increment(ref _ids).ToString(CultureInfo.InvariantCulture);
        var answer = new TaskCompletionSource<Element>(TaskCreationOptions.RunContinuationsAsynchronously);
        _requests[id] = answer;
        try
        {
            Element iq = new Element("iq", Ns.Client).With("type", type == StanzaType.Set ? "set" : "get").With("id", id).With("to", to?.ToString()).Add(payload);
            if (_reading.IsCompleted || !await SendAsync(iq).ConfigureAwait(false))
            {
                return IqAnswer.Gone;
            }

            return Read(await answer.Task.WaitAsync(timeout, _time, cancel).ConfigureAwait(false));
        }
        catch (TimeoutException)
        {
            return IqAnswer.Timeout;
        }
        catch (EndOfStreamException)
        {
            return IqAnswer.Gone;
        }
        finally
        {
            _requests.TryRemove(id, out _);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(false);
    }

    private static IqAnswer Read(Element iq)
    {
        if (iq["type"] == "result")
        {
            return new IqAnswer(true, iq.FirstChild);
        }

        Element? error = iq.Child("error");
        return new IqAnswer(false, null, error?.Children.FirstOrDefault(c => c.Namespace == Ns.StanzaErrors && c.Name != "text")?.Name ?? "undefined-condition", error?.Child("text", Ns.StanzaErrors)?.Text, error);
    }

    private async Task ReadAsync()
    {
        await foreach (byte[] bytes in _client.Incoming.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                if (!bytes.AsSpan().StartsWith("<stream:"u8))
                {
                    Take(Element.Parse(bytes, "jabber:client"u8));
                }
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // What one page makes of a stanza must not end the session of all that is shown.
                ViewerLog.NotTaken(_log, e, Jid);
            }
        }

        foreach (TaskCompletionSource<Element> waiting in _requests.Values)
        {
            waiting.TrySetException(new EndOfStreamException());
        }
    }

    private void Take(Element stanza)
    {
        switch (stanza.Name)
        {
            case "iq" when stanza["type"] is "result" or "error":
                if (stanza["id"] is { } id && _requests.TryGetValue(id, out TaskCompletionSource<Element>? request))
                {
                    request.TrySetResult(stanza);
                }

                break;
            case "iq":
                _ = SendAsync(Answer(stanza));
                break;
            case "presence" when stanza["type"] is null or "unavailable" && JidPrep.TryParse(stanza["from"] ?? "", out Jid? from):
                Presence?.Invoke(new PresenceNotice(from, stanza["type"] is null, stanza));
                break;
            case "message" when stanza.Child("event", Ns.PubSubEvent)?.FirstChild is { } items && JidPrep.TryParse(stanza["from"] ?? "", out Jid? service):
                PubSub?.Invoke(new PubSubNotice(service, items["node"] ?? "", items));
                break;
            case "message":
                Message?.Invoke(stanza);
                break;
        }
    }

    // What any client answers: ping (XEP-0199), what it is (XEP-0030), and that it does nothing else (RFC 6120 §8.2.3).
    private static Element Answer(Element request)
    {
        Element answer = new Element("iq", Ns.Client).With("id", request["id"]).With("to", request["from"]);
        Element? asked = request.FirstChild;
        if (request["type"] == "get" && asked?.Is("ping", Ns.Ping) == true)
        {
            return answer.With("type", "result");
        }

        if (request["type"] == "get" && asked?.Is("query", Ns.DiscoInfo) == true && (asked["node"] is null || asked["node"] == $"{Software}#{s_capabilities}"))
        {
            Element info = new Element("query", Ns.DiscoInfo).With("node", asked["node"]).Add(new Element("identity", Ns.DiscoInfo).With("category", "client").With("type", "web").With("name", "IotXmpp dashboard"));
            foreach (string feature in s_features)
            {
                info.Add(new Element("feature", Ns.DiscoInfo).With("var", feature));
            }

            return answer.With("type", "result").Add(info);
        }

        return answer.With("type", "error").Add(new Element("error", Ns.Client).With("type", "cancel").Add(new Element("service-unavailable", Ns.StanzaErrors)));
    }
}

/// <summary>Logs of the pages.</summary>
internal static partial class ViewerLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "A page of {Jid} failed over a stanza")]
    public static partial void NotTaken(ILogger log, Exception e, Jid jid);
}
