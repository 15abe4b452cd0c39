using System.Globalization;
using System.Net;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Bytestreams;

/// <summary>A proxy for SOCKS5 Bytestreams (XEP-0065 §6.3) at <c>proxy.&lt;domain&gt;</c>: tells where it is, and activates bytestreams. It is there only where it listens.</summary>
/// <param name="listen">Where it listens; null: nowhere.</param>
/// <param name="options">Its bounds.</param>
public sealed class BytestreamsModule(IPEndPoint? listen, BytestreamsOptions options) : IXmppModule, IDisposable
{
    /// <summary>The proxy's part of its address.</summary>
    public const string Subdomain = "proxy";

    private const string Namespace = "http://jabber.org/protocol/bytestreams";

    private IHub _hub = null!;
    private ILogger _log = null!;
    private ProxyService _service = null!;
    private ProxyListener? _listener;

    /// <inheritdoc/>
    public string Name => "Bytestreams";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0065", "SOCKS5 Bytestreams", "1.8.2", "a proxy at proxy.<domain>, where --proxy65 gives it a port; TCP, not UDP")];

    /// <summary>Where it listens; null before the start, and where it does not.</summary>
    public IPEndPoint? Address => _listener?.Address;

    /// <summary>Bytestreams that are active.</summary>
    public int Active => _service.Active;

    /// <summary>Connections that are open.</summary>
    public int Connections => _listener?.Connections ?? 0;

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        if (listen is null)
        {
            return;
        }

        _hub = module.Hub;
        _log = _hub.Loggers.CreateLogger<BytestreamsModule>();
        _service = new ProxyService(options);
        module.Component(Subdomain).Identity("proxy", "bytestreams", "SOCKS5 Bytestreams").Feature(Namespace)
            .Iq(StanzaType.Get, "query", Namespace, (request, _) => Tell(request))
            .Iq(StanzaType.Set, "query", Namespace, (request, _) => Activate(request));
        module.Starting(_ =>
        {
            _listener = new ProxyListener(listen, _service, options, _hub.Time, _log);
            return default;
        });
        module.Stopping(_ =>
        {
            Dispose();
            return default;
        });
    }

    /// <summary>Closes the listener and all connections.</summary>
    public void Dispose() => _listener?.Dispose();

    // §4.3: who may not use it is told so before he tries.
    private bool MayUse(Jid user) => options.Users == ProxyUsers.Anybody || (user.Domain == _hub.Domain.Domain && user.Local.Length > 0);

    private IqReply Tell(IqRequest request)
    {
        if (!MayUse(request.From))
        {
            return StanzaError.Forbidden;
        }

        IPEndPoint address = _listener!.Address;
        bool isAny = address.Address.Equals(IPAddress.IPv6Any) || address.Address.Equals(IPAddress.Any);
        string host = options.PublicHost.Length > 0 ? options.PublicHost : isAny ? _hub.Domain.Domain : address.Address.ToString();
        int port = options.PublicPort > 0 ? options.PublicPort : address.Port;
        using var xml = new XmlBuilder();
        xml.Open("query"u8, Namespace).Open("streamhost"u8).Attribute("host"u8, host).Attribute("jid"u8, request.Target.ToString())
            .Attribute("port"u8, port.ToString(CultureInfo.InvariantCulture)).Close("streamhost"u8);
        return IqReply.Result(xml.Close("query"u8));
    }

    private IqReply Activate(IqRequest request)
    {
        if (!MayUse(request.From))
        {
            return StanzaError.Forbidden;
        }

        Element query = request.Payload();
        if (query["sid"] is not { Length: > 0 } sid || query.Child("activate") is not { } activate)
        {
            return StanzaError.BadRequest;
        }

        if (!JidPrep.TryParse(activate.Text.Trim(), out Jid? target))
        {
            return StanzaError.JidMalformed;
        }

        ActivationOutcome outcome = _service.Activate(sid, request.From, target);
        ProxyLog.Activation(_log, request.From, outcome);
        return outcome switch
        {
            ActivationOutcome.Activated => IqReply.Empty,
            ActivationOutcome.OneSideOnly => StanzaError.NotAllowed.With("Only one side is connected."),
            ActivationOutcome.IsActive => StanzaError.Conflict.With("It is active already."),
            ActivationOutcome.TooMany => StanzaError.ResourceConstraint.With("There are as many active bytestreams as there may be."),
            // Whether the id, the requester or the target is another: the hash of none of it is told apart.
            _ => StanzaError.ItemNotFound,
        };
    }
}
