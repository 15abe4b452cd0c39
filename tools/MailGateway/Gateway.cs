using System.Security.Cryptography;
using System.Xml.Linq;
using Microsoft.Extensions.Logging;
using MimeKit;

namespace IotXmpp.MailGateway;

/// <summary>The rules of a gateway (XEP-0100) to e-mail: who is registered, who sees whom, what becomes of messages. Stanzas come in and go out; sockets are elsewhere.</summary>
/// <param name="options">The settings.</param>
/// <param name="store">What is kept.</param>
/// <param name="outbox">Takes mails.</param>
/// <param name="send">Sends a stanza.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where it says what it does.</param>
public sealed class Gateway(GatewayOptions options, GatewayStore store, Outbox outbox, Func<XElement, Task> send, TimeProvider time, ILogger log)
{
    private static readonly XNamespace s_ns = Component.Ns;
    private static readonly XNamespace s_register = "jabber:iq:register";
    private static readonly XNamespace s_gateway = "jabber:iq:gateway";
    private static readonly XNamespace s_info = "http://jabber.org/protocol/disco#info";
    private static readonly XNamespace s_items = "http://jabber.org/protocol/disco#items";
    private static readonly XNamespace s_errors = "urn:ietf:params:xml:ns:xmpp-stanzas";

    private readonly Dictionary<string, (DateTimeOffset Since, int Mails)> _hours = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _online = new(StringComparer.Ordinal);

    /// <summary>The hub is there: registered users are asked whether they are online (XEP-0100 §4.4).</summary>
    public async Task ConnectedAsync()
    {
        _online.Clear();
        foreach (string user in await store.UsersAsync().ConfigureAwait(false))
        {
            await PresenceAsync(options.Domain, user, "probe").ConfigureAwait(false);
            foreach (string entity in await store.ContactsAsync(user, "watch").ConfigureAwait(false))
            {
                await PresenceAsync(options.Domain, entity, "probe").ConfigureAwait(false);
            }
        }
    }

    /// <summary>A stanza has come.</summary>
    public async Task ReceivedAsync(XElement stanza)
    {
        string from = (string?)stanza.Attribute("from") ?? "";
        string to = (string?)stanza.Attribute("to") ?? "";
        string type = (string?)stanza.Attribute("type") ?? "";
        if (from.Length == 0 || to.Length == 0)
        {
            return;
        }

        switch (stanza.Name.LocalName)
        {
            case "iq" when type is "get" or "set":
                if (await AnswerAsync(stanza, Bare(from), Bare(to), type).ConfigureAwait(false) is { } answer)
                {
                    await send(answer).ConfigureAwait(false);
                }

                break;
            case "presence":
                await OnPresenceAsync(stanza, from, Bare(to), type).ConfigureAwait(false);
                break;
            case "message" when type is not ("error" or "groupchat"):
                await OnMessageAsync(stanza, from, Bare(to)).ConfigureAwait(false);
                break;
        }
    }

    /// <summary>
    /// A mail comes back: the session that sent it gets an error from the contact (XEP-0100 §4.7). An error reaches nobody but a session that is there (RFC 6121 §8.5.2); where that one went, the account
    /// gets a message in words, which waits for it.
    /// </summary>
    public Task BouncedAsync(Mail mail, string reason)
    {
        if (mail.User.Length == 0)
        {
            return Task.CompletedTask;
        }

        string contact = AddressOf(mail.To) ?? options.Domain;
        string text = $"The mail to {mail.To} could not be delivered: {reason}";
        bool isThere = _online.TryGetValue(mail.User, out HashSet<string>? resources) && resources.Contains(mail.Sender);
        return isThere
            ? send(new XElement(s_ns + "message", new XAttribute("from", contact), new XAttribute("to", mail.Sender), new XAttribute("type", "error"), new XAttribute("id", mail.MessageId),
                new XElement(s_ns + "subject", mail.Subject),
                new XElement(s_ns + "body", mail.Text.Length <= 500 ? mail.Text : mail.Text[..500]),
                Error("cancel", "recipient-unavailable", text)))
            : SayAsync(mail.User, text + (mail.Subject.Length > 0 ? $" (\u201c{mail.Subject}\u201d)" : ""), contact);
    }

