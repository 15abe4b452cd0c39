using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Alerts;

/// <summary>Alerts by mail, to a mail server that nobody here wrote (Debian: <c>python3-aiosmtpd</c>).</summary>
public sealed class MailSenderTests : IAsyncLifetime
{
    private const string Python = "/usr/bin/python3"; // the one that Debian's packages are for

    private readonly TempFolder _folder = new("alert-mail");
    private readonly Channel<JsonElement> _mails = Channel.CreateUnbounded<JsonElement>();
    private Process? _server;
    private AlertMailOptions _options = new();

    public ValueTask InitializeAsync() => default;

    public ValueTask DisposeAsync()
    {
        if (_server is { HasExited: false })
        {
            _server.Kill(entireProcessTree: true);
        }

        _server?.Dispose();
        _folder.Dispose();
        return default;
    }

    [Fact]
    public async Task A_mail_says_what_is_and_the_one_that_it_is_over_stands_below_it()
    {
        await StartAsync();
        Assert.True((await SendAsync(DeliveryEvent.Raised, "Grüße: 31 °C")).IsSent);
        JsonElement raised = await _mails.Reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("[warning] Grüße: 31 °C", "<alert-7-raised@hub.test>", "auto-generated"), (Header(raised, "Subject"), Header(raised, "Message-Id"), Header(raised, "Auto-Submitted")));
        Assert.Equal(["ops@example.org"], raised.GetProperty("recipients").EnumerateArray().Select(r => r.GetString()));
        Assert.Equal("[warning] Grüße: 31 °C", raised.GetProperty("body").GetString()!.Trim());
        Assert.True((await SendAsync(DeliveryEvent.Cleared, "Grüße")).IsSent);
        JsonElement cleared = await _mails.Reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("<alert-7-raised@hub.test>", "<alert-7-raised@hub.test>"), (Header(cleared, "References"), Header(cleared, "In-Reply-To")));
    }

    /// <summary>A thing may call itself what it likes.</summary>
    [Fact]
    public async Task Nothing_gets_into_the_headers()
    {
        await StartAsync();
        Assert.True((await SendAsync(DeliveryEvent.Raised, "kiln\r\nBcc: eve@example.com\r\n\r\n.\r\nRCPT TO:<eve@example.com>\u2028X-Evil: 1")).IsSent);
        JsonElement mail = await _mails.Reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Null(Header(mail, "Bcc"));
        Assert.Null(Header(mail, "X-Evil"));
        Assert.Single(mail.GetProperty("recipients").EnumerateArray());
    }

    [Theory]
    [InlineData("a@b.example", true)]
    [InlineData("a@b.example,c@d.example", false)]
    [InlineData("a@b.example\r\nBcc: c@d.example", false)]
    [InlineData("Ann <a@b.example>", false)]
    [InlineData("a@b@c.example", false)]
    [InlineData("group: a@b.example;", false)]
    [InlineData("@b.example", false)]
    [InlineData("", false)]
    public void An_address_is_one_plain_address(string text, bool isAddress) => Assert.Equal(isAddress, MailText.IsAddress(text));

    [Fact]
    public async Task A_recipient_that_is_refused_is_given_up_and_one_that_is_delayed_is_not()
    {
        await StartAsync();
        Assert.Equal((false, true), await OutcomeAsync("refused@example.org"));
        Assert.Equal((false, false), await OutcomeAsync("later@example.org"));
        Assert.Equal((true, true), await OutcomeAsync("later@example.org"));
        _options.Domains = ["example.net"];
        Assert.Equal((false, true), await OutcomeAsync("ops@example.org"));

        async Task<(bool, bool)> OutcomeAsync(string to) => await SendAsync(DeliveryEvent.Raised, "x", to) is { } answer ? (answer.IsSent, answer.IsFinal) : default;
    }

    [Fact]
    public async Task Without_TLS_nothing_is_sent_where_TLS_is_wanted_and_never_a_password()
    {
        await StartAsync();
        _options.Security = MailSecurity.StartTls;
        Assert.Equal((false, false), await SendAsync(DeliveryEvent.Raised, "x") is { } plain ? (plain.IsSent, plain.IsFinal) : default);
        _options.Security = MailSecurity.None;
        (_options.User, _options.Password) = ("mailer", "much ado");
        DeliveryAnswer answer = await SendAsync(DeliveryEvent.Raised, "x");
        Assert.Contains("no password is sent", answer.Text, StringComparison.Ordinal);
        Assert.False(_mails.Reader.TryRead(out _));
    }

    [Fact]
    public async Task With_TLS_the_server_is_who_the_authority_says_and_the_password_is_sent()
    {
        using var authority = Certificates.Authority();
        using var other = Certificates.Authority("another authority");
        using var certificate = Certificates.Server(authority, ["localhost"]);
        (string file, string key) = Certificates.WritePem(certificate, _folder.Path, "smtp");
        await File.WriteAllTextAsync(_folder.File("ca.pem"), authority.ExportCertificatePem(), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_folder.File("other.pem"), other.ExportCertificatePem(), TestContext.Current.CancellationToken);
        await StartAsync("--tls", file, key, "--user", "mailer", "much ado");
        (_options.Security, _options.User, _options.Password, _options.Authority) = (MailSecurity.StartTls, "mailer", "much ado", _folder.File("other.pem"));
        Assert.False((await SendAsync(DeliveryEvent.Raised, "x")).IsSent);
        _options.Authority = _folder.File("ca.pem");
        DeliveryAnswer answer = await SendAsync(DeliveryEvent.Raised, "x");
        Assert.True(answer.IsSent, answer.Text);
        JsonElement mail = await _mails.Reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal((true, "mailer"), (mail.GetProperty("secure").GetBoolean(), mail.GetProperty("user").GetString()));
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_tried_again()
    {
        _options = new AlertMailOptions { Host = "127.0.0.1", Port = Ports.Free(), Security = MailSecurity.None, From = "hub@example.net" };
        Assert.Equal((false, false), await SendAsync(DeliveryEvent.Raised, "x") is { } answer ? (answer.IsSent, answer.IsFinal) : default);
    }

    private static string? Header(JsonElement mail, string name) =>
        mail.GetProperty("headers").EnumerateArray().Where(h => string.Equals(h[0].GetString(), name, StringComparison.OrdinalIgnoreCase)).Select(h => h[1].GetString()).FirstOrDefault();

    private Task<DeliveryAnswer> SendAsync(DeliveryEvent what, string text, string to = "ops@example.org")
    {
        var alert = new Alert(7, "hot", "Too hot", "kiln", "t", AlertSeverity.Warning, DateTimeOffset.UnixEpoch) { Text = text };
        return new MailSender(_options, "hub.test").SendAsync(new AlertNotice(AlertDelivery.KeyOf(7, what), new DeliveryTarget(DeliveryChannel.Mail, to), [(alert, what)], false), TestContext.Current.CancellationToken);
    }

    private async Task StartAsync(params string[] arguments)
    {
        Assert.SkipUnless(File.Exists(Python) && await HasAsync(), "aiosmtpd is not installed (Debian: python3-aiosmtpd)");
        int port = Ports.Free();
        _server = Process.Start(new ProcessStartInfo(Python, [Repository.Path("tests", "Interop", "mailserver.py"), port.ToString(CultureInfo.InvariantCulture), .. arguments]) { RedirectStandardOutput = true })!;
        Assert.Equal("ready", await _server.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        _ = Task.Run(async () =>
        {
            while (await _server.StandardOutput.ReadLineAsync() is { } line)
            {
                _mails.Writer.TryWrite(JsonDocument.Parse(line).RootElement);
            }
        });
        _options = new AlertMailOptions { Host = "localhost", Port = port, Security = MailSecurity.None, From = "hub@example.net" };
    }

    private static async Task<bool> HasAsync()
    {
        using Process look = Process.Start(new ProcessStartInfo(Python, ["-c", "import aiosmtpd"]) { RedirectStandardError = true })!;
        await look.WaitForExitAsync();
        return look.ExitCode == 0;
    }
}
