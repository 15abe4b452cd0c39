using System.Globalization;
using System.Net;
using IotXmpp.Hub.Dashboard.Mcp;
using IotXmpp.Hub.Dashboard.Rest;
using IotXmpp.Hub.Features.ContactAddresses;
using IotXmpp.Hub.Features.Invitations;
using IotXmpp.Hub.Features.PubSub.Feeds;
using IotXmpp.Hub.Features.Upload;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Transport;
using IotXmpp.Hub.Transport.Bosh;

namespace IotXmpp.Hub.Server;

/// <summary>What the HTTP side is made with: its settings, the files, and the address that it is told by.</summary>
public sealed class HubWeb
{
    private readonly WebOptions _options;
    private string _listening = "http://localhost";
    private string? _secure;

    /// <summary>Reads the settings.</summary>
    /// <param name="settings">All settings.</param>
    /// <param name="folder">The data folder.</param>
    /// <param name="database">The hub's database.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where logs go.</param>
    public HubWeb(HubSettings settings, DataFolder folder, ISqlDatabase database, TimeProvider time, ILoggerFactory loggers)
    {
        _options = settings.Section<WebOptions>("Web");
        ListenAddress http = settings.Hub.Listen.Http;
        if (http is { IsOn: true, IsLoopback: false } && !_options.HasDistantProxy)
        {
            throw new SettingsException($"Listen:Http (--http) is {http}, where others can listen: HTTP without TLS is for this machine and for proxies; use --https, or name the proxy's address in Web:Proxies");
        }

        Policy = new WebPolicy(_options);
        Contact = settings.Section<ContactOptions>("Contact");
        Time = time;
        Bosh = settings.Section<BoshOptions>("Bosh");
        Uploads = new UploadService(new UploadStore(database), settings.Section<UploadOptions>("Upload"), folder.File("upload"), folder.Secret("upload.key"), time, loggers.CreateLogger<UploadService>());
        SecondFactorKey = folder.Secret("second-factor.key");
        Feeds = new FeedBook(() => IsServed, () => BaseUrl);
    }

    /// <summary>Who may come.</summary>
    public WebPolicy Policy { get; }

    /// <summary>Whom people write to.</summary>
    public ContactOptions Contact { get; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>The bounds of BOSH.</summary>
    public BoshOptions Bosh { get; }

    /// <summary>Invitations, of which the landing page tells; set while the modules are made.</summary>
    public InvitationService? Invitations { get; internal set; }

    /// <summary>Files of accounts.</summary>
    public UploadService Uploads { get; }

    /// <summary>Seals the secrets of second factors.</summary>
    internal byte[] SecondFactorKey { get; }

    /// <summary>Open nodes as feeds.</summary>
    public FeedBook Feeds { get; }

    /// <summary>Whether the HTTP side is open.</summary>
    public bool IsServed { get; private set; }

    /// <summary>Where clients reach the HTTP side, without a slash at the end: <c>Web:PublicUrl</c>, else where it listens, with TLS if it does.</summary>
    public string BaseUrl => _options.PublicUrl.Length > 0 ? _options.PublicUrl.TrimEnd('/') : _secure ?? _listening;

    /// <summary>Where clients are told to come that have come by this request: the public address, else the one they know already, unless that is without TLS and there is one with it.</summary>
    public string BaseUrlFor(HttpContext context) => _options.PublicUrl.Length == 0 && Policy.Look(context).BaseUrl is { } own && (_secure is null || own.StartsWith("https:", StringComparison.OrdinalIgnoreCase)) ? own : BaseUrl;

    /// <summary>Looks at every request before anything else does: without TLS from another machine nothing is told but that the hub lives, and every answer says what browsers shall not do with it.</summary>
    internal Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        if (context.Request.IsHttps)
        {
            // RFC 6797 §7.2: by TLS only. A name that every machine has is no name to promise something for.
            if (_options.HstsSeconds > 0 && context.Request.Host.Host is { } host && host != "localhost" && !IPAddress.TryParse(host.Trim('[', ']'), out _))
            {
                headers.StrictTransportSecurity = string.Create(CultureInfo.InvariantCulture, $"max-age={_options.HstsSeconds}");
            }

            return next(context);
        }

        if (context.Request.Path == HubHttp.HealthPath || Policy.Look(context).IsSecure)
        {
            return next(context);
        }

        const string Line = "TLS is needed: use https, by the hub's own listener or by a proxy that the setting Web:Proxies names.";
        return context.Request.Path.StartsWithSegments(RestApi.Prefix) || context.Request.Path.StartsWithSegments(McpApi.Path)
            ? RestProblem.Forbidden(Line).ExecuteAsync(context)
            : WebPolicy.RefuseAsync(context, StatusCodes.Status403Forbidden, Line);
    }

    /// <summary>The listeners are open.</summary>
    /// <param name="http">Where the one without TLS is, or null.</param>
    /// <param name="https">Where the one with TLS is, or null.</param>
    /// <param name="domain">The served domain, which stands for every address of this machine.</param>
    internal void Listening(IPEndPoint? http, IPEndPoint? https, string domain)
    {
        string Named(IPEndPoint address) => address.Address.Equals(IPAddress.Any) || address.Address.Equals(IPAddress.IPv6Any) ? $"{domain}:{address.Port}" : address.ToString();
        _listening = http is null ? _listening : "http://" + Named(http);
        _secure = https is null ? null : "https://" + Named(https);
        IsServed = http is not null || https is not null;
    }
}
