using System.ComponentModel.DataAnnotations;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Streams;
using IotXmpp.Xmpp;
using Microsoft.AspNetCore.Connections;

namespace IotXmpp.Hub.Peers;

/// <summary>A component that may connect (settings section <c>Components</c>, a list).</summary>
public sealed class ComponentOptions : IValidatableObject
{
    /// <summary>Its domain, such as <c>irc.example.org</c>.</summary>
    public string Jid { get; set; } = string.Empty;

    /// <summary>The secret that it shares with the hub (XEP-0114 §3).</summary>
    public string Secret { get; set; } = string.Empty;

    /// <summary>What people see in a list of services; empty: its domain.</summary>
    public string Name { get; set; } = string.Empty;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (JidPrep.TryDomainpart(Jid, out string? prepared))
        {
            Jid = prepared;
        }
        else
        {
            yield return new($"'{Jid}' is no domain; allowed: a name such as irc.example.org (RFC 7622 §3.2)", [nameof(Jid)]);
        }

        if (Secret.Length == 0)
        {
            yield return new("is empty; allowed: the secret that the component knows too", [nameof(Secret)]);
        }
    }
}

/// <summary>
/// External components (XEP-0114): they connect, prove by a shared secret that they are a domain, and from then on get everything that is addressed to it and
/// below. The protocol has no TLS: only peers on loopback are served unless settings say otherwise.
/// </summary>
public sealed class ComponentHost : PeerHost
{
    /// <summary>Streams that may be open at once (100): a hub has a handful of components, and strangers shall not fill its memory.</summary>
    private const int StreamLimit = 100;

    private readonly Dictionary<string, Component> _components = new(StringComparer.Ordinal);

    /// <param name="hub">The modules, loaded.</param>
    /// <param name="options">The bounds of streams.</param>
    /// <param name="components">Who may connect.</param>
    /// <param name="onlyLoopback">Whether peers that are not on this machine are refused.</param>
    /// <exception cref="ArgumentException">A domain stands there twice, or the hub serves it itself.</exception>
    public ComponentHost(ModuleHost hub, XmppOptions options, IEnumerable<ComponentOptions> components, bool onlyLoopback)
        : base(hub, options, "IotXmpp.Hub.Components")
    {
        OnlyLoopback = onlyLoopback;
        foreach (ComponentOptions component in components)
        {
            if (component.Jid == hub.Domain.Domain || hub.ComponentAt(component.Jid) is not null)
            {
                throw new ArgumentException($"setting Components: the hub serves {component.Jid} itself; give the component another domain");
            }

            if (!_components.TryAdd(component.Jid, new Component(component.Jid, component.Secret, component.Name.Length > 0 ? component.Name : null)))
            {
                throw new ArgumentException($"setting Components: {component.Jid} stands there twice");
            }
        }
    }

    /// <summary>The components that are there now: domain and name.</summary>
    public IEnumerable<(string Domain, string? Name)> Connected => _components.Values.Where(c => c.Stream is not null).Select(c => (c.Domain, c.Name));

    internal bool OnlyLoopback { get; }

    internal override int MaxStanzaBytes => Options.MaxStanzaBytes;

    internal override int OutboundQueueBytes => Options.OutboundQueueBytes;

    internal override int BytesPerSecond => 0; // trusted, and on this machine mostly

    private protected override int MaxStreams => StreamLimit;

    /// <summary>Serves one connection to its end.</summary>
    public Task ServeAsync(ConnectionContext connection) => new ComponentStream(this, connection).RunAsync(directTls: false);

    internal Component? Find(string domain) => _components.GetValueOrDefault(domain);

    /// <summary>The component that a domain belongs to: its own, or one below.</summary>
    internal Component? At(string domain)
    {
        if (_components.Count == 0)
        {
            return null;
        }

        while (true)
        {
            if (_components.TryGetValue(domain, out Component? component))
            {
                return component;
            }

            int dot = domain.IndexOf('.', StringComparison.Ordinal);
            if (dot < 0)
            {
                return null;
            }

            domain = domain[(dot + 1)..];
        }
    }

    internal void Deliver(Component component, Stanza stanza)
    {
        if (component.Stream is not { } stream)
        {
            Hub.Router.Bounce(stanza, StanzaError.ServiceUnavailable.With(StanzaErrorType.Wait).With("The component is not connected."));
            return;
        }

        stream.SendStanza(StanzaWriter.Write(stanza));
    }

    /// <summary>A component that may connect, and the stream of the one that has.</summary>
    internal sealed class Component(string domain, string secret, string? name)
    {
        private ComponentStream? _stream;

        public string Domain => domain;

        public string Secret => secret;

        public string? Name => name;

        public ComponentStream? Stream => Volatile.Read(ref _stream);

        /// <summary>A stream has proven that it is this component; returns the one that was it before.</summary>
        public ComponentStream? Take(ComponentStream stream) => Interlocked.Exchange(ref _stream, stream);

        /// <summary>A stream has ended; false where another has taken its place.</summary>
        public bool Leave(ComponentStream stream) => Interlocked.CompareExchange(ref _stream, null, stream) == stream;

        /// <summary>Whether an address is the component's or below.</summary>
        public bool Owns(string other) => other == domain || (other.Length > domain.Length && other.EndsWith(domain, StringComparison.Ordinal) && other[^(domain.Length + 1)] == '.');
    }
}
