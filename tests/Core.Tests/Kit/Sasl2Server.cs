using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace IotXmpp.Core.Tests.Kit;

/// <summary>
/// A server with SASL2, Bind 2, stream management and tokens, made with .NET's functions alone. Whole elements go in by <see cref="Hear"/>, what it says comes out; what stands behind the last
/// whole element waits for more. Its sessions outlive connections.
/// </summary>
internal sealed partial class Sasl2Server
{
    public const string Mechanisms = "<mechanism>SCRAM-SHA-256</mechanism><mechanism>PLAIN</mechanism>";
    public const string InlineBind = "<bind xmlns='urn:xmpp:bind:0'><inline><feature var='urn:xmpp:sm:3'/><feature var='urn:iotxmpp:thing:1'/><feature var='urn:xmpp:csi:0'/></inline></bind>";
    public const string Tokens = "<fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-NONE</mechanism></fast>";
    public const string Inline = "<sm xmlns='urn:xmpp:sm:3'/>" + InlineBind + Tokens;

    private static readonly XNamespace Sasl = "urn:xmpp:sasl:2";
    private static readonly XNamespace Sm = "urn:xmpp:sm:3";

    private readonly List<(int Number, string Stanza)> _unacked = [];
    private string _heard = "";
    private XElement? _authenticate;
    private ScramServer? _scram;
    private bool _online;
    private uint _acked;
    private int _ids;
    private int _serial;

    public string Password { get; set; } = "pencil";

    /// <summary>What stands in the first features.</summary>
    public string Features { get; set; } = Offer(Mechanisms, Inline);

    /// <summary>Behind an authentication that has bound nothing.</summary>
    public string LaterFeatures { get; set; } = Harness.BindFeatures + Harness.Sm;

    /// <summary>The tokens that are good, the newest first.</summary>
    public List<string> Good { get; } = [];

    /// <summary>The binding that tokens of ENDP are proved with.</summary>
    public byte[] Binding { get; init; } = [];

    /// <summary>Whether each use of a token gives another.</summary>
    public bool Rotates { get; set; }

    /// <summary>A failure to answer any authentication with.</summary>
    public string? Failure { get; set; }

    /// <summary>Whether it proves that it knows the token.</summary>
    public bool Lies { get; set; }

    /// <summary>Added to the first message of SCRAM.</summary>
    public string ScramExtension { get; set; } = "";

    /// <summary>The id of the session that can be resumed.</summary>
    public string? SessionId { get; set; }

    /// <summary>Bodies of the messages that it has got, in their order.</summary>
    public List<int> Got { get; } = [];

    /// <summary>Messages for the client, so far.</summary>
    public int Sent { get; private set; }

    /// <summary>Mechanisms of the authentications that it has seen.</summary>
    public List<string> Seen { get; } = [];

    private uint Handled { get; set; }

    public static string Offer(string mechanisms, string inline) => $"<authentication xmlns='urn:xmpp:sasl:2'>{mechanisms}<inline>{inline}</inline></authentication>";

    /// <summary>A new connection.</summary>
    public void Connected()
    {
        _heard = "";
        _authenticate = null;
        _scram = null;
        _online = false;
    }

    /// <summary>Something for the client: kept until it is acknowledged; empty while nobody listens.</summary>
    public string Message()
    {
        var stanza = $"<message><body>{Sent}</body></message>";
        _unacked.Add((Sent++, stanza));
        return _online ? stanza + "<r xmlns='urn:xmpp:sm:3'/>" : "";
    }

    /// <summary>Hears, and says what there is to say.</summary>
    public string Hear(string text)
    {
        _heard += text;
        var said = new StringBuilder();
        while (Whole().Match(_heard) is { Success: true } element)
        {
            _heard = _heard[element.Length..];
            said.Append(Answer(element.Value));
        }

        return said.ToString();
    }

