using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>Texts in mails.</summary>
public static class MailText
{
    /// <summary>Characters of an address, at most (RFC 5321 §4.5.3.1).</summary>
    public const int MaxAddress = 254;

    /// <summary>Whether a text is one plain address: no name, no comment, no list, nothing that could begin another header.</summary>
    public static bool IsAddress(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int at = text.IndexOf('@', StringComparison.Ordinal);
        return text.Length <= MaxAddress && at > 0 && at < text.Length - 1 && text.LastIndexOf('@') == at
            && !text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || c is '<' or '>' or ',' or ';' or ':' or '"' or '(' or ')' or '[' or ']' or '\\')
            && MailboxAddress.TryParse(text, out MailboxAddress? address) && address.Address == text;
    }

    /// <summary>One line for a header: what would end it becomes a space.</summary>
    public static string Line(string text, int limit)
    {
        ArgumentNullException.ThrowIfNull(text);
        string line = string.Concat(text.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c)).Trim();
        return line.Length <= limit ? line : line[..limit];
    }
}

/// <summary>Alerts as mails, by SMTP (RFC 5321, 3207, 4954, 6531) with MailKit.</summary>
/// <param name="options">The mail server.</param>
/// <param name="domain">The hub's domain, for Message-IDs.</param>
public sealed class MailSender(AlertMailOptions options, string domain) : IAlertSender
{
    private readonly X509Certificate2Collection? _authority = Authorities(options.Authority);

    /// <inheritdoc/>
    public async Task<DeliveryAnswer> SendAsync(AlertNotice notice, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(notice);
        string to = notice.Target.Address;
        if (options.Domains.Length > 0 && !options.Domains.Contains(to[(to.IndexOf('@', StringComparison.Ordinal) + 1)..], StringComparer.OrdinalIgnoreCase))
        {
            return DeliveryAnswer.Never("mails to this domain are not allowed (Alerts:Mail:Domains)");
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(options.TimeoutSeconds));
        using MimeMessage message = Compose(notice);
        using var client = new SmtpClient { Timeout = options.TimeoutSeconds * 1000, CheckCertificateRevocation = _authority is null };
        if (_authority is not null)
        {
            client.ServerCertificateValidationCallback = IsTrusted;
        }

        bool isTaken = false;
        try
        {
            await client.ConnectAsync(options.Host, options.Port, options.Security switch
            {
                MailSecurity.Tls => SecureSocketOptions.SslOnConnect,
                MailSecurity.StartTls => SecureSocketOptions.StartTls,
                _ => SecureSocketOptions.None,
            }, limit.Token).ConfigureAwait(false);
            if (options.User.Length > 0)
            {
                if (!client.IsSecure)
                {
                    return DeliveryAnswer.NotNow("the line to the mail server is not protected: no password is sent over it");
                }

                client.AuthenticationMechanisms.RemoveWhere(mechanism => !mechanism.StartsWith("SCRAM-", StringComparison.Ordinal) && mechanism != "PLAIN");
                await client.AuthenticateAsync(options.User, options.Password, limit.Token).ConfigureAwait(false);
            }

            // RFC 6531: an address beyond ASCII goes only where the server takes it.
            bool isInternational = !to.All(char.IsAscii);
            if (isInternational && !client.Capabilities.HasFlag(SmtpCapabilities.UTF8))
            {
                return DeliveryAnswer.Never("the mail server takes no addresses beyond ASCII (SMTPUTF8)");
            }

            var format = FormatOptions.Default.Clone();
            format.International = isInternational;
            await client.SendAsync(format, message, limit.Token).ConfigureAwait(false);
            isTaken = true;
            await client.DisconnectAsync(true, limit.Token).ConfigureAwait(false);
            return DeliveryAnswer.Sent;
        }
        catch (SmtpCommandException e)
        {
            // RFC 5321 §4.2.1: 5yz is for ever, 4yz for now.
            return isTaken ? DeliveryAnswer.Sent : new DeliveryAnswer(false, (int)e.StatusCode >= 500, MailText.Line($"{(int)e.StatusCode} {e.Message}", 500));
        }
        catch (Exception e) when (!cancel.IsCancellationRequested && e is ServiceNotConnectedException or ServiceNotAuthenticatedException or ProtocolException or AuthenticationException or SslHandshakeException or IOException
            or System.Net.Sockets.SocketException or NotSupportedException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            return isTaken ? DeliveryAnswer.Sent : DeliveryAnswer.NotNow(e is OperationCanceledException ? $"the mail server took longer than {options.TimeoutSeconds} s" : MailText.Line(e.Message, 500));
        }
    }

    /// <summary>A PEM file of authorities; null where none is named.</summary>
    internal static X509Certificate2Collection? Authorities(string file)
    {
        if (file.Length == 0)
        {
            return null;
        }

        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPemFile(file);
        return certificates;
    }

    /// <summary>Whether a server's certificate is of an authority; its name and dates must be right whatever the authority.</summary>
    internal static bool IsOf(X509Certificate2Collection authorities, X509Certificate? certificate, SslPolicyErrors errors)
    {
        if (certificate is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0)
        {
            return false;
        }

        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.AddRange(authorities);
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        using var leaf = new X509Certificate2(certificate);
        return own.Build(leaf);
    }

    /// <summary>The mail as MIME: text in UTF-8, headers encoded where they need it (RFC 2047).</summary>
    internal MimeMessage Compose(AlertNotice notice)
    {
        var message = new MimeMessage();
        message.From.Add(new MailboxAddress("IotXmpp", options.From));
        message.To.Add(new MailboxAddress(null, notice.Target.Address));
        message.Subject = MailText.Line(notice.Headline, 200);
        message.MessageId = $"{notice.Key}@{domain}";
        if (!notice.IsDigest && notice.Events[0].Event == DeliveryEvent.Cleared)
        {
            // The mail that it is over stands below the one that it was raised.
            string raised = $"{AlertDelivery.KeyOf(notice.Events[0].Alert.Id, DeliveryEvent.Raised)}@{domain}";
            message.References.Add(raised);
            message.InReplyTo = raised;
        }

        // RFC 3834 §5: nobody's vacation shall answer to it.
        message.Headers.Add("Auto-Submitted", "auto-generated");
        message.Body = new TextPart("plain") { Text = notice.Text() };
        return message;
    }

    private bool IsTrusted(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) => IsOf(_authority!, certificate, errors);
}
