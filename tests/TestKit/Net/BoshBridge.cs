using System.Globalization;
using System.Net;
using System.Text;
using System.Xml.Linq;

namespace IotXmpp.TestKit.Net;

/// <summary>XMPP over BOSH (XEP-0124, XEP-0206), by .NET's own HTTP client: one request is held, another carries what is sent.</summary>
public sealed class BoshBridge : WebBridge
{
    /// <summary>The wrapper.</summary>
    public static readonly XNamespace HttpBind = "http://jabber.org/protocol/httpbind";

    private static readonly XNamespace Xbosh = "urn:xmpp:xbosh";

    private readonly HttpClient http;
    private readonly Uri address;
    private readonly SemaphoreSlim order = new(1, 1);
    private readonly SortedDictionary<long, XElement> responses = [];
    private readonly SemaphoreSlim window = new(2, 2);
    private readonly CancellationTokenSource stop = new();
    private string streamId = "";
    private string from = "";
    private long rid = 4711;
    private long next = 4711;
    private int open;
    private string? sid;
    private bool ended;

    private BoshBridge(IPEndPoint endPoint)
    {
        address = new Uri($"http://{endPoint}/http-bind");
        http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(1) }) { Timeout = TimeSpan.FromMinutes(2) };
    }

    /// <summary>Prepares; the session begins with the stream.</summary>
    public static BoshBridge Connect(IPEndPoint http) => new(http);

    /// <inheritdoc/>
    protected override async Task OpenAsync(XElement header)
    {
        var attributes = header.Attributes().Where(a => !a.IsNamespaceDeclaration && a.Name.LocalName is "to" or "from" or "lang").ToList();
        if (sid is null)
        {
            var body = await PostAsync([], [.. attributes, new XAttribute("wait", 60), new XAttribute("hold", 1), new XAttribute("ver", "1.6"), new XAttribute("content", "text/xml; charset=utf-8"), new XAttribute(Xbosh + "version", "1.0")]);
            sid = (string?)body.Attribute("sid");
            from = (string?)body.Attribute("from") ?? "";
            streamId = (string?)body.Attribute("authid") ?? "";
            Opened(Header());
            Take(body);
        }
        else
        {
            Opened(Header());
            Send([], [.. attributes, new XAttribute(Xbosh + "restart", "true")]);
        }
    }

    /// <inheritdoc/>
    protected override Task SendAsync(IReadOnlyList<XElement> elements)
    {
        Send(elements, []);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override Task EndAsync()
    {
        Send([], [new XAttribute("type", "terminate")]);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        ended = true;
        stop.Cancel();
        http.Dispose();
        base.Dispose(disposing);
    }

    // There is none on the wire: what it would say stands in the response that creates the session.
    private XElement Header() => new("x", new XAttribute("from", from), new XAttribute("id", streamId), new XAttribute("version", "1.0"));

    private void Send(IReadOnlyList<XElement> elements, XAttribute[] attributes) => _ = SendInOrderAsync(elements, attributes);

    private async Task SendInOrderAsync(IReadOnlyList<XElement> elements, XAttribute[] attributes)
    {
        try
        {
            await PostAsync(elements, attributes, take: true);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or ObjectDisposedException or System.Xml.XmlException)
        {
            Ended(e);
        }
    }

    private async Task<XElement> PostAsync(IReadOnlyList<XElement> elements, XAttribute[] attributes, bool take = false)
    {
        Task<HttpResponseMessage> sent;
        long mine;
        await order.WaitAsync(stop.Token);
        try
        {
            await window.WaitAsync(stop.Token); // XEP-0124 §7.2: no more at once than the hub takes
            mine = rid++;
            Interlocked.Increment(ref open);
            var body = new XElement(HttpBind + "body", new XAttribute("rid", mine.ToString(CultureInfo.InvariantCulture)), sid is null ? null : new XAttribute("sid", sid), attributes, elements);
            sent = http.PostAsync(address, new StringContent(body.ToString(SaveOptions.DisableFormatting), Encoding.UTF8, "text/xml"), stop.Token);
        }
        finally
        {
            order.Release();
        }

        var answer = await sent;
        var xml = XElement.Parse(await answer.Content.ReadAsStringAsync(stop.Token), LoadOptions.PreserveWhitespace);
        var left = Interlocked.Decrement(ref open);
        window.Release();
        lock (responses)
        {
            responses.Add(mine, xml);
            while (responses.Remove(next, out var ready))
            {
                next++;
                if (take)
                {
                    Take(ready);
                }
            }
        }

        if (take && left == 0 && !ended)
        {
            Send([], []);
        }

        return xml;
    }

    private void Take(XElement body)
    {
        foreach (var element in body.Elements())
        {
            Arrived(element);
        }

        if ((string?)body.Attribute("type") == "terminate" && !ended)
        {
            ended = true;
            Closed();
            Ended();
        }
        else if ((string?)body.Attribute("type") == "error")
        {
            Ended(new IOException("a recoverable binding error: " + body));
        }
    }
}