    private string Answer(string element)
    {
        switch (NamePattern().Match(element).Value)
        {
            case "stream:stream":
                var features = $"<stream:features>{Features}</stream:features>";
                var known = KnownPattern().Match(element).Groups[1].Value;
                var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(features))[..8]);
                return Harness.ServerHeader + (known == hash ? "<stream:features/>" : features);
            case "authenticate":
                _authenticate = XElement.Parse(element);
                return Authenticate(element);
            case "response":
                var success = _scram!.Success(element.Replace("urn:xmpp:sasl:2", "x", StringComparison.Ordinal));
                return success.Contains("failure", StringComparison.Ordinal) ? Fail("not-authorized") : Succeed(XElement.Parse(success).Value);
            case "message":
                Handled++;
                Got.Add(int.Parse(XElement.Parse(element).Value, System.Globalization.CultureInfo.InvariantCulture));
                return "";
            case "r":
                return $"<a xmlns='urn:xmpp:sm:3' h='{Handled}'/>";
            case "a":
                Acknowledge(uint.Parse(XElement.Parse(element).Attribute("h")!.Value, System.Globalization.CultureInfo.InvariantCulture));
                return "";
            case "iq" when element.Contains("urn:ietf:params:xml:ns:xmpp-bind", StringComparison.Ordinal):
                NewSession();
                return "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>esp32-a4cf12@example.org/thing</jid></bind></iq>";
            case "iq":
                Handled++; // a ping
                return "";
            case "enable":
                return $"<enabled xmlns='urn:xmpp:sm:3' id='{SessionId}' resume='true'/>";
            case "resume":
                var resume = XElement.Parse(element);
                return Resume(resume) ?? $"<failed xmlns='urn:xmpp:sm:3' h='{Handled}'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";
            default:
                return "";
        }
    }

    private string Authenticate(string element)
    {
        var mechanism = _authenticate!.Attribute("mechanism")!.Value;
        Seen.Add(mechanism);
        if (Failure != null)
        {
            return Fail(Failure);
        }

        var initial = Convert.FromBase64String(_authenticate.Element(Sasl + "initial-response")!.Value);
        if (mechanism.StartsWith("HT-", StringComparison.Ordinal))
        {
            var proof = initial[(Array.IndexOf(initial, (byte)0) + 1)..];
            var token = Good.Find(t => Mac(t, "Initiator", mechanism).SequenceEqual(proof));
            if (token == null)
            {
                return Fail("not-authorized");
            }

            Good.RemoveAll(t => Good.IndexOf(t) > Good.IndexOf(token)); // older ones end
            return Succeed(Convert.ToBase64String(Mac(Lies ? token + "!" : token, "Responder", mechanism)), Rotates);
        }

        _scram = new ScramServer(Password, mechanism) { Extension = ScramExtension };
        return _scram.Challenge($"<auth mechanism='{mechanism}'>{Convert.ToBase64String(initial)}</auth>").Replace("urn:ietf:params:xml:ns:xmpp-sasl", "urn:xmpp:sasl:2", StringComparison.Ordinal);
    }

    private byte[] Mac(string token, string side, string mechanism) =>
        HMACSHA256.HashData(Encoding.UTF8.GetBytes(token), (byte[])[.. Encoding.UTF8.GetBytes(side), .. mechanism.EndsWith("ENDP", StringComparison.Ordinal) ? Binding : []]);

    private string Succeed(string data, bool rotate = false)
    {
        XNamespace bind = "urn:xmpp:bind:0";
        XNamespace fast = "urn:xmpp:fast:0";
        var token = "";
        if (rotate || _authenticate!.Element(fast + "request-token") != null)
        {
            Good.Insert(0, $"token-{++_serial}");
            token = $"<token xmlns='urn:xmpp:fast:0' token='{Good[0]}' expiry='2027-01-01T00:00:00Z'/>";
        }

        var head = $"<success xmlns='urn:xmpp:sasl:2'><additional-data>{data}</additional-data>";
        const string Full = "<authorization-identifier>esp32-a4cf12@example.org/thing</authorization-identifier>";
        var failed = "";
        if (_authenticate!.Element(Sm + "resume") is { } resume)
        {
            if (Resume(resume, head + Full, token + "</success>") is { } resumed)
            {
                return resumed;
            }

            failed = $"<failed xmlns='urn:xmpp:sm:3' h='{Handled}'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";
        }

        if (_authenticate.Element(bind + "bind") is not { } request)
        {
            return head + "<authorization-identifier>esp32-a4cf12@example.org</authorization-identifier>" + failed + token + $"</success><stream:features>{LaterFeatures}</stream:features>";
        }

        NewSession();
        var enabled = request.Element(Sm + "enable") is null ? "" : $"<enabled xmlns='urn:xmpp:sm:3' id='{SessionId}' resume='true' max='300'/>";
        return head + Full + failed + $"<bound xmlns='urn:xmpp:bind:0'>{enabled}</bound>" + token + "</success><stream:features/>";
    }

    private string? Resume(XElement resume, string before = "", string behind = "")
    {
        if (resume.Attribute("previd")!.Value != SessionId)
        {
            return null;
        }

        Acknowledge(uint.Parse(resume.Attribute("h")!.Value, System.Globalization.CultureInfo.InvariantCulture));
        _online = true;
        return before + $"<resumed xmlns='urn:xmpp:sm:3' previd='{SessionId}' h='{Handled}'/>" + behind + string.Concat(_unacked.Select(u => u.Stanza));
    }

    private void NewSession()
    {
        SessionId = $"sm-{++_ids}";
        Handled = 0;
        _acked = 0;
        _unacked.Clear();
        _online = true;
    }

    private void Acknowledge(uint h)
    {
        _unacked.RemoveRange(0, (int)(h - _acked));
        _acked = h;
    }

    private static string Fail(string condition) => $"<failure xmlns='urn:xmpp:sasl:2'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></failure>";

    [GeneratedRegex(@"\A(<stream:stream[^>]*>|<(authenticate|response|message|iq)\b.*?</\2>|<(?:a|r|enable|resume|presence|abort)\b[^>]*/>|</stream:stream>)", RegexOptions.Singleline)]
    private static partial Regex Whole();

    [GeneratedRegex(@"(?<=\A</?)[a-z:]+")]
    private static partial Regex NamePattern();

    [GeneratedRegex(@" t:known='([0-9a-f]*)'")]
    private static partial Regex KnownPattern();
}
