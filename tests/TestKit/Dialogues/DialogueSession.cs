using System.Globalization;
using System.Xml.Linq;
using IotXmpp.TestKit.Net;

namespace IotXmpp.TestKit.Dialogues;

/// <summary>One client of a running dialogue: its socket, and what it received while it waited for something else.</summary>
internal sealed class DialogueSession(DialogueClient client, IDialogueServer server, Transcript transcript, string account, string password, Func<IDialogueServer, Task<Stream>>? connect) : IAsyncDisposable
{
    private static readonly XNamespace Sm = "urn:xmpp:sm:3";
    private static readonly XNamespace Sasl2 = "urn:xmpp:sasl:2";

    /// <summary>How long a step waits; IOTXMPP_DIALOGUE_WAIT (seconds) shortens it while dialogues are written.</summary>
    private static readonly TimeSpan Wait = Environment.GetEnvironmentVariable("IOTXMPP_DIALOGUE_WAIT") is { Length: > 0 } seconds
        ? TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture)) : RawClient.DefaultWait;

    private RawClient? socket;
    private bool counting;
    private uint handled;
    private int pings;

    public string Name => client.Name;

    public string Account => account;

    public bool IsBound { get; private set; }

    public string? ResumptionId { get; private set; }

    public Queue<XElement> Held { get; } = new();

    /// <summary>The ids of those requests that it sent last, together, that have not been answered; in their order.</summary>
    public List<string> Asked { get; } = [];

    public RawClient Socket => socket ?? throw new DialogueException($"{Name} is not connected");

    public async Task OpenAsync(bool tls)
    {
        await DisposeAsync();
        if (connect is not null)
        {
            // Over HTTP there is no TLS inside of the stream.
            socket = RawClient.Over(await connect(server), Name, transcript);
            return;
        }

        var endPoint = tls ? server.DirectTls ?? throw new DialogueException("the server has no direct TLS") : server.Plain;
        socket = await RawClient.ConnectAsync(endPoint, Name, transcript);
        if (tls)
        {
            await socket.SecureAsync(server.Domain, "xmpp-client");
        }
    }

    public async Task ConnectAsync()
    {
        await OpenAsync(client.Transport == DialogueTransport.DirectTls);
        await Socket.OpenStreamAsync(server.Domain);
        if (client.Transport == DialogueTransport.StartTls && connect is null)
        {
            await Socket.StartTlsAsync(server.Domain);
            await Socket.OpenStreamAsync(server.Domain);
        }

        await AuthenticateAsync(client.Mechanism);
        await Socket.OpenStreamAsync(server.Domain);
        await BindAsync(client.Resource);
        if (client.StreamManagement)
        {
            await Socket.SendAsync($"<enable xmlns='{Sm}' resume='true'/>");
            var enabled = await Socket.ReadAsync(Wait);
            if (enabled.Name != Sm + "enabled")
            {
                throw new DialogueException($"{Name}: expected <enabled/>, got {enabled}");
            }

            // A server that does not resume gives no id.
            ResumptionId = (string?)enabled.Attribute("id");
            counting = true;
            handled = 0;
        }
    }

    /// <summary>Opens a new connection and takes up the old session (XEP-0198 §5).</summary>
    public async Task ResumeAsync()
    {
        var id = ResumptionId ?? throw new DialogueException($"{Name} has no session to resume");
        await OpenAsync(client.Transport == DialogueTransport.DirectTls);
        await Socket.OpenStreamAsync(server.Domain);
        await AuthenticateAsync(client.Mechanism);
        await Socket.OpenStreamAsync(server.Domain);
        await Socket.SendAsync($"<resume xmlns='{Sm}' h='{handled}' previd='{id}'/>");
        var resumed = await Socket.ReadAsync(Wait);
        if (resumed.Name != Sm + "resumed")
        {
            throw new DialogueException($"{Name}: expected <resumed/>, got {resumed}");
        }

        counting = true;
        IsBound = true;
    }

    /// <summary>By SASL2; the answer is the next thing that the session receives.</summary>
    public async Task Authenticate2Async(string inline, bool rightly, bool changed)
    {
        var answer = await Socket.Authenticate2Async(account, rightly ? password : password + "!", client.Mechanism ?? "SCRAM-SHA-256", inline, changed);
        Held.Enqueue(answer);
        Succeeded(answer);
    }

    public async Task AuthenticateAsync(string? mechanism)
    {
        if (await Socket.AuthenticateAsync(account, password, mechanism) is { } failure)
        {
            throw new DialogueException($"{Name}: log-in refused: {failure}");
        }
    }

    /// <summary>A wrong password is refused as such (RFC 6120 §6.5.10).</summary>
    public async Task RefusedAsync(string mechanism)
    {
        var failure = await Socket.AuthenticateAsync(account, password + "!", mechanism)
            ?? throw new DialogueException($"{Name}: a wrong password was taken");
        if (failure.Elements().All(e => e.Name.LocalName != "not-authorized"))
        {
            throw new DialogueException($"{Name}: expected not-authorized, got {failure}");
        }
    }

    public async Task BindAsync(string? resource)
    {
        await Socket.BindAsync(System.Security.SecurityElement.Escape(resource));
        IsBound = true;
    }

    public async Task GoOnlineAsync(string priority)
    {
        await Socket.SendAsync(priority.Length == 0 ? "<presence/>" : $"<presence><priority>{priority}</priority></presence>");
        await PingAsync();
        // RFC 6121 §4.2.2: the server sends the presence back to the resource itself.
        var others = Held.Where(e => !(e.Name == RawClient.Client + "presence" && (string?)e.Attribute("from") == Socket.Jid)).ToList();
        if (others.Count == Held.Count)
        {
            throw new DialogueException($"{Name}: the own presence did not come back");
        }

        Held.Clear();
        others.ForEach(Held.Enqueue);
    }

    /// <summary>The next element, from what is held or from the socket. Requests and answers of stream management are passed over unless one is waited for.</summary>
    public async Task<XElement> NextAsync(params XName[] expected)
    {
        XElement next = Held.TryDequeue(out var held) ? held : await FromSocketAsync(expected);
        Asked.Remove(AnswerTo(next) ?? "");
        return next;
    }

    /// <summary>The id of the request that an element answers; null when it answers none.</summary>
    public static string? AnswerTo(XElement element) => element.Name.LocalName == "iq" && (string?)element.Attribute("type") is "result" or "error" ? (string?)element.Attribute("id") : null;

    public async Task<XElement> HeaderAsync() => await Socket.NextAsync(Wait) switch
    {
        StreamEvent.Opened o => o.Header,
        var other => throw new DialogueException($"{Name}: expected a stream header, got {RawClient.Describe(other)}"),
    };

    public async Task PingAsync()
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"{Name}-barrier-{++pings}");
        await Socket.SendAsync($"<iq type='get' id='{id}'><ping xmlns='urn:xmpp:ping'/></iq>");
        while (true)
        {
            var element = await FromSocketAsync([]);
            if (element.Name == RawClient.Client + "iq" && (string?)element.Attribute("id") == id)
            {
                return;
            }

            Held.Enqueue(element);
        }
    }

    public async Task StreamErrorAsync(string condition)
    {
        var next = await Socket.NextAsync(Wait);
        if (next is StreamEvent.Opened)
        {
            next = await Socket.NextAsync(Wait);
        }

        while (next is StreamEvent.Received { Element: var skipped } && (skipped.Name == Sm + "r" || skipped.Name == RawClient.Streams + "features"))
        {
            next = await Socket.NextAsync(Wait);
        }

        XNamespace ns = "urn:ietf:params:xml:ns:xmpp-streams";
        if (next is not StreamEvent.Received { Element: var error } || error.Name != RawClient.Streams + "error")
        {
            throw new DialogueException($"{Name}: expected the stream error {condition}, got {RawClient.Describe(next)}");
        }

        if (error.Element(ns + condition) is null)
        {
            throw new DialogueException($"{Name}: expected the stream error {condition}, got {error.ToString(SaveOptions.DisableFormatting)}");
        }

        await EndedAsync();
    }

    public async Task EndedAsync()
    {
        IsBound = false;
        // RFC 6120 §4.9.1.1: the stream is closed, then the connection.
        var closed = false;
        while (true)
        {
            switch (await Socket.NextAsync(Wait))
            {
                case StreamEvent.Closed:
                    closed = true;
                    break;
                case StreamEvent.Ended when closed:
                    return;
                case StreamEvent.Ended e:
                    throw new DialogueException($"{Name}: the connection ended ({e.How}) without </stream:stream>");
                case StreamEvent.Received { Element: var e } when e.Name.Namespace == Sm:
                    break;
                case var other:
                    throw new DialogueException($"{Name}: expected the end, got {RawClient.Describe(other)}");
            }
        }
    }

    /// <summary>The connection ends, in whatever way; the peer has gained nothing before.</summary>
    public async Task DroppedAsync()
    {
        IsBound = false;
        while (true)
        {
            switch (await Socket.NextAsync(Wait))
            {
                case StreamEvent.Ended:
                    return;
                case StreamEvent.Received { Element.Name.LocalName: "proceed" }:
                    Socket.Restart();
                    break;
                case StreamEvent.Received { Element: var e } when e.Name.LocalName is not ("failure" or "error") && e.Name.Namespace != Sm:
                    throw new DialogueException($"{Name}: expected to be dropped, got {e}");
            }
        }
    }

    public async Task DisconnectAsync()
    {
        await Socket.SendAsync("</stream:stream>");
        IsBound = false;
        while (await Socket.NextAsync(Wait) is not (StreamEvent.Closed or StreamEvent.Ended))
        {
        }

        await DisposeAsync();
    }

    public void Cut()
    {
        Socket.Cut();
        IsBound = false;
    }

    public async ValueTask DisposeAsync()
    {
        IsBound = false;
        counting = false;
        Held.Clear();
        if (socket is not null)
        {
            await socket.DisposeAsync();
            socket = null;
        }
    }

    // A session that was bound or resumed within SASL2 (XEP-0386, XEP-0198 §9).
    private void Succeeded(XElement element)
    {
        if (element.Name != Sasl2 + "success" || element.Element(Sasl2 + "authorization-identifier")?.Value is not { } jid || !jid.Contains('/', StringComparison.Ordinal))
        {
            return;
        }

        Socket.Bound(jid);
        IsBound = true;
        counting = element.Element(Sm + "resumed") is not null;
        if (element.Descendants(Sm + "enabled").FirstOrDefault() is { } enabled)
        {
            ResumptionId = (string?)enabled.Attribute("id");
            counting = true;
            handled = 0;
        }
    }

    private async Task<XElement> FromSocketAsync(XName[] expected)
    {
        while (true)
        {
            if (await Socket.NextAsync(Wait) is not StreamEvent.Received { Element: var element } other)
            {
                throw new DialogueException($"{Name}: expected an element, got the end of the stream or of the connection");
            }

            if (counting && element.Name.Namespace == RawClient.Client)
            {
                handled++;
            }

            Succeeded(element);
            if (element.Name.Namespace != Sm || expected.Contains(element.Name) || element.Name.LocalName is not ("r" or "a"))
            {
                return element;
            }

            if (counting && element.Name.LocalName == "r")
            {
                await Socket.SendAsync($"<a xmlns='{Sm}' h='{handled}'/>");
            }
        }
    }
}
