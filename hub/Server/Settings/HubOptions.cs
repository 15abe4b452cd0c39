using System.ComponentModel.DataAnnotations;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Peers;
using IotXmpp.Hub.Sasl;

namespace IotXmpp.Hub.Server;

/// <summary>The settings of the hub itself; features have sections of their own beside these.</summary>
public sealed class HubOptions : IValidatableObject
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

    /// <summary>External components that may connect (XEP-0114).</summary>
    public ComponentOptions[] Components { get; set; } = [];

    /// <summary>The administrator that the first start makes.</summary>
    public AdministratorOptions Administrator { get; set; } = new();

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (JidPrep.TryDomainpart(Domain, out string? prepared))
        {
            Domain = prepared;
        }
        else
        {
            yield return new($"'{Domain}' is no domain name; allowed: a name such as example.org (RFC 7622 §3.2)", [nameof(Domain)]);
        }

        if (string.IsNullOrWhiteSpace(Data))
        {
            yield return new("is empty; allowed: the path of a folder", [nameof(Data)]);
        }

        if ((Tls.CertificateFile is null) != (Tls.KeyFile is null))
        {
            yield return new(
                "is missing; certificate and key are given together (--cert FILE --key FILE) or not at all",
                [Tls.CertificateFile is null ? "Tls:CertificateFile" : "Tls:KeyFile"]);
        }

        if (!JidPrep.TryLocalpart(Administrator.Name, out _))
        {
            yield return new($"'{Administrator.Name}' is no account name (RFC 7622 §3.3)", ["Administrator:Name"]);
        }
    }
}

/// <summary>The first administrator (<c>Administrator</c>).</summary>
public sealed class AdministratorOptions
{
    /// <summary>Its account name (localpart).</summary>
    public string Name { get; set; } = "admin";
}

/// <summary>Listeners (<c>Listen</c>): <c>HOST:PORT</c>, <c>[V6]:PORT</c>, <c>*:PORT</c>; <c>0</c> or empty switches one off.</summary>
public sealed class ListenOptions
{
    /// <summary>Clients with STARTTLS (RFC 6120 §3.2).</summary>
    public ListenAddress C2s { get; set; } = ListenAddress.Any(5222);

    /// <summary>Clients with direct TLS (XEP-0368).</summary>
    public ListenAddress C2sTls { get; set; } = ListenAddress.Any(5223);

    /// <summary>Other servers, with STARTTLS (RFC 6120 §3.2); off: a hub that nobody told to federate does not.</summary>
    public ListenAddress S2s { get; set; } = ListenAddress.Off;

    /// <summary>Other servers, with direct TLS (XEP-0368).</summary>
    public ListenAddress S2sTls { get; set; } = ListenAddress.Off;

    /// <summary>External components (XEP-0114).</summary>
    public ListenAddress Component { get; set; } = ListenAddress.Off;

    /// <summary>The proxy for SOCKS5 Bytestreams (XEP-0065); off: a relay that nobody asked for is not there.</summary>
    public ListenAddress Proxy65 { get; set; } = ListenAddress.Off;

    /// <summary>HTTP: dashboard, REST, health. Without TLS, so for this machine and for proxies that <c>Web:Proxies</c> names.</summary>
    public ListenAddress Http { get; set; } = ListenAddress.Loopback(5280);

    /// <summary>The same with TLS, by the hub's certificate; off: who wants it says where.</summary>
    public ListenAddress Https { get; set; } = ListenAddress.Off;

    /// <summary>The addresses that are on.</summary>
    public override string ToString() => string.Join(", ", new[] { C2s, C2sTls, S2s, S2sTls, Component, Proxy65, Http, Https }.Where(address => address.IsOn));
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

/// <summary>From where components may connect; their protocol (XEP-0114) has no TLS.</summary>
public enum ComponentPolicy
{
    /// <summary>From this machine only.</summary>
    Loopback,

    /// <summary>From everywhere: the operator protects the way.</summary>
    Any,
}

/// <summary>Log-in and transport security (<c>Security</c>).</summary>
public sealed class SecurityOptions
{
    /// <summary>Where SASL without TLS is allowed.</summary>
    public PlaintextPolicy Plaintext { get; set; }

    /// <summary>PEM file of the authorities that issue clients' certificates (XEP-0178), from the working folder or the data folder; none: certificates are not asked for.</summary>
    public string? ClientCertificateAuthority { get; set; }

    /// <summary>From where components may connect.</summary>
    public ComponentPolicy Components { get; set; }

    /// <summary>Settings of SASL.</summary>
    public SaslOptions Sasl { get; set; } = new();

    /// <summary>The growing delay after failed log-ins.</summary>
    public LoginThrottleOptions LoginThrottle { get; set; } = new();
}
