using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>
/// Alerts as HTTPS requests: a POST with a JSON document, signed. The hub calls nobody on a network of its own unless the settings allow it (the address that is called is the one that was checked), follows no
/// redirection, sends no cookies, and reads no answer but its head.
/// </summary>
public sealed class WebhookSender : IAlertSender, IDisposable
{
    /// <summary>The header of the signature: <c>t=SECONDS,v1=HEX</c>, HMAC-SHA256 with the secret over the seconds since 1970, a dot and the body.</summary>
    public const string SignatureHeader = "IotXmpp-Signature";

    /// <summary>The header with the id of the delivery: the same at each attempt.</summary>
    public const string DeliveryHeader = "IotXmpp-Delivery";

    /// <summary>Bytes of an answer's body that are read away so that the connection can be used again: 4 KiB; with more it is closed.</summary>
    private const int Drained = 4_096;

    private static readonly IPNetwork[] s_notPublic = [.. new[]
    {
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    }.Select(IPNetwork.Parse)];

    private readonly WebhookOptions _options;
    private readonly IPNetwork[] _allowed;
    private readonly X509Certificate2Collection? _authority;
    private readonly HttpClient _client;
    private readonly string _hub;
    private readonly TimeProvider _time;

    /// <summary>By the settings.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="hub">The hub's domain.</param>
    /// <param name="time">The clock.</param>
    public WebhookSender(WebhookOptions options, string hub, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _hub = hub;
        _time = time;
        _allowed = [.. options.PrivateNetworks.Select(IPNetwork.Parse)];
        _authority = MailSender.Authorities(options.Authority);
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(options.TimeoutSeconds),
            MaxResponseHeadersLength = 16, // KiB
            MaxResponseDrainSize = Drained,
            MaxConnectionsPerServer = options.AtATime,
            PooledConnectionLifetime = TimeSpan.FromMinutes(1), // names move
            ConnectCallback = ConnectAsync,
        };
        if (_authority is not null)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, errors) => errors == System.Net.Security.SslPolicyErrors.None || MailSender.IsOf(_authority, certificate, errors);
        }

        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>The signature of a request.</summary>
    /// <param name="secret">What both sides know.</param>
    /// <param name="seconds">When it is sent, seconds since 1970.</param>
    /// <param name="body">The body.</param>
    public static string Sign(string secret, long seconds, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hash.AppendData(Encoding.ASCII.GetBytes(seconds.ToString(CultureInfo.InvariantCulture) + "."));
        hash.AppendData(body);
        return $"t={seconds.ToString(CultureInfo.InvariantCulture)},v1={Convert.ToHexStringLower(hash.GetHashAndReset())}";
    }

    /// <summary>Whether an address is one of the internet: not of this machine, not of a private network, not reserved, and none that hides such a one.</summary>
    public static bool IsPublic(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return !Array.Exists(s_notPublic, network => network.Contains(address));
    }

    /// <inheritdoc/>
    public async Task<DeliveryAnswer> SendAsync(AlertNotice notice, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(notice);
        if (!_options.Enabled)
        {
            return DeliveryAnswer.Never("there are no webhooks here (Alerts:Webhooks:Enabled)");
        }

        var url = new Uri(notice.Target.Address);
        if (url.Scheme != Uri.UriSchemeHttps && !_options.AllowPlain)
        {
            return DeliveryAnswer.Never("plain HTTP is not allowed (Alerts:Webhooks:AllowPlain)");
        }

        DateTimeOffset now = _time.GetUtcNow();
        byte[] body = notice.ToJson(_hub, now);
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.UserAgent.ParseAdd("IotXmpp");
        request.Headers.Add(SignatureHeader, Sign(notice.Target.Secret, now.ToUnixTimeSeconds(), body));
        request.Headers.Add(DeliveryHeader, notice.Key);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(_options.TimeoutSeconds));
        try
        {
            using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
            int code = (int)response.StatusCode;
            return code switch
            {
                >= 200 and < 300 => new DeliveryAnswer(true, true, $"answered {code}"),
                >= 300 and < 400 => DeliveryAnswer.Never($"answered {code}: redirections are not followed"),
                408 or 425 or 429 or >= 500 => DeliveryAnswer.NotNow($"answered {code}", response.Headers.RetryAfter is { } after ? after.Delta ?? after.Date - now : null),
                _ => DeliveryAnswer.Never($"answered {code}"),
            };
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return DeliveryAnswer.NotNow($"no answer within {_options.TimeoutSeconds} s");
        }
        catch (HttpRequestException e) when (e.InnerException is NotPublicException refused)
        {
            return DeliveryAnswer.Never(refused.Message);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            return DeliveryAnswer.NotNow(MailText.Line((e.InnerException ?? e).Message, 300));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        bool isPlain = context.InitialRequestMessage.RequestUri?.Scheme != Uri.UriSchemeHttps;
        IPAddress[] found = IPAddress.TryParse(context.DnsEndPoint.Host.Trim('[', ']'), out IPAddress? literal) ? [literal] : await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancel).ConfigureAwait(false);
        IPAddress[] allowed = [.. found.Where(a => IsAllowed(a) || (!isPlain && IsPublic(a)))];
        if (allowed.Length == 0)
        {
            throw new NotPublicException(isPlain ? "plain HTTP is for Alerts:Webhooks:PrivateNetworks only" : "this is no address of the internet (Alerts:Webhooks:PrivateNetworks)");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            // To the addresses that were checked: the name is not asked for again.
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, cancel).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private bool IsAllowed(IPAddress address)
    {
        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return Array.Exists(_allowed, network => network.Contains(address));
    }

    private sealed class NotPublicException(string message) : Exception(message);
}
