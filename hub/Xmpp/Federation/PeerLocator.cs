using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using IotXmpp.Hub.Federation.Dns;

namespace IotXmpp.Hub.Federation;

/// <summary>Where a server may be reached.</summary>
/// <param name="EndPoint">Address and port.</param>
/// <param name="DirectTls">TLS begins at once (XEP-0368).</param>
internal sealed record PeerTarget(IPEndPoint EndPoint, bool DirectTls);

/// <summary>Where a domain's server is, in the order in which it is tried.</summary>
/// <param name="Status">Failed: nobody could tell, it may exist all the same.</param>
/// <param name="Targets">Addresses.</param>
internal sealed record PeerLocation(DnsStatus Status, IReadOnlyList<PeerTarget> Targets)
{
    /// <summary>An address that name servers gave and that is not tried, because it is not public; or null.</summary>
    public IPAddress? Refused { get; init; }
}

/// <summary>Finds the servers of other domains (RFC 6120 §3.2, XEP-0368 §3): an override, else SRV, else the addresses of the domain.</summary>
/// <param name="resolver">Asks name servers.</param>
/// <param name="overrides">Host and port of domains that settings name.</param>
/// <param name="allowPrivate">Whether a domain that settings do not name may be in a private network (<see cref="FederationOptions.AllowPrivateAddresses"/>).</param>
/// <param name="defaultPort">Where a server without SRV listens: 5269.</param>
internal sealed class PeerLocator(DnsResolver resolver, IReadOnlyDictionary<string, FederationOverride> overrides, bool allowPrivate, int defaultPort = 5269)
{
    /// <summary>SRV targets that are tried (8), and addresses of each (4): a domain shall not keep the hub busy with a list.</summary>
    public const int MaxTargets = 8;

    /// <summary>See <see cref="MaxTargets"/>.</summary>
    public const int MaxAddresses = 4;

    /// <summary>Finds a domain's servers.</summary>
    public async ValueTask<PeerLocation> LocateAsync(string domain, CancellationToken cancel)
    {
        if (overrides.TryGetValue(domain, out FederationOverride? known))
        {
            (string host, int port) = known.HostAndPort();
            return await AddressesAsync(host, port, known.DirectTls, anywhere: true, cancel).ConfigureAwait(false);
        }

        if (IPAddress.TryParse(domain, out _))
        {
            // RFC 6120 §3.2.1: an address has no SRV.
            return await AddressesAsync(domain, defaultPort, false, allowPrivate, cancel).ConfigureAwait(false);
        }

        Task<DnsResult> direct = resolver.QueryAsync("_xmpps-server._tcp." + domain, DnsType.Srv, cancel).AsTask();
        DnsResult plain = await resolver.QueryAsync("_xmpp-server._tcp." + domain, DnsType.Srv, cancel).ConfigureAwait(false);
        DnsResult secure = await direct.ConfigureAwait(false);
        (DnsRecord Record, bool DirectTls)[] services =
        [
            .. plain.Records.Select(r => (r, false)),
            .. secure.Records.Select(r => (r, true)),
        ];
        if (services.Length == 0)
        {
            PeerLocation fallback = await AddressesAsync(domain, defaultPort, false, allowPrivate, cancel).ConfigureAwait(false);
            return fallback.Targets.Count == 0 && (plain.Status == DnsStatus.Failed || secure.Status == DnsStatus.Failed) ? fallback with { Status = DnsStatus.Failed } : fallback;
        }

        var targets = new List<PeerTarget>();
        bool failed = false;
        IPAddress? refused = null;
        // RFC 2782: the target "." says that the service is not there.
        foreach ((DnsRecord record, bool directTls) in InOrder(services.Where(s => s.Record.Target.Length > 0), RandomNumberGenerator.GetInt32).Take(MaxTargets))
        {
            PeerLocation addresses = await AddressesAsync(record.Target, record.Port, directTls, allowPrivate, cancel).ConfigureAwait(false);
            failed |= addresses.Status == DnsStatus.Failed;
            refused ??= addresses.Refused;
            targets.AddRange(addresses.Targets);
        }

        return new PeerLocation(targets.Count > 0 ? DnsStatus.Found : failed ? DnsStatus.Failed : DnsStatus.NotFound, targets) { Refused = refused };
    }

    /// <summary>RFC 2782: by priority, and within one by chance, in proportion to the weights. XEP-0368 §3: both services are one list.</summary>
    /// <param name="services">The records.</param>
    /// <param name="random">A whole number from 0 to below the given one.</param>
    internal static IEnumerable<(DnsRecord Record, bool DirectTls)> InOrder(IEnumerable<(DnsRecord Record, bool DirectTls)> services, Func<int, int> random)
    {
        foreach (IGrouping<ushort, (DnsRecord Record, bool DirectTls)> group in services.GroupBy(s => s.Record.Priority).OrderBy(g => g.Key))
        {
            // Those of weight 0 stand first: they have a chance, if a small one.
            var left = group.OrderBy(s => s.Record.Weight == 0 ? 0 : 1).ToList();
            while (left.Count > 0)
            {
                int pick = random(left.Sum(s => s.Record.Weight) + 1);
                int sum = 0;
                int index = left.FindIndex(s => (sum += s.Record.Weight) >= pick);
                yield return left[index];
                left.RemoveAt(index);
            }
        }
    }

    private async ValueTask<PeerLocation> AddressesAsync(string host, int port, bool directTls, bool anywhere, CancellationToken cancel)
    {
        if (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address))
        {
            return Reachable([address], port, directTls, anywhere, DnsStatus.NotFound);
        }

        if (host == "localhost" || host.EndsWith(".localhost", StringComparison.Ordinal))
        {
            // RFC 6761 §6.3: never asked for.
            return Reachable([IPAddress.Loopback], port, directTls, anywhere, DnsStatus.NotFound);
        }

        Task<DnsResult> six = resolver.QueryAsync(host, DnsType.Aaaa, cancel).AsTask();
        DnsResult four = await resolver.QueryAsync(host, DnsType.A, cancel).ConfigureAwait(false);
        DnsResult[] results = Socket.OSSupportsIPv6 ? [await six.ConfigureAwait(false), four] : [four];
        return Reachable(results.SelectMany(r => r.Records).Select(r => r.Address!), port, directTls, anywhere, results.Any(r => r.Status == DnsStatus.Failed) ? DnsStatus.Failed : DnsStatus.NotFound);
    }

    private static PeerLocation Reachable(IEnumerable<IPAddress> addresses, int port, bool directTls, bool anywhere, DnsStatus without)
    {
        var targets = new List<PeerTarget>();
        IPAddress? refused = null;
        foreach (IPAddress address in addresses)
        {
            if (!anywhere && !PublicAddresses.Contains(address))
            {
                refused ??= address;
            }
            else if (targets.Count < MaxAddresses)
            {
                targets.Add(new PeerTarget(new IPEndPoint(address, port), directTls));
            }
        }

        // Refused is as good as not there: another attempt would come to the same.
        return new PeerLocation(targets.Count > 0 ? DnsStatus.Found : refused is not null ? DnsStatus.NotFound : without, targets) { Refused = refused };
    }
}