    private static string Bare(string jid) => jid.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash ? jid[..slash] : jid;

    private static XElement Error(string type, string condition, string text) => new(s_ns + "error", new XAttribute("type", type),
        new XElement(s_errors + condition), new XElement(s_errors + "text", text));

    private static XElement Reply(XElement stanza, string type, object? content = null) => new(stanza.Name,
        new XAttribute("type", type), new XAttribute("from", (string)stanza.Attribute("to")!), new XAttribute("to", (string)stanza.Attribute("from")!), stanza.Attribute("id") is { } id ? new XAttribute("id", id.Value) : null, content);

    private static XElement Refuse(XElement stanza, string type, string condition, string text) => Reply(stanza, "error", Error(type, condition, text));

    private string? AddressOf(string mail) => EscapedNode.Escape(mail) is { } node ? node + "@" + options.Domain : null;

    private bool IsContact(string to, out string mail)
    {
        int at = to.LastIndexOf('@');
        mail = at > 0 ? EscapedNode.Unescape(to[..at]) : "";
        return at > 0 && MailAddress.TryParse(mail, out _);
    }

    private Task PresenceAsync(string from, string to, string? type = null) =>
        send(new XElement(s_ns + "presence", new XAttribute("from", from), new XAttribute("to", to), type is null ? null : new XAttribute("type", type)));

    private Task SayAsync(string to, string text, string? from = null) =>
        send(new XElement(s_ns + "message", new XAttribute("from", from ?? options.Domain), new XAttribute("to", to), new XAttribute("type", "chat"), new XElement(s_ns + "body", text)));

    // Null where the answer was sent already, since more had to follow it.
    private async Task<XElement?> AnswerAsync(XElement iq, string user, string to, string type)
    {
        XElement? payload = iq.Elements().FirstOrDefault();
        bool isGateway = to == options.Domain;
        if (payload?.Name == s_info + "query" && type == "get" && payload.Attribute("node") is null)
        {
            // XEP-0100 §6.1; a contact is a person at another place.
            return Reply(iq, "result", new XElement(s_info + "query", isGateway
                ? [Identity("gateway", "smtp", "E-mail"), Feature(s_info), Feature(s_items), Feature(s_register), Feature(s_gateway)]
                : [Identity("client", "email", null), Feature(s_info)]));
        }

        if (payload?.Name == s_items + "query" && type == "get")
        {
            return Reply(iq, "result", new XElement(s_items + "query"));
        }

        if (isGateway && payload?.Name == s_register + "query")
        {
            return type == "get" ? await FormAsync(iq, user).ConfigureAwait(false) : await RegisterAsync(iq, payload, user).ConfigureAwait(false);
        }

        if (isGateway && payload?.Name == s_gateway + "query")
        {
            return Translate(iq, payload, type);
        }

        return Refuse(iq, "cancel", "service-unavailable", "That is not offered here.");
    }

    private static XElement Identity(string category, string type, string? name) =>
        new(s_info + "identity", new XAttribute("category", category), new XAttribute("type", type), name is null ? null : new XAttribute("name", name));

    private static XElement Feature(XNamespace ns) => new(s_info + "feature", new XAttribute("var", ns.NamespaceName));

    private async Task<XElement> FormAsync(XElement iq, string user)
    {
        Registration? registration = await store.FindAsync(user).ConfigureAwait(false);
        return Reply(iq, "result", new XElement(s_register + "query",
            registration is null ? null : new XElement(s_register + "registered"),
            new XElement(s_register + "instructions", "Your own e-mail address: answers go there, and so do notices. A code is sent to it; send it here as a message."),
            new XElement(s_register + "email", registration?.Address ?? "")));
    }

