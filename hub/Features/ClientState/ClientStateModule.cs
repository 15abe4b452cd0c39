using System.ComponentModel.DataAnnotations;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.ClientState;

/// <summary>What is held back from a client that nobody looks at (settings section <c>ClientState</c>).</summary>
public sealed class ClientStateOptions
{
    /// <summary>False takes what clients say and holds nothing back.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Stanzas that wait for one client (100); with one more all of them leave together.</summary>
    [Range(1, 10_000)]
    public int MaxStanzas { get; set; } = 100;

    /// <summary>Bytes that wait for one client (64 KiB); with more all of it leaves together.</summary>
    [Range(1024, 16 << 20)]
    public int MaxBytes { get; set; } = 64 * 1024;

    /// <summary>Whether notifications of PubSub nodes wait as well; presence always does.</summary>
    public bool HoldEvents { get; set; } = true;
}

/// <summary>Client State Indication (XEP-0352): while a client is inactive, what is not urgent waits and leaves in one piece.</summary>
public sealed class ClientStateModule(ClientStateOptions options) : IXmppModule
{
    /// <inheritdoc/>
    public string Name => "ClientState";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0352", "Client State Indication", "1.0.0", "the latest presence of each and PubSub notifications wait, typing is dropped; all else leaves at once, with what waits before it")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        var feature = new Feature(options);
        module.StreamFeature(feature);
        module.BindFeature(feature);
    }

    private static void Set(Session session, bool isActive, ClientStateOptions options)
    {
        if (isActive)
        {
            session.OpenGate();
        }
        else if (options.Enabled && session.Gate is null)
        {
            session.Gate = new HeldBack(options);
        }
    }

    private sealed class Feature(ClientStateOptions options) : IStreamFeature, IBindFeature
    {
        public string Namespace => Ns.ClientState;

        public void Offer(IClientStream stream, XmlBuilder features)
        {
            if (stream.Account is not null)
            {
                features.Empty("csi"u8, Ns.ClientState);
            }
        }

        public ValueTask HandleAsync(IClientStream stream, Element element, CancellationToken cancel)
        {
            if (stream.Session is not { } session || element.Name is not ("active" or "inactive"))
            {
                stream.Fail("unsupported-stanza-type");
            }
            else
            {
                Set(session, element.Name == "active", options);
            }

            return default;
        }

        public ValueTask EnableAsync(Session session, Element? request, XmlBuilder bound, CancellationToken cancel)
        {
            if (request is { Name: "inactive" })
            {
                Set(session, isActive: false, options);
            }

            return default;
        }
    }
}
