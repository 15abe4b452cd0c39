using System.Globalization;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.ExternalServices;

/// <summary>External Service Discovery (XEP-0215): tells accounts of STUN and TURN servers, with credentials that end.</summary>
public sealed class ExternalServicesModule(ExternalServicesOptions options) : IXmppModule
{
    private const string Namespace = "urn:xmpp:extdisco:2";

    private IHub _hub = null!;

    /// <inheritdoc/>
    public string Name => "ExternalServices";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0215", "External Service Discovery", "1.0.0", "those of the settings, for accounts of this hub; time-limited credentials for TURN; no pushes: settings do not change while it runs")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        if (options.Services.Length == 0)
        {
            return;
        }

        _hub = module.Hub;
        module.Domain.Feature(Namespace)
            .Iq(StanzaType.Get, "services", Namespace, (request, _) => List(request))
            .Iq(StanzaType.Get, "credentials", Namespace, (request, _) => Credentials(request));
    }

    private static int PortOf(ExternalService service) => service.Port > 0 ? service.Port : service.Type switch
    {
        "stun" or "turn" => 3478,
        "stuns" or "turns" => 5349,
        _ => 0,
    };

    private static bool HasCredentials(ExternalService service) => service.Secret.Length > 0 || service.Username.Length > 0;

    // Relaying costs the operator something: it is for his own people.
    private bool IsOurs(Jid jid) => jid.Domain == _hub.Domain.Domain && jid.Local.Length > 0;

    // §4.1 and §4.2.
    private IqReply List(IqRequest request)
    {
        if (!IsOurs(request.From))
        {
            return StanzaError.Forbidden;
        }

        string? type = request.Payload()["type"];
        using var xml = new XmlBuilder();
        xml.Open("services"u8, Namespace).Attribute("type"u8, type);
        foreach (ExternalService service in options.Services)
        {
            if (type is null || service.Type == type)
            {
                Write(xml, service, request.From.Local);
            }
        }

        return IqReply.Result(xml.Close("services"u8));
    }

    // §4.3.
    private IqReply Credentials(IqRequest request)
    {
        if (!IsOurs(request.From))
        {
            return StanzaError.Forbidden;
        }

        if (request.Payload().Child("service") is not { } asked || asked["host"] is not { } host || asked["type"] is not { } type)
        {
            return StanzaError.BadRequest;
        }

        string? port = asked["port"];
        using var xml = new XmlBuilder();
        xml.Open("credentials"u8, Namespace);
        bool isAny = false;
        foreach (ExternalService service in options.Services)
        {
            if (HasCredentials(service) && service.Type == type && string.Equals(service.Host, host, StringComparison.OrdinalIgnoreCase)
                && (port is null || port == PortOf(service).ToString(CultureInfo.InvariantCulture)))
            {
                Write(xml, service, request.From.Local);
                isAny = true;
            }
        }

        return isAny ? IqReply.Result(xml.Close("credentials"u8)) : StanzaError.ItemNotFound;
    }

    private void Write(XmlBuilder xml, ExternalService service, string account)
    {
        int port = PortOf(service);
        xml.Open("service"u8).Attribute("host"u8, service.Host).Attribute("type"u8, service.Type)
            .Attribute("port"u8, port > 0 ? port.ToString(CultureInfo.InvariantCulture) : null)
            .Attribute("transport"u8, service.Transport.Length > 0 ? service.Transport : null)
            .Attribute("name"u8, service.Name.Length > 0 ? service.Name : null);
        if (HasCredentials(service))
        {
            xml.Attribute("restricted"u8, "true"u8);
        }

        if (service.Secret.Length > 0)
        {
            var credentials = TurnCredentials.Make(service.Secret, account, _hub.Time.GetUtcNow().AddSeconds(options.CredentialSeconds));
            xml.Attribute("username"u8, credentials.Username).Attribute("password"u8, credentials.Password)
                .Attribute("expires"u8, credentials.Expires.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        }
        else if (service.Username.Length > 0)
        {
            xml.Attribute("username"u8, service.Username).Attribute("password"u8, service.Password);
        }

        xml.Close("service"u8);
    }
}
