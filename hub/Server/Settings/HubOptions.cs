using IotXmpp.Hub.Sasl;

namespace IotXmpp.Hub.Server;

/// <summary>The settings of the hub itself; features have sections of their own beside these.</summary>
public sealed class HubOptions
{
    /// <summary>The served domain (RFC 7622 §3.2).</summary>
    public string Domain { get; set; } = "localhost";

    /// <summary>The data folder; made at the first start.</summary>
    public string Data { get; set; } = "iotxmpp-data";

    /// <summary>Where the hub listens.</summary>
    public ListenOptions Listen { get; set; } = new();

    /// <summary>The server certificate.</summary>
    public TlsOptions Tls { get; set; } = new();

    /// <summary>Log-in and transport security.</summary>
    public SecurityOptions Security { get; set; } = new();
}

/// <summary>Listeners (<c>Listen</c>): <c>HOST:PORT</c>, <c>[V6]:PORT</c>, <c>*:PORT</c>; <c>0</c> or empty switches one off.</summary>
public sealed class ListenOptions
{
    /// <summary>Clients with STARTTLS (RFC 6120 §3.2).</summary>
    public ListenAddress C2s { get; set; } = ListenAddress.Any(5222);

    /// <summary>Clients with direct TLS (XEP-0368).</summary>
    public ListenAddress C2sTls { get; set; } = ListenAddress.Any(5223);

    /// <summary>HTTP: dashboard, REST, health.</summary>
    public ListenAddress Http { get; set; } = ListenAddress.Loopback(5280);
}

/// <summary>The server certificate (<c>Tls</c>); without files the hub's private authority issues one.</summary>
public sealed class TlsOptions
{
    /// <summary>PEM file of the certificate and its chain, leaf first; reloaded when it changes.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>PEM file of the private key.</summary>
    public string? KeyFile { get; set; }
}

/// <summary>Where SASL without TLS is allowed.</summary>
public enum PlaintextPolicy
{
    /// <summary>Nowhere.</summary>
    None,

    /// <summary>For peers in 127.0.0.0/8 only.</summary>
    Loopback,
}

/// <summary>Log-in and transport security (<c>Security</c>).</summary>
public sealed class SecurityOptions
{
    /// <summary>Where SASL without TLS is allowed.</summary>
    public PlaintextPolicy Plaintext { get; set; }

    /// <summary>Settings of SASL.</summary>
    public SaslOptions Sasl { get; set; } = new();

    /// <summary>The growing delay after failed log-ins.</summary>
    public LoginThrottleOptions LoginThrottle { get; set; } = new();
}
