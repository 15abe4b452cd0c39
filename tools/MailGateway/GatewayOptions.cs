using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using MimeKit;

namespace IotXmpp.MailGateway;

/// <summary>How the line to the mail server is protected.</summary>
public enum SmtpSecurity
{
    /// <summary>STARTTLS before anything else (RFC 3207); without it nothing is sent.</summary>
    StartTls,

    /// <summary>TLS from the first byte (RFC 8314 §3.3).</summary>
    Tls,

    /// <summary>Not at all: on this machine only.</summary>
    None,
}

/// <summary>The mail server that takes what the gateway sends.</summary>
public sealed class SmtpOptions
{
    /// <summary>Its name or address.</summary>
    public string Host { get; set; } = "localhost";

    /// <summary>Its port; default 587 (RFC 6409).</summary>
    public int Port { get; set; } = 587;

    /// <summary>How the line is protected; default STARTTLS.</summary>
    public SmtpSecurity Security { get; set; } = SmtpSecurity.StartTls;

    /// <summary>The user, where the server wants one: by SCRAM where it offers that, else PLAIN, never without TLS.</summary>
    public string? User { get; set; }

    /// <summary>The user's password.</summary>
    public string? Password { get; set; }

    /// <summary>A PEM file of the authority that is trusted for this server, in place of the system's.</summary>
    public string? Authority { get; set; }

    /// <summary>Seconds that one step may take (60).</summary>
    public int TimeoutSeconds { get; set; } = 60;
}

/// <summary>The settings of the gateway: one JSON file.</summary>
public sealed class GatewayOptions
{
    private static readonly JsonSerializerOptions s_json = new() { PropertyNameCaseInsensitive = true, ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, Converters = { new JsonStringEnumConverter() } };

    /// <summary>Where the hub listens for components, <c>HOST:PORT</c>.</summary>
    public string Hub { get; set; } = "127.0.0.1:5347";

    /// <summary>The gateway's own address, such as <c>mail.example.org</c>.</summary>
    public string Domain { get; set; } = "";

    /// <summary>What the hub knows it by (XEP-0114 §3).</summary>
    public string Secret { get; set; } = "";

    /// <summary>Whom mails are from: an address of the gateway, so that nobody writes in another's name. Answers go to the user's own address.</summary>
    public string From { get; set; } = "";

    /// <summary>The folder of registrations and of mails that wait.</summary>
    public string Data { get; set; } = "mail-gateway-data";

    /// <summary>The mail server.</summary>
    public SmtpOptions Smtp { get; set; } = new();

    /// <summary>Mails of one user within an hour (60); one more is refused with <c>resource-constraint</c>.</summary>
    public int MailsPerHour { get; set; } = 60;

    /// <summary>Mails that wait, of all users (10,000); one more is refused.</summary>
    public int QueueMails { get; set; } = 10_000;

    /// <summary>How often a mail is tried before it comes back (8: with waits that double from <see cref="RetrySeconds"/>, some four hours).</summary>
    public int Attempts { get; set; } = 8;

    /// <summary>Seconds between the first two attempts (60).</summary>
    public int RetrySeconds { get; set; } = 60;

    /// <summary>Characters of a message, at most (100,000).</summary>
    public int TextLimit { get; set; } = 100_000;

    /// <summary>Contacts and watched addresses of one user, at most (500).</summary>
    public int ContactLimit { get; set; } = 500;

    /// <summary>Reads the settings.</summary>
    /// <exception cref="InvalidDataException">Something is missing or wrong; the message is one line.</exception>
    public static GatewayOptions Read(string path)
    {
        GatewayOptions options;
        try
        {
            options = JsonSerializer.Deserialize<GatewayOptions>(File.ReadAllText(path), s_json) ?? new GatewayOptions();
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"{path}: {e.Message.ReplaceLineEndings(" ")}", e);
        }

        return options.Wrong() is { } wrong ? throw new InvalidDataException($"{path}: {wrong}") : options;
    }

    internal string? Wrong() => Domain.Length == 0 || Domain.Contains('@', StringComparison.Ordinal) ? "Domain is the gateway's address, such as mail.example.org"
        : Secret.Length == 0 ? "Secret is missing: the one that the hub has for this component"
        : !MailAddress.TryParse(From, out _) ? "From is an e-mail address"
        : !Component.TryHost(Hub, out _, out _) ? "Hub is HOST:PORT"
        : Smtp.Security == SmtpSecurity.None && !IsHere(Smtp.Host) ? "Smtp:Security none is for a mail server on this machine"
        : MailsPerHour < 1 || QueueMails < 1 || Attempts < 1 || RetrySeconds < 1 || TextLimit < 1 || ContactLimit < 1 || Smtp.TimeoutSeconds < 1 ? "a bound is below 1"
        : null;

    private static bool IsHere(string host) => host == "localhost" || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address));
}
