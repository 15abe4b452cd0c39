using System.Security.Cryptography.X509Certificates;
using IotXmpp.Xmpp;

namespace IotXmpp.Host;

/// <summary>How a .NET process reaches a server.</summary>
public sealed class HostOptions
{
    /// <summary>Account, password, bounds and policies of the client itself.</summary>
    public required ClientOptions Client { get; init; }

    /// <summary>Where the server is; null is the account's domain with STARTTLS.</summary>
    public ServerAddress? Server { get; init; }

    /// <summary>The authorities that are trusted, instead of the system's; null trusts the system's. See <see cref="ReadAuthorities"/>.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Where SCRAM keys are kept; null keeps them as long as the connection object lives.</summary>
    public ISettings? Settings { get; init; }

    /// <summary>Whether a plain <c>&lt;presence/&gt;</c> is sent with each new session. Default true.</summary>
    public bool AnnouncePresence { get; init; } = true;

    /// <summary>Bytes that may wait for a server that does not read. Default 4 MiB; over it the connection is cut.</summary>
    public int OutputLimit { get; init; } = 4 << 20;

    /// <summary>Stanzas that an async stream holds for a reader that is slow. Default 1,024; then the oldest are dropped and counted.</summary>
    public int StreamCapacity { get; init; } = 1024;

    /// <summary>Time-outs of connecting and handshake are <see cref="ClientOptions.ConnectTimeoutSeconds"/>; this is the clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Reads the authorities of a PEM file.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="InvalidDataException">It holds no certificate.</exception>
    public static X509Certificate2Collection ReadAuthorities(string path)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(path);
        return authorities.Count > 0 ? authorities : throw new InvalidDataException($"{path} holds no certificate");
    }
}

/// <summary>A connection could not be made or was lost.</summary>
public sealed class ConnectionException(ClientError error) : Exception(Describe(error))
{
    /// <summary>Why.</summary>
    public ClientError Error { get; } = error;

    private static string Describe(ClientError error) => error.Kind switch
    {
        ClientErrorKind.Authentication when error.Condition == "not-authorized" => "the server refused name or password",
        ClientErrorKind.Connection => error.Text.Length > 0 ? error.Text : error.Condition,
        _ => error.ToString(),
    };
}

/// <summary>A request was answered by an error (RFC 6120 §8.3).</summary>
public sealed class StanzaException(StanzaError error, string from) : Exception(from.Length > 0 ? $"{from} answered {error}" : $"answered {error}")
{
    /// <summary>The error.</summary>
    public StanzaError Error { get; } = error;
}
