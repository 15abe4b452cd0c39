using System.ComponentModel.DataAnnotations;
using System.Net;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>Alerts and how they get to people (settings section <c>Alerts</c>).</summary>
public sealed class AlertsOptions : IValidatableObject
{
    /// <summary>Rules of one account that is no administrator (100).</summary>
    [Range(0, 10_000)]
    public int RulesPerAccount { get; set; } = 100;

    /// <summary>Rules of the hub (1,000).</summary>
    [Range(1, 10_000)]
    public int MaxRules { get; set; } = 1_000;

    /// <summary>Maintenance windows of the hub (1,000); of one account a tenth.</summary>
    [Range(10, 10_000)]
    public int MaxWindows { get; set; } = 1_000;

    /// <summary>Pairs of rule and thing that are watched (500,000, about 200 bytes each, a kilobyte where the rule is about a rate); rules that came later are watched no more beyond it, which is told in the log.</summary>
    [Range(100, 10_000_000)]
    public int MaxWatched { get; set; } = 500_000;

    /// <summary>Batches of samples and changes of state that wait to be judged (10,000, some MB). What comes when it is full is read from the history a moment later: ingest never waits and nothing is lost.</summary>
    [Range(1, 1_000_000)]
    public int QueueItems { get; set; } = 10_000;

    /// <summary>Days for which alerts that are over are kept (400).</summary>
    [Range(1, 36_500)]
    public int KeepDays { get; set; } = 400;

    /// <summary>Alerts that are kept (100,000); the oldest of those that are over go first.</summary>
    [Range(100, 10_000_000)]
    public int MaxAlerts { get; set; } = 100_000;

    /// <summary>Days for which deliveries are kept after their end (30).</summary>
    [Range(1, 3_650)]
    public int DeliveryDays { get; set; } = 30;

    /// <summary>Attempts of one delivery (8); then it is given up, and shown as failed.</summary>
    [Range(1, 100)]
    public int Attempts { get; set; } = 8;

    /// <summary>Seconds between the first two attempts (30); each wait is twice the one before, an hour at most.</summary>
    [Range(1, 3_600)]
    public int RetrySeconds { get; set; } = 30;

    /// <summary>Hours after which a delivery is given up whatever the attempts (24): old news helps nobody.</summary>
    [Range(1, 720)]
    public int DeliveryHours { get; set; } = 24;

    /// <summary>Notifications that one recipient gets one by one at once (10); then several go together as a digest.</summary>
    [Range(1, 1_000)]
    public int Burst { get; set; } = 10;

    /// <summary>Seconds after which a recipient may get one more (60).</summary>
    [Range(1, 86_400)]
    public int IntervalSeconds { get; set; } = 60;

    /// <summary>Things that a rule is tested over (100); of more the first by their ids.</summary>
    [Range(1, 10_000)]
    public int TestThings { get; set; } = 100;

    /// <summary>Samples that one test reads (1,000,000, a second or two); then it ends and says so.</summary>
    [Range(1_000, 100_000_000)]
    public int TestSamples { get; set; } = 1_000_000;

    /// <summary>The mail server.</summary>
    public AlertMailOptions Mail { get; set; } = new();

    /// <summary>Webhooks.</summary>
    public WebhookOptions Webhooks { get; set; } = new();

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Mail.Host.Length > 0 && !MailText.IsAddress(Mail.From))
        {
            yield return new($"'{Mail.From}' is no mail address such as alerts@example.org", ["Mail:From"]);
        }

        foreach (string network in Webhooks.PrivateNetworks)
        {
            if (!IPNetwork.TryParse(network, out _))
            {
                yield return new($"'{network}' is no network such as 10.0.0.0/8", ["Webhooks:PrivateNetworks"]);
            }
        }
    }
}

/// <summary>How the line to the mail server is protected.</summary>
public enum MailSecurity
{
    /// <summary>STARTTLS before anything else (RFC 3207); without it nothing is sent.</summary>
    StartTls,

    /// <summary>TLS from the first byte (RFC 8314 §3.3).</summary>
    Tls,

    /// <summary>Not at all: on this machine only, and never with a password.</summary>
    None,
}

/// <summary>The mail server that takes alerts (settings section <c>Alerts:Mail</c>).</summary>
public sealed class AlertMailOptions
{
    /// <summary>Its name or address; empty: no mails are sent, and rules with mail addresses are refused.</summary>
    public string Host { get; set; } = string.Empty;

    /// <summary>Its port (587, RFC 6409).</summary>
    [Range(1, 65_535)]
    public int Port { get; set; } = 587;

    /// <summary>How the line is protected.</summary>
    public MailSecurity Security { get; set; } = MailSecurity.StartTls;

    /// <summary>The user, where the server wants one; empty: none.</summary>
    public string User { get; set; } = string.Empty;

    /// <summary>The user's password.</summary>
    public string Password { get; set; } = string.Empty;

    /// <summary>Whom mails are from.</summary>
    public string From { get; set; } = string.Empty;

    /// <summary>A PEM file of the authority that is trusted for this server, in place of the system's; empty: the system's.</summary>
    public string Authority { get; set; } = string.Empty;

    /// <summary>Domains to which mails may go; empty: all.</summary>
    public string[] Domains { get; set; } = [];

    /// <summary>Seconds that sending one mail may take (60).</summary>
    [Range(1, 600)]
    public int TimeoutSeconds { get; set; } = 60;
}

/// <summary>Webhooks (settings section <c>Alerts:Webhooks</c>).</summary>
public sealed class WebhookOptions
{
    /// <summary>Whether there are any.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Whether plain HTTP is allowed: for <see cref="PrivateNetworks"/> only.</summary>
    public bool AllowPlain { get; set; }

    /// <summary>Networks that are not of the internet and may be called all the same, such as <c>10.1.0.0/16</c>; none: a rule's author cannot make the hub call what stands beside it.</summary>
    public string[] PrivateNetworks { get; set; } = [];

    /// <summary>A PEM file of authorities that are trusted beside the system's; empty: none.</summary>
    public string Authority { get; set; } = string.Empty;

    /// <summary>Seconds that one request may take (10).</summary>
    [Range(1, 120)]
    public int TimeoutSeconds { get; set; } = 10;

    /// <summary>Recipients that are served at a time (8), so that one that hangs does not hold up the others.</summary>
    [Range(1, 100)]
    public int AtATime { get; set; } = 8;
}
