using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using IotXmpp.Hub.Features.Alerts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Alerts;

/// <summary>Webhooks before a receiver that takes, refuses, hangs, redirects and never ends; and addresses that nobody may be made to call.</summary>
public sealed class WebhookSenderTests : IAsyncLifetime
{
    private const string Secret = "0123456789abcdef";

    private readonly ConcurrentQueue<(string Path, Dictionary<string, string> Headers, string Body)> _came = new();
    private readonly CancellationTokenSource _end = new();
    private WebApplication _receiver = null!;
    private string _url = "";

    public async ValueTask InitializeAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        _receiver = builder.Build();
        _receiver.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            string path = context.Request.Path.Value!;
            _came.Enqueue((path, context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString()), await reader.ReadToEndAsync()));
            switch (path)
            {
                case "/hang":
                    await Task.Delay(Timeout.InfiniteTimeSpan, CancellationTokenSource.CreateLinkedTokenSource(_end.Token, context.RequestAborted).Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    break;
                case "/redirect":
                    context.Response.Redirect("/taken");
                    break;
                case "/endless":
                    byte[] chunk = new byte[65_536];
                    while (!context.RequestAborted.IsCancellationRequested && !_end.IsCancellationRequested)
                    {
                        await context.Response.Body.WriteAsync(chunk, context.RequestAborted);
                    }

                    break;
                case "/busy":
                    context.Response.Headers.RetryAfter = "120";
                    context.Response.StatusCode = 429;
                    break;
                case var code when int.TryParse(code.TrimStart('/'), out int status):
                    context.Response.StatusCode = status;
                    break;
            }
        });
        await _receiver.StartAsync();
        _url = _receiver.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _receiver.DisposeAsync();
        _end.Dispose();
    }

    [Fact]
    public async Task A_request_carries_the_alert_its_id_and_a_signature_over_time_and_body()
    {
        var time = new TestKit.ManualTime();
        using var sender = new WebhookSender(Local(), "hub.test", time);
        DeliveryAnswer answer = await sender.SendAsync(Notice("/taken"), CancellationToken.None);
        Assert.True(answer.IsSent, answer.Text);
        (string _, Dictionary<string, string> headers, string body) = Assert.Single(_came);
        Assert.Equal("alert-7-raised", headers[WebhookSender.DeliveryHeader]);
        string signature = headers[WebhookSender.SignatureHeader];
        long seconds = time.GetUtcNow().ToUnixTimeSeconds();
        byte[] expected = System.Security.Cryptography.HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes($"{seconds}.{body}"));
        Assert.Equal($"t={seconds},v1={Convert.ToHexStringLower(expected)}", signature);
        JsonNode json = JsonNode.Parse(body)!;
        Assert.Equal(("alert-7-raised", "raised", "hub.test", 7, "kiln"), ((string?)json["id"], (string?)json["event"], (string?)json["hub"], (int)json["alert"]!["id"]!, (string?)json["alert"]!["thing"]));
        Assert.DoesNotContain(Secret, body + string.Join(' ', headers.Values), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/204", true, true, "204")]
    [InlineData("/endless", true, true, "200")] // the answer is not read
    [InlineData("/500", false, false, "500")]
    [InlineData("/503", false, false, "503")]
    [InlineData("/408", false, false, "408")]
    [InlineData("/busy", false, false, "429")]
    [InlineData("/400", false, true, "400")]
    [InlineData("/410", false, true, "410")]
    [InlineData("/redirect", false, true, "redirections are not followed")]
    [InlineData("/hang", false, false, "no answer within 2 s")]
    public async Task What_a_receiver_answers_decides_whether_it_is_tried_again(string path, bool isSent, bool isFinal, string says)
    {
        using var sender = new WebhookSender(Local(path == "/hang" ? 2 : 60), "hub.test", TimeProvider.System);
        DeliveryAnswer answer = await sender.SendAsync(Notice(path), CancellationToken.None);
        Assert.Equal((isSent, isFinal), (answer.IsSent, answer.IsFinal));
        Assert.Contains(says, answer.Text, StringComparison.Ordinal);
        Assert.Equal(path == "/busy" ? TimeSpan.FromSeconds(120) : null, answer.After);
        Assert.DoesNotContain(_came, c => c.Path == "/taken");
    }

    [Theory]
    [InlineData("https://127.0.0.1:{0}/taken")]
    [InlineData("https://localhost:{0}/taken")]
    [InlineData("https://[::1]:{0}/taken")]
    [InlineData("https://[::ffff:127.0.0.1]:{0}/taken")]
    [InlineData("https://2130706433:{0}/taken")]
    [InlineData("https://0x7f.1:{0}/taken")]
    [InlineData("https://169.254.169.254/latest/meta-data")]
    [InlineData("https://10.0.0.1/")]
    [InlineData("http://127.0.0.1:{0}/taken")]
    public async Task Nobody_makes_the_hub_call_what_stands_beside_it(string url)
    {
        using var sender = new WebhookSender(new WebhookOptions { TimeoutSeconds = 20 }, "hub.test", TimeProvider.System);
        DeliveryAnswer answer = await sender.SendAsync(Notice(string.Format(System.Globalization.CultureInfo.InvariantCulture, url, new Uri(_url).Port), isWhole: true), CancellationToken.None);
        Assert.Equal((false, true), (answer.IsSent, answer.IsFinal));
        Assert.Contains("Alerts:Webhooks", answer.Text, StringComparison.Ordinal);
        Assert.Empty(_came);
    }

    [Theory]
    [InlineData("93.184.216.34", true)]
    [InlineData("2606:2800:220:1:248:1893:25c8:1946", true)]
    [InlineData("0.0.0.0", false)]
    [InlineData("10.255.255.255", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("172.16.0.1", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.1.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::", false)]
    [InlineData("::127.0.0.1", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("2002:7f00:1::", false)]
    [InlineData("2001:0:1::", false)]
    [InlineData("fd00::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("ff02::1", false)]
    public void An_address_of_the_internet(string address, bool isPublic) => Assert.Equal(isPublic, WebhookSender.IsPublic(IPAddress.Parse(address)));

    private static WebhookOptions Local(int timeoutSeconds = 60) => new() { AllowPlain = true, PrivateNetworks = ["127.0.0.0/8"], TimeoutSeconds = timeoutSeconds };

    private AlertNotice Notice(string path, bool isWhole = false)
    {
        var alert = new Alert(7, "hot", "Too hot", "kiln", "t", AlertSeverity.Warning, DateTimeOffset.UnixEpoch) { Text = "kiln: t is 31" };
        return new AlertNotice("alert-7-raised", new DeliveryTarget(DeliveryChannel.Webhook, isWhole ? path : _url + path, Secret), [(alert, DeliveryEvent.Raised)], false);
    }
}