    private async Task<XElement?> RegisterAsync(XElement iq, XElement query, string user)
    {
        if (query.Element(s_register + "remove") is not null)
        {
            if (await store.FindAsync(user).ConfigureAwait(false) is null)
            {
                return Refuse(iq, "auth", "registration-required", "You are not registered.");
            }

            List<string> contacts = await store.ContactsAsync(user, "contact").ConfigureAwait(false);
            List<string> watched = await store.ContactsAsync(user, "watch").ConfigureAwait(false);
            await store.RemoveAsync(user).ConfigureAwait(false);
            await send(Reply(iq, "result")).ConfigureAwait(false);
            // §4.3: the user is rid of the gateway and of its contacts.
            foreach (string address in contacts.Select(AddressOf).OfType<string>().Append(options.Domain))
            {
                await PresenceAsync(address, user, "unavailable").ConfigureAwait(false);
                await PresenceAsync(address, user, "unsubscribe").ConfigureAwait(false);
                await PresenceAsync(address, user, "unsubscribed").ConfigureAwait(false);
            }

            foreach (string entity in watched)
            {
                if ((await store.WatchersAsync(entity).ConfigureAwait(false)).Count == 0)
                {
                    await PresenceAsync(options.Domain, entity, "unsubscribe").ConfigureAwait(false);
                }
            }

            GatewayLog.Left(log, user);
            return null;
        }

        string email = query.Element(s_register + "email")?.Value.Trim() ?? "";
        if (!MailAddress.TryParse(email, out MailboxAddress? _))
        {
            return Refuse(iq, "modify", "not-acceptable", "An e-mail address is needed, such as ann@example.org.");
        }

        Registration? before = await store.FindAsync(user).ConfigureAwait(false);
        if (before is { IsConfirmed: true } && before.Address == email)
        {
            return Reply(iq, "result");
        }

        string code = RandomNumberGenerator.GetString("23456789abcdefghjkmnpqrstuvwxyz", 10);
        if (!MayMail(user) || !await store.QueueAsync(
            new Mail(0, "", "", email, "", "Your code for " + options.Domain, $"{user} wants to send and get e-mail by {options.Domain} with this address.\nIf that is you, send this code to {options.Domain} as a message:\n\n{code}\n\nIf not, you need not do anything.\n", NewId(), "", 0),
            "", time.GetUtcNow(), options.QueueMails).ConfigureAwait(false))
        {
            return Refuse(iq, "wait", "resource-constraint", "Too many mails; try again later.");
        }

        await store.RegisterAsync(new Registration(user, email, code)).ConfigureAwait(false);
        outbox.Wake();
        GatewayLog.Registered(log, user);
        await send(Reply(iq, "result")).ConfigureAwait(false);
        if (before is null)
        {
            // §4.1: the gateway wants to see when the user is there.
            await PresenceAsync(options.Domain, user, "subscribe").ConfigureAwait(false);
        }

        return null;
    }

    // §6.3: what a person calls a contact becomes an address.
    private XElement Translate(XElement iq, XElement query, string type)
    {
        if (type == "get")
        {
            return Reply(iq, "result", new XElement(s_gateway + "query", new XElement(s_gateway + "desc", "The e-mail address of whom you want to write to."), new XElement(s_gateway + "prompt", "E-mail address")));
        }

        string wanted = query.Element(s_gateway + "prompt")?.Value.Trim() ?? "";
        return MailAddress.TryParse(wanted, out _) && AddressOf(wanted) is { } jid
            ? Reply(iq, "result", new XElement(s_gateway + "query", new XElement(s_gateway + "jid", jid), new XElement(s_gateway + "prompt", jid)))
            : Refuse(iq, "modify", "not-acceptable", "That is no e-mail address.");
    }

