using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Xml;

namespace IotXmpp.TestKit.Dialogues;

/// <summary>Holds one scripted conversation with a server, over real sockets.</summary>
public sealed partial class DialogueRunner : IAsyncDisposable
{
    private static int runs;

    private readonly DialogueScript script;
    private readonly IDialogueServer server;
    private readonly Func<IDialogueServer, Task<Stream>>? connect;
    private readonly Transcript transcript = new();
    private readonly Captures captures = new();
    private readonly Dictionary<string, DialogueSession> sessions = [];
    private readonly string run = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId % 1000}x{Interlocked.Increment(ref runs)}");

    /// <summary>Prepares a run with accounts of its own.</summary>
    /// <param name="script">What is said.</param>
    /// <param name="server">With whom.</param>
    /// <param name="connect">Connects over another transport than TCP; null for TCP.</param>
    public DialogueRunner(DialogueScript script, IDialogueServer server, Func<IDialogueServer, Task<Stream>>? connect = null)
    {
        this.script = script;
        this.server = server;
        this.connect = connect;
    }

    /// <summary>Runs all steps.</summary>
    /// <exception cref="DialogueException">A step failed; the message has its line, what differed and the whole transcript.</exception>
    public async Task RunAsync()
    {
        captures["run"] = run;
        foreach (var account in script.Clients.Select(c => c.Account).Distinct())
        {
            await server.AddAccountAsync(AccountName(account), Password(account));
        }

        foreach (var thing in script.Clients.Where(c => c.Owner is not null))
        {
            await server.SetOwnerAsync(AccountName(thing.Account), AccountName(thing.Owner!));
        }

        foreach (var administrator in script.Clients.Where(c => c.IsAdministrator).Select(c => c.Account).Distinct())
        {
            await server.SetAdministratorAsync(AccountName(administrator));
        }

        foreach (var client in script.Clients)
        {
            sessions[client.Name] = new DialogueSession(client, server, transcript, AccountName(client.Account), Password(client.Account), connect);
            captures[client.Name + " account"] = AccountName(client.Account);
            captures[client.Name + " account upper"] = AccountName(client.Account).ToUpperInvariant();
        }

        foreach (var step in script.Steps)
        {
            transcript.Note($"line {step.Line}", $"{string.Join(", ", step.Who)} {step.Verb} {step.Argument}");
            try
            {
                await StepAsync(step);
            }
            catch (Exception e) when (e is DialogueException or InvalidDataException or IOException or System.Net.Sockets.SocketException or TimeoutException or System.Security.Authentication.AuthenticationException or System.Xml.XmlException)
            {
                throw new DialogueException(
                    $"{script.Name}.xmpp:{step.Line}: {e.Message}\n  about: {script.About}\n  standard: {script.Standard}\n--- transcript ---\n{transcript}", e);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var session in sessions.Values)
        {
            await session.DisposeAsync();
        }
    }

    private static string Password(string account) => $"pass of {account}";

    private string AccountName(string account) => $"{account}-{run}";

    private async Task StepAsync(DialogueStep step)
    {
        if (step.Verb == "time")
        {
            server.Advance(TimeSpan.Parse(step.Argument, CultureInfo.InvariantCulture));
            return;
        }

        if (step.Verb == "friends")
        {
            await BefriendAsync(sessions[step.Who[0]], sessions[step.Who[1]]);
            return;
        }

        foreach (var name in step.Who)
        {
            await StepAsync(step, sessions[name]);
        }
    }

    private async Task StepAsync(DialogueStep step, DialogueSession session)
    {
        switch (step.Verb)
        {
            case "open":
                await session.OpenAsync(tls: false);
                break;
            case "open-tls":
                await session.OpenAsync(tls: true);
                break;
            case "stream":
                await session.Socket.OpenStreamAsync(server.Domain);
                break;
            case "stream-from":
                await session.Socket.OpenStreamAsync(server.Domain, $"{session.Account}@{server.Domain}");
                break;
            case "sasl2":
            case "sasl2-wrong":
            case "sasl2-changed":
                await session.Authenticate2Async(Encoding.UTF8.GetString(Fill(step.Body)), step.Verb != "sasl2-wrong", step.Verb == "sasl2-changed");
                break;
            case "disable":
                await server.DisableAsync(session.Account);
                break;
            case "password":
                await server.ChangePasswordAsync(session.Account, "another");
                break;
            case "tls":
                await session.Socket.StartTlsAsync(server.Domain);
                break;
            case "authenticate":
                await session.AuthenticateAsync(step.Argument.Length == 0 ? null : step.Argument);
                break;
            case "refused":
                await session.RefusedAsync(step.Argument);
                break;
            case "bind":
                await session.BindAsync(step.Argument.Length == 0 ? null : step.Argument);
                Bound(session);
                break;
            case "connect":
                await session.ConnectAsync();
                Bound(session);
                break;
            case "resume":
                await session.ResumeAsync();
                break;
            case "online":
                if (!session.IsBound)
                {
                    await session.ConnectAsync();
                    Bound(session);
                }

                await session.GoOnlineAsync(step.Argument);
                break;
            case "send":
                byte[] body = Fill(step.Body);
                session.Asked.Clear();
                session.Asked.AddRange(Request().Matches(Encoding.UTF8.GetString(body)).Select(m => m.Groups[1].Value));
                await session.Socket.SendAsync(body);
                break;
            case "receive":
                foreach (var pattern in Patterns(step.Body))
                {
                    Hold(pattern, await session.NextAsync(pattern.Name));
                }

                // by SASL2, in what was received
                if (session.IsBound && !captures.TryGet(session.Name + " full", out _))
                {
                    Bound(session);
                }

                break;
            case "receive-any":
                await ReceiveUnorderedAsync(session, [.. Patterns(step.Body)]);
                break;
            case "skip":
                await SkipAsync(session, Patterns(step.Body).Single());
                break;
            case "nothing":
                await SettleAsync(except: session);
                await session.PingAsync();
                if (session.Held.Count > 0)
                {
                    throw new DialogueException($"{session.Name} should receive nothing, received {session.Held.Peek()}");
                }

                break;
            case "drain":
                await SettleAsync(except: null);
                session.Held.Clear();
                break;
            case "header":
                Hold(Patterns(step.Body.TrimEnd().TrimEnd('/', '>') + "/>").Single(), await session.HeaderAsync());
                break;
            case "stream-error":
                await session.StreamErrorAsync(step.Argument);
                break;
            case "disconnect":
                await session.DisconnectAsync();
                break;
            case "cut":
                session.Cut();
                break;
            case "disconnected":
                await session.EndedAsync();
                break;
            case "anew":
                session.Socket.Restart();
                break;
            case "dropped":
                await session.DroppedAsync();
                break;
            case "stays":
                await session.PingAsync();
                break;
            default:
                throw new DialogueException($"the step '{step.Verb}' is not implemented");
        }
    }

    private void Bound(DialogueSession session)
    {
        captures[session.Name + " full"] = session.Socket.Jid;
        captures[session.Name + " resource"] = session.Socket.Jid[(session.Socket.Jid.IndexOf('/', StringComparison.Ordinal) + 1)..];
        if (session.ResumptionId is { } id)
        {
            captures[session.Name + " sm-id"] = id;
        }
    }

    private void Hold(XElement pattern, XElement actual)
    {
        if (XmlPattern.Match(pattern, actual, captures) is { } difference)
        {
            throw new DialogueException($"{difference}\n  expected: {pattern.ToString(SaveOptions.DisableFormatting)}\n  received: {actual.ToString(SaveOptions.DisableFormatting)}");
        }
    }

    private async Task ReceiveUnorderedAsync(DialogueSession session, List<XElement> patterns)
    {
        while (patterns.Count > 0)
        {
            var actual = await session.NextAsync([.. patterns.Select(p => p.Name)]);
            var index = patterns.FindIndex(p => XmlPattern.Match(p, actual, captures) is null);
            if (index < 0)
            {
                throw new DialogueException(
                    $"matches none of the {patterns.Count} that are still expected\n  received: {actual.ToString(SaveOptions.DisableFormatting)}\n"
                    + string.Concat(patterns.Select(p => $"  expected: {p.ToString(SaveOptions.DisableFormatting)}\n  because: {XmlPattern.Match(p, actual, captures.Copy())}\n")));
            }

            patterns.RemoveAt(index);
        }
    }

    private async Task SkipAsync(DialogueSession session, XElement pattern)
    {
        List<string> asked = [.. session.Asked];
        XElement passed;
        do
        {
            passed = await session.NextAsync(pattern.Name);
        }
        while (XmlPattern.Match(pattern, passed, captures) is not null);

        // Requests that went together are handled in their order, and may be answered in another: the answers to those before it are passed over, too, and nothing else is.
        int at = asked.IndexOf(DialogueSession.AnswerTo(passed) ?? "");
        var kept = new List<XElement>();
        while (asked.Take(at).Any(session.Asked.Contains))
        {
            XElement next = await session.NextAsync(pattern.Name);
            if (DialogueSession.AnswerTo(next) is not { } id || !asked.Contains(id))
            {
                kept.Add(next);
            }
        }

        kept.AddRange(session.Held);
        session.Held.Clear();
        kept.ForEach(session.Held.Enqueue);
    }

    /// <summary>
    /// Lets everything that was sent so far arrive: each session in turn asks the server for a ping and waits for the answer. A server handles
    /// the stanzas of one session in their order, and keeps the order of what it sends to one; two rounds, because the answer to one session's
    /// stanza may be a stanza to another.
    /// </summary>
    private async Task SettleAsync(DialogueSession? except)
    {
        for (var round = 0; round < 2; round++)
        {
            foreach (var session in sessions.Values.Where(s => s.IsBound && (s != except || round == 0)))
            {
                await session.PingAsync();
            }
        }
    }

    private async Task BefriendAsync(DialogueSession one, DialogueSession other)
    {
        foreach (var (asks, grants) in new[] { (one, other), (other, one) })
        {
            await asks.Socket.SendAsync($"<presence type='subscribe' to='{grants.Account}@{server.Domain}'/>");
            await asks.PingAsync();
            await grants.PingAsync();
            await grants.Socket.SendAsync($"<presence type='subscribed' to='{asks.Account}@{server.Domain}'/>");
            await grants.PingAsync();
        }

        await SettleAsync(except: null);
        foreach (var session in sessions.Values)
        {
            session.Held.Clear();
        }
    }

    private IEnumerable<XElement> Patterns(string body) => XElement.Parse(
        $"<x xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>{Addresses(body)}</x>", LoadOptions.PreserveWhitespace).Elements();

    /// <summary>Scripts write <c>alice@hub.test</c>; each run has accounts of its own, so that dialogues can share one hub and run at once.</summary>
    private string Addresses(string text)
    {
        foreach (var account in script.Clients.Select(c => c.Account).Distinct())
        {
            text = Regex.Replace(text, $@"(?<![\w.-]){Regex.Escape(account)}@hub\.test", $"{AccountName(account)}@hub.test");
        }

        return server.Domain == "hub.test" ? text : text.Replace("hub.test", server.Domain, StringComparison.Ordinal);
    }

    private byte[] Fill(string body)
    {
        var bytes = new List<byte>();
        var text = Addresses(body);
        var end = 0;
        foreach (Match hole in Hole().Matches(text))
        {
            bytes.AddRange(Encoding.UTF8.GetBytes(text[end..hole.Index]));
            end = hole.Index + hole.Length;
            bytes.AddRange(Value(hole.Groups[1].Value));
        }

        bytes.AddRange(Encoding.UTF8.GetBytes(text[end..]));
        return [.. bytes];
    }

    private byte[] Value(string hole)
    {
        var words = hole.Split(' ', 3);
        switch (words[0])
        {
            case "hex":
                return Convert.FromHexString(hole[4..].Replace(" ", "", StringComparison.Ordinal));
            case "repeat":
                return Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(words[2], int.Parse(words[1], CultureInfo.InvariantCulture))));
            case "base64":
                return Encoding.UTF8.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes(hole[7..].Replace("\\0", "\0", StringComparison.Ordinal))));
            case "plain":
                var password = words.Length > 2 ? words[2] : Password(words[1]);
                return Encoding.UTF8.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{AccountName(words[1])}\0{password}")));
            case "authzid":
                return Encoding.UTF8.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes($"{AccountName(words[2])}@{server.Domain}\0{AccountName(words[1])}\0{Password(words[1])}")));
            case "ht":
            case "ht-endp":
                return TokenProof(sessions[words[1]], captures.TryGet(words[2], out var token) ? token : words[2], words[0] == "ht-endp");
            case "scram":
                return Encoding.UTF8.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes($"n,,n={AccountName(words[1])},r=abcdefghijklmnop")));
            default:
                return captures.TryGet(hole, out var value) ? Encoding.UTF8.GetBytes(value) : throw new DialogueException($"'{{{hole}}}' has no value yet");
        }
    }

    /// <summary>What proves a token (draft-schmaus-kitten-sasl-ht §3.1); what the server must answer is captured as <c>{NAME proof}</c>.</summary>
    private byte[] TokenProof(DialogueSession session, string token, bool endPoint)
    {
        byte[] binding = endPoint ? RawClient.EndPointBinding(session.Socket.ServerCertificate!) : [];
        byte[] Mac(string side) => HMACSHA256.HashData(Encoding.UTF8.GetBytes(token), (byte[])[.. Encoding.UTF8.GetBytes(side), .. binding]);
        captures[session.Name + " proof"] = Convert.ToBase64String(Mac("Responder"));
        return Encoding.UTF8.GetBytes(Convert.ToBase64String([.. Encoding.UTF8.GetBytes(session.Account), 0, .. Mac("Initiator")]));
    }

    [GeneratedRegex("<iq [^>]*type='(?:get|set)'[^>]* id='([^']+)'")]
    private static partial Regex Request();

    [GeneratedRegex(@"\{([^{}]*)\}")]
    private static partial Regex Hole();
}
