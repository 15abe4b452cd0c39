using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using IotXmpp.Cli.Operator;
using IotXmpp.Host;

namespace IotXmpp.Cli.Flash;

/// <summary>The hub as the board sees it: a host name or address that its network has, and the port of direct TLS.</summary>
/// <param name="Host">Name or address.</param>
/// <param name="Port">The port of direct TLS (XEP-0368).</param>
/// <param name="Given">Whether a person gave it; else it was worked out.</param>
internal sealed record HubAddress(string Host, int Port, bool Given)
{
    /// <summary>How long a try to connect may take. Default 5 s: it is a neighbour, or the internet.</summary>
    private static readonly TimeSpan TryLimit = TimeSpan.FromSeconds(5);

    /// <summary>Reads what <c>--hub-address</c> says, or works it out of where the operator's hub is: this machine's own address when the hub is here.</summary>
    /// <exception cref="CliException">It cannot be read, or worked out.</exception>
    public static HubAddress Of(string? given, ServerAddress hub, IEnumerable<IPAddress> own)
    {
        int port = hub.DirectTls ? hub.Port : ServerAddress.DirectTlsPort;
        if (given is not null)
        {
            // host, host:port, [v6]:port, or with the scheme that other commands use.
            string text = given.Contains("://", StringComparison.Ordinal) ? given : $"xmpps://{given}";
            return ServerAddress.TryParse(text, out ServerAddress? address) && address.DirectTls
                ? new HubAddress(address.Host, text.EndsWith($":{address.Port.ToString(CultureInfo.InvariantCulture)}", StringComparison.Ordinal) ? address.Port : port, true)
                : throw new CliException(ExitCode.Usage, $"'{given}' is no address of a hub for a board: HOST or HOST:PORT is expected, the port being that of direct TLS (usually 5223)");
        }

        if (!IsThisMachine(hub.Host))
        {
            return new HubAddress(hub.Host, port, false);
        }

        IPAddress? lan = own.FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(a) && !IsLinkLocal(a));
        return lan is not null
            ? new HubAddress(lan.ToString(), port, false)
            : throw new CliException(ExitCode.Usage, $"the hub is this machine ({hub.Host}), and it has no address in a network that a board could reach; connect it, or give the address with --hub-address HOST:PORT");
    }

    /// <summary>This machine's addresses, those of interfaces with a gateway first.</summary>
    public static IEnumerable<IPAddress> OwnAddresses() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(i => i.OperationalStatus == OperationalStatus.Up && i.NetworkInterfaceType != NetworkInterfaceType.Loopback)
        .Select(i => i.GetIPProperties())
        .OrderByDescending(p => p.GatewayAddresses.Count > 0)
        .SelectMany(p => p.UnicastAddresses.Select(a => a.Address));

    /// <summary>Tries to connect from here. That it works says little of the board's network, that it does not says much.</summary>
    /// <returns>What is wrong, and what to do; null when nothing is.</returns>
    public async Task<string?> TryAsync(CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(TryLimit);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(Host, Port, limit.Token);
            return null;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return $"nothing answers at {this}: a firewall is between, or this is not the hub's address; --hub-address HOST:PORT gives it";
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return $"nothing listens at {this}: a hub that listens on 127.0.0.1 only cannot be reached by a board; start it with --c2s-tls '*:{Port}', or give its address with --hub-address HOST:PORT";
        }
        catch (SocketException e)
        {
            return $"{this} cannot be reached: {e.Message}; --hub-address HOST:PORT gives the address that the board's network has for the hub";
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    private static bool IsThisMachine(string host) => host is "localhost" || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address));

    private static bool IsLinkLocal(IPAddress address) => address.GetAddressBytes() is [169, 254, ..];
}