    private async Task OnPresenceAsync(XElement presence, string from, string to, string type)
    {
        string user = Bare(from);
        Registration? registration = await store.FindAsync(user).ConfigureAwait(false);
        bool isGateway = to == options.Domain;
        switch (type)
        {
            case "subscribe" when isGateway && registration is not null:
                await PresenceAsync(to, user, "subscribed").ConfigureAwait(false);
                await PresenceAsync(to, user).ConfigureAwait(false);
                break;
            case "subscribe" when !isGateway && registration is { IsConfirmed: true } && IsContact(to, out string mail) && await store.AddContactAsync(user, "contact", mail, options.ContactLimit).ConfigureAwait(false):
                // §4.6: nobody there is asked: who has an address can be written to.
                await PresenceAsync(to, user, "subscribed").ConfigureAwait(false);
                await PresenceAsync(to, user).ConfigureAwait(false);
                break;
            case "subscribe":
                await PresenceAsync(to, user, "unsubscribed").ConfigureAwait(false);
                break;
            case "unsubscribe" when !isGateway && IsContact(to, out string mail):
                await store.RemoveContactAsync(user, "contact", mail).ConfigureAwait(false);
                await PresenceAsync(to, user, "unavailable").ConfigureAwait(false);
                await PresenceAsync(to, user, "unsubscribed").ConfigureAwait(false);
                break;
            case "probe" when registration is not null:
                await PresenceAsync(to, user).ConfigureAwait(false);
                break;
            case "" when isGateway:
                See(user, from);
                if (registration is not null)
                {
                    // §4.4: the gateway and its contacts are there.
                    await PresenceAsync(options.Domain, from).ConfigureAwait(false);
                    foreach (string address in (await store.ContactsAsync(user, "contact").ConfigureAwait(false)).Select(AddressOf).OfType<string>())
                    {
                        await PresenceAsync(address, from).ConfigureAwait(false);
                    }
                }

                break;
            case "unavailable" when isGateway:
                if (registration is not null)
                {
                    await PresenceAsync(options.Domain, from, "unavailable").ConfigureAwait(false);
                }

                if (_online.TryGetValue(user, out HashSet<string>? resources) && resources.Remove(from) && resources.Count == 0)
                {
                    _online.Remove(user);
                    await NoticeAsync(user, presence.Element(s_ns + "status")?.Value ?? "").ConfigureAwait(false);
                }

                break;
        }
    }

    // Who was seen online is remembered, resource by resource; of more than 10,000 nobody new is.
    private void See(string entity, string resource)
    {
        if (!_online.TryGetValue(entity, out HashSet<string>? resources))
        {
            if (_online.Count >= 10_000)
            {
                return;
            }

            _online[entity] = resources = new HashSet<string>(StringComparer.Ordinal);
        }

        if (resources.Count < 100)
        {
            resources.Add(resource);
        }
    }

    // The last session of somebody who is watched went.
    private async Task NoticeAsync(string entity, string status)
    {
        List<string> watchers = await store.WatchersAsync(entity).ConfigureAwait(false);
        foreach (string watcher in watchers)
        {
            if (await store.FindAsync(watcher).ConfigureAwait(false) is { IsConfirmed: true } registration && MayMail(watcher))
            {
                string text = $"{entity} went offline at {time.GetUtcNow():yyyy-MM-dd HH:mm:ss} UTC{(status.Length > 0 ? ": " + MailAddress.Line(status, 200) : "")}.\n";
                await store.QueueAsync(new Mail(0, "", "", registration.Address, "", entity + " is offline", text, NewId(), "", 0), "watch:" + entity, time.GetUtcNow(), options.QueueMails).ConfigureAwait(false);
            }
        }

        outbox.Wake();
    }

    private async Task OnMessageAsync(XElement message, string from, string to)
    {
        string? body = message.Element(s_ns + "body")?.Value;
        if (string.IsNullOrWhiteSpace(body))
        {
            return; // a chat state, a receipt: there is no mail in it
        }

        string user = Bare(from);
        Registration? registration = await store.FindAsync(user).ConfigureAwait(false);
        if (to == options.Domain)
        {
            await OrderAsync(user, registration, body.Trim()).ConfigureAwait(false);
            return;
        }

        if (registration is not { IsConfirmed: true })
        {
            await send(Refuse(message, "auth", "registration-required", registration is null ? $"Register with {options.Domain} first." : $"Send the code that was mailed to you to {options.Domain} first.")).ConfigureAwait(false);
        }
        else if (!IsContact(to, out string mail))
        {
            await send(Refuse(message, "cancel", "item-not-found", "That is no e-mail address.")).ConfigureAwait(false);
        }
        else if (body.Length > options.TextLimit)
        {
            await send(Refuse(message, "modify", "policy-violation", $"A mail has at most {options.TextLimit} characters.")).ConfigureAwait(false);
        }
        else
        {
            string subject = message.Element(s_ns + "subject")?.Value ?? "";
            string thread = message.Element(s_ns + "thread")?.Value ?? "";
            subject = subject.Trim().Length > 0 ? MailAddress.Line(subject, 200) : "Message from " + user;
            bool isQueued = MayMail(user) && await store.QueueAsync(new Mail(0, user, from, mail, registration.Address, subject, body, NewId(), "", 0), thread.Length <= 255 ? thread : "", time.GetUtcNow(), options.QueueMails).ConfigureAwait(false);
            if (isQueued)
            {
                outbox.Wake();
            }
            else
            {
                await send(Refuse(message, "wait", "resource-constraint", "Too many mails; try again later.")).ConfigureAwait(false);
            }
        }
    }

