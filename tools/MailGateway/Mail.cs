using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace IotXmpp.MailGateway;

/// <summary>A mail as the queue keeps it.</summary>
/// <param name="Id">Its number, rising.</param>
/// <param name="User">Who sent it (bare JID); empty for the gateway itself.</param>
/// <param name="Sender">From which session (full JID); empty for the gateway itself.</param>
/// <param name="To">The address.</param>
/// <param name="ReplyTo">Where answers go, or empty.</param>
/// <param name="Subject">One line.</param>
/// <param name="Text">The text.</param>
/// <param name="MessageId">Its Message-ID, without brackets.</param>
/// <param name="References">The Message-IDs of the conversation so far, the first one first, or empty.</param>
/// <param name="Attempts">How often it was tried.</param>
public sealed record Mail(long Id, string User, string Sender, string To, string ReplyTo, string Subject, string Text, string MessageId, string References, int Attempts);

/// <summary>What a mail server said to a mail.</summary>
/// <param name="IsSent">It has taken it.</param>
/// <param name="IsFinal">It will never take it.</param>
/// <param name="Text">What it said, for people.</param>
public sealed record MailResult(bool IsSent, bool IsFinal, string Text);

/// <summary>Gives mails to a mail server.</summary>
public interface IMailSender
{
    /// <summary>Gives it one mail; never throws for what the server or the line does.</summary>
    Task<MailResult> SendAsync(Mail mail, CancellationToken cancel);
}

/// <summary>Addresses of mail, strictly.</summary>
public static class MailAddress
{
    /// <summary>Characters of an address, at most (RFC 5321 §4.5.3.1).</summary>
    public const int Limit = 254;

    /// <summary>Reads one plain address: no name, no comment, no list, nothing that could begin another header.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out MailboxAddress? address)
    {
        address = null;
        int at = text.LastIndexOf('@');
        return text.Length <= Limit && at > 0 && at < text.Length - 1 && !text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || c is '<' or '>' or ',' or ';' or '"' or '(' or ')' or '[' or ']' or '\\')
            && text.IndexOf('@', StringComparison.Ordinal) == at && MailboxAddress.TryParse(text, out address) && address.Address == text;
    }

    /// <summary>One line for a header: what would end it becomes a space.</summary>
    public static string Line(string text, int limit)
    {
        string line = string.Concat(text.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c)).Trim();
        return line.Length <= limit ? line : line[..limit];
    }
}

/// <summary>Sends by SMTP with MailKit (RFC 5321, 3207, 4954, 6531).</summary>
public sealed class SmtpSender(GatewayOptions options) : IMailSender
{
    private readonly X509Certificate2Collection? _authority = Authority(options.Smtp.Authority);

    /// <inheritdoc/>
    public async Task<MailResult> SendAsync(Mail mail, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(options.Smtp.TimeoutSeconds));
        using MimeMessage message = Compose(mail, options);
        using var client = new SmtpClient { Timeout = options.Smtp.TimeoutSeconds * 1000, CheckCertificateRevocation = _authority is null };
        if (_authority is not null)
        {
            client.ServerCertificateValidationCallback = IsTrusted;
        }

        bool taken = false;
        try
        {
            await client.ConnectAsync(options.Smtp.Host, options.Smtp.Port, options.Smtp.Security switch
            {
                SmtpSecurity.Tls => SecureSocketOptions.SslOnConnect,
                SmtpSecurity.StartTls => SecureSocketOptions.StartTls,
                _ => SecureSocketOptions.None,
            }, limit.Token).ConfigureAwait(false);
            if (options.Smtp.User is { Length: > 0 } user)
            {
                if (!client.IsSecure)
                {
                    return new MailResult(false, false, "the line to the mail server is not protected: no password is sent over it");
                }

                client.AuthenticationMechanisms.RemoveWhere(mechanism => !mechanism.StartsWith("SCRAM-", StringComparison.Ordinal) && mechanism != "PLAIN");
                await client.AuthenticateAsync(user, options.Smtp.Password ?? "", limit.Token).ConfigureAwait(false);
            }

            // RFC 6531: an address beyond ASCII goes only where the server takes it.
            bool isInternational = !mail.To.All(char.IsAscii);
            if (isInternational && !client.Capabilities.HasFlag(SmtpCapabilities.UTF8))
            {
                return new MailResult(false, true, "the mail server takes no addresses beyond ASCII (SMTPUTF8)");
            }

            var format = FormatOptions.Default.Clone();
            format.International = isInternational;
            await client.SendAsync(format, message, limit.Token).ConfigureAwait(false);
            taken = true;
            await client.DisconnectAsync(true, limit.Token).ConfigureAwait(false);
            return new MailResult(true, true, "sent");
        }
        catch (SmtpCommandException e)
        {
            // RFC 5321 §4.2.1: 5yz is for ever, 4yz for now.
            return taken ? new MailResult(true, true, "sent") : new MailResult(false, (int)e.StatusCode >= 500, MailAddress.Line($"{(int)e.StatusCode} {e.Message}", 500));
        }
        catch (Exception e) when (!cancel.IsCancellationRequested && e is ServiceNotConnectedException or ServiceNotAuthenticatedException or ProtocolException or AuthenticationException or SslHandshakeException or IOException
            or System.Net.Sockets.SocketException or NotSupportedException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            return taken ? new MailResult(true, true, "sent") : new MailResult(false, false, MailAddress.Line(e.Message, 500));
        }
    }

    /// <summary>The mail as MIME: text in UTF-8, headers encoded where they need it (RFC 2047).</summary>
    internal static MimeMessage Compose(Mail mail, GatewayOptions options)
    {
        var message = new MimeMessage();
        MailboxAddress from = MailboxAddress.Parse(options.From);
        message.From.Add(new MailboxAddress(mail.User.Length > 0 ? MailAddress.Line(mail.User, 200) : "XMPP", from.Address));
        message.To.Add(MailboxAddress.Parse(mail.To));
        if (mail.ReplyTo.Length > 0)
        {
            message.ReplyTo.Add(MailboxAddress.Parse(mail.ReplyTo));
        }

        message.Subject = MailAddress.Line(mail.Subject, 200);
        message.MessageId = mail.MessageId;
        foreach (string reference in mail.References.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            message.References.Add(reference);
        }

        if (message.References.Count > 0)
        {
            message.InReplyTo = message.References[^1];
        }

        // RFC 3834 §5: nobody's vacation shall answer to it.
        message.Headers.Add("Auto-Submitted", "auto-generated");
        message.Body = new TextPart("plain") { Text = mail.Text };
        return message;
    }

    private static X509Certificate2Collection? Authority(string? file)
    {
        if (string.IsNullOrEmpty(file))
        {
            return null;
        }

        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPemFile(file);
        return certificates;
    }

    private bool IsTrusted(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0)
        {
            return false;
        }

        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.AddRange(_authority!);
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        using var leaf = new X509Certificate2(certificate);
        return own.Build(leaf);
    }
}
