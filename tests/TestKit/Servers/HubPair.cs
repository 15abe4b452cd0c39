using System.Globalization;
using IotXmpp.TestKit.Net;

namespace IotXmpp.TestKit.Servers;

/// <summary>Two hubs that federate over loopback: <c>hub.test</c> and <c>peer.test</c>. Each knows where the other is by its settings.</summary>
public sealed class HubPair : IAsyncDisposable
{
    private readonly TempFolder folder;

    private HubPair(TempFolder folder, HubHost hub, HubHost peer)
    {
        this.folder = folder;
        Hub = hub;
        Peer = peer;
    }

    /// <summary>The hub of <c>hub.test</c>.</summary>
    public HubHost Hub { get; }

    /// <summary>The hub of <c>peer.test</c>.</summary>
    public HubHost Peer { get; }

    /// <summary>Starts both.</summary>
    /// <param name="certificates">Whether each trusts the authority that has issued the other's certificate: then SASL EXTERNAL is possible; else there is dialback.</param>
    /// <param name="bidirectional">Whether one stream is used both ways.</param>
    /// <param name="directTls">Whether TLS begins at once.</param>
    /// <param name="listen">More listeners of both, as JSON.</param>
    /// <param name="more">More settings of <c>hub.test</c>, as JSON.</param>
    public static async Task<HubPair> StartAsync(bool certificates, bool bidirectional, bool directTls = false, string listen = "", string more = "")
    {
        var folder = new TempFolder("pair");
        try
        {
            using var authority = Certificates.Authority();
            var trusted = folder.File("authority.pem");
            await File.WriteAllTextAsync(trusted, authority.ExportCertificatePem());
            int hubPort = Ports.Free(), peerPort = Ports.Free();
            var hubSettings = Settings("hub.test", hubPort, "peer.test", peerPort);
            var peerSettings = Settings("peer.test", peerPort, "hub.test", hubPort);
            var hub = await HubHost.StartAsync(hubSettings);
            try
            {
                return new HubPair(folder, hub, await HubHost.StartAsync(peerSettings, domain: "peer.test"));
            }
            catch
            {
                await hub.DisposeAsync();
                throw;
            }

            string Settings(string domain, int port, string other, int otherPort)
            {
                using var certificate = Certificates.Server(authority, [domain, "*." + domain]);
                var (certificateFile, keyFile) = Certificates.WritePem(certificate, folder.Path, domain);
                return string.Create(CultureInfo.InvariantCulture, $$"""
                    {
                      "Security": { "LoginThrottle": { "Enabled": false } },
                      {{(more.Length > 0 && domain == "hub.test" ? more + "," : "")}}
                      "Tls": { "CertificateFile": "{{certificateFile}}", "KeyFile": "{{keyFile}}" },
                      "Listen": { "{{(directTls ? "S2sTls" : "S2s")}}": "127.0.0.1:{{port}}"{{(listen.Length > 0 ? ", " + listen : "")}} },
                      "Federation": {
                        {{(certificates ? $"\"TrustedAuthority\": \"{trusted}\", \"RequireCertificate\": true, \"Dialback\": false," : "")}}
                        "Bidirectional": {{(bidirectional ? "true" : "false")}}, "Attempts": 1, "HoldSeconds": 0,
                        "Overrides": [
                          { "Domain": "{{other}}", "Address": "127.0.0.1:{{otherPort}}", "DirectTls": {{(directTls ? "true" : "false")}} },
                          { "Domain": "proxy.{{other}}", "Address": "127.0.0.1:{{otherPort}}", "DirectTls": {{(directTls ? "true" : "false")}} },
                          { "Domain": "pubsub.{{other}}", "Address": "127.0.0.1:{{otherPort}}", "DirectTls": {{(directTls ? "true" : "false")}} },
                          { "Domain": "rooms.{{other}}", "Address": "127.0.0.1:{{otherPort}}", "DirectTls": {{(directTls ? "true" : "false")}} }
                        ]
                      }
                    }
                    """);
            }
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Logs a client in at one of both, with a new account whose name begins as given.</summary>
    public static async Task<RawClient> LoginAsync(HubHost at, string name)
    {
        var account = name + Guid.NewGuid().ToString("N")[..6];
        await at.AddAccountAsync(account, account);
        var client = await RawClient.ConnectAsync(at.Plain, account);
        await client.LoginAsync(at.Domain, account, account);
        return client;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Hub.DisposeAsync();
        await Peer.DisposeAsync();
        folder.Dispose();
    }
}