    // What a person may tell the gateway itself, in words.
    private async Task OrderAsync(string user, Registration? registration, string text)
    {
        string[] words = text.Split(' ', 2, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        string argument = words.Length > 1 ? words[1].ToLowerInvariant() : "";
        if (registration is null)
        {
            await SayAsync(user, "Register with this gateway first.").ConfigureAwait(false);
        }
        else if (!registration.IsConfirmed)
        {
            bool isRight = CryptographicOperations.FixedTimeEquals(System.Text.Encoding.UTF8.GetBytes(words[^1]), System.Text.Encoding.UTF8.GetBytes(registration.Code));
            if (isRight)
            {
                await store.RegisterAsync(registration with { Code = "" }).ConfigureAwait(false);
            }
            else if (!MayMail(user))
            {
                // Guesses count as mails do; when the hour is full the code is void.
                await store.RemoveAsync(user).ConfigureAwait(false);
            }

            await SayAsync(user, isRight ? $"{registration.Address} is yours. Write to name\\40domain@{options.Domain}." : "That is not the code.").ConfigureAwait(false);
        }
        else if (words[0].Equals("watch", StringComparison.OrdinalIgnoreCase) && argument.Contains('@', StringComparison.Ordinal) && argument.Length < 1_000 && !argument.Any(char.IsWhiteSpace))
        {
            bool isKept = await store.AddContactAsync(user, "watch", argument, options.ContactLimit).ConfigureAwait(false);
            if (isKept)
            {
                await PresenceAsync(options.Domain, argument, "subscribe").ConfigureAwait(false);
            }

            await SayAsync(user, isKept ? $"A mail tells you when {argument} goes offline, once it lets {options.Domain} see it." : "You watch as many as may be.").ConfigureAwait(false);
        }
        else if (words[0].Equals("unwatch", StringComparison.OrdinalIgnoreCase) && argument.Length > 0)
        {
            await store.RemoveContactAsync(user, "watch", argument).ConfigureAwait(false);
            await SayAsync(user, $"{argument} is not watched any more.").ConfigureAwait(false);
        }
        else
        {
            List<string> watched = await store.ContactsAsync(user, "watch").ConfigureAwait(false);
            await SayAsync(user, $"Write to name\\40domain@{options.Domain}. Here: watch JID, unwatch JID. Watched: {(watched.Count > 0 ? string.Join(", ", watched) : "nobody")}.").ConfigureAwait(false);
        }
    }

    private string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)) + "@" + options.Domain;

    private bool MayMail(string user)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (_hours.Count > 10_000)
        {
            foreach (string old in _hours.Where(entry => now - entry.Value.Since >= TimeSpan.FromHours(1)).Select(entry => entry.Key).ToList())
            {
                _hours.Remove(old);
            }
        }

        (DateTimeOffset since, int mails) = _hours.TryGetValue(user, out (DateTimeOffset Since, int Mails) hour) && now - hour.Since < TimeSpan.FromHours(1) ? hour : (now, 0);
        _hours[user] = (since, mails + 1);
        return mails < options.MailsPerHour;
    }
}

/// <summary>Logs of <see cref="Gateway"/>.</summary>
internal static partial class GatewayLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "{User} has registered")]
    public static partial void Registered(ILogger log, string user);

    [LoggerMessage(Level = LogLevel.Information, Message = "{User} has left")]
    public static partial void Left(ILogger log, string user);
}
