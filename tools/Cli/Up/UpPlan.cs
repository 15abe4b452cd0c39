using IotXmpp.Cli.Firmware;
using IotXmpp.Cli.Hub;
using IotXmpp.Cli.Operator;
using IotXmpp.Gateway;
using IotXmpp.Host;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Server;
using IotXmpp.Virtual;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Up;

/// <summary>Who lives in <c>iotxmpp up</c>: an operator and four things, with accounts and random secrets that are kept in the data folder (mode 0600).</summary>
internal sealed class UpPlan
{
    /// <summary>The account of the one who sits before the terminal: owner of the things.</summary>
    private const string OperatorName = "operator";

    /// <summary>The thing behind the gateway.</summary>
    private const string NodeId = "node-1";

    private readonly HubServer _server;
    private readonly string _folder;
    private readonly string _domain;

    /// <summary>A plan for a hub that runs.</summary>
    public UpPlan(HubServer server)
    {
        _server = server;
        _folder = Path.GetFullPath(server.Services.Settings.Hub.Data);
        _domain = server.Services.Domain.Domain;
        Direct = server.C2sTls is { } tls ? new ServerAddress(tls.Address.ToString(), tls.Port, true) : null;
        StartTls = server.C2s is { } plain ? new ServerAddress(plain.Address.ToString(), plain.Port, false) : null;
        ProfileFile = Path.Combine(_folder, "profile.json");
    }

    /// <summary>The profile of the operator, in the data folder.</summary>
    public string ProfileFile { get; }

    /// <summary>Where the usual profile was written to, or null where it is a person's own and was left alone.</summary>
    public string? UsualProfile { get; private set; }

    /// <summary>Direct TLS, where that listener is on.</summary>
    public ServerAddress? Direct { get; }

    /// <summary>STARTTLS, where that listener is on.</summary>
    public ServerAddress? StartTls { get; }

    /// <summary>The things.</summary>
    public IReadOnlyList<UpThing> Things { get; private set; } = [];

    /// <summary>Makes what is missing: accounts, subscriptions, secrets, profile.</summary>
    /// <returns>The operator's log-in.</returns>
    public async Task<Login> ProvisionAsync(CancellationToken cancel)
    {
        ServerAddress hub = Direct ?? StartTls ?? throw new CliException(ExitCode.Usage, "the things cannot reach a hub whose --c2s and --c2s-tls are both off; switch one on");
        var provisioning = new Provisioning(_server.Services.Accounts, _server.Services.RosterLinks, _server.Hub.Modules.OfType<RegistryModule>().Single().Provisioning, _domain);
        var person = new Jid(OperatorName, _domain, string.Empty);
        string password = await EnsureAsync(OperatorName, cancel);
        var login = new Login(hub, person, password, _server.AuthorityFile);
        IReadOnlyList<Jid> administrators = await provisioning.AdministratorsAsync(cancel);
        var things = new List<UpThing>();
        foreach ((string id, string? kind) in (IEnumerable<(string, string?)>)[("bme280-1", "bme280"), ("relay-1", "relay"), ("battery-1", "battery"), ("gateway-1", null)])
        {
            string secret = await EnsureAsync(id, cancel);
            await provisioning.OwnAsync(id, person);
            foreach (Jid administrator in administrators)
            {
                await provisioning.SubscribeAsync(id, administrator);
            }

            things.Add(Make(id, kind, secret, hub, person));
        }

        Things = things;
        WriteProfile(login);
        return login;
    }

    private UpThing Make(string id, string? kind, string secret, ServerAddress hub, Jid owner)
    {
        var account = new Jid(id, _domain, string.Empty);
        if (kind is null)
        {
            string folder = Path.Combine(_folder, "things", id);
            var keys = new NodeKeys(Path.Combine(folder, "nodes.json"));
            return new UpGateway(new GatewaySettings
            {
                Nodes = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0),
                Rules = $"cool: if {NodeId}.temperature > 30 hysteresis 1 then {NodeId}.fan on else {NodeId}.fan off",
                Hub = hub,
                Account = account,
                Password = secret,
                CaFile = _server.AuthorityFile,
                DataFolder = folder,
                Interval = TimeSpan.FromSeconds(10),
                Owner = owner,
            }, NodeId, keys.Find(NodeId) ?? keys.Add(NodeId));
        }

        return new UpBoard(new VirtualThingOptions
        {
            Kind = kind,
            Account = account,
            Password = secret,
            Hub = hub,
            Authorities = _server.AuthorityFile is { } ca ? HostOptions.ReadAuthorities(ca) : null,
            Owner = owner,
            // Faster than in the field, so that somebody who watches sees something happen.
            Interval = kind == "relay" ? TimeSpan.FromSeconds(15) : TimeSpan.FromSeconds(5),
            Sleep = TimeSpan.FromSeconds(8),
            // With the user's own key, so that roll-outs can be tried.
            UpdateKey = UpdateKey.Find(null),
        });
    }

    /// <summary>The secret of an account: the one in the data folder, or a new one for an account that is new or whose secret was lost.</summary>
    private async Task<string> EnsureAsync(string name, CancellationToken cancel)
    {
        string file = Path.Combine(_folder, "things", name, "secret");
        var provisioning = new Provisioning(_server.Services.Accounts, _server.Services.RosterLinks, _server.Hub.Modules.OfType<RegistryModule>().Single().Provisioning, _domain);
        if (File.Exists(file) && await _server.Services.Accounts.FindAsync(name, cancel) is not null && (await File.ReadAllTextAsync(file, cancel)).Trim() is { Length: > 0 } kept)
        {
            return kept;
        }

        string secret = Provisioning.NewSecret();
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        // The file first: an account whose secret nobody knows would be lost.
        SecretText.Write(file, secret + "\n");
        await provisioning.EnsureAsync(name, secret);
        return secret;
    }

    private void WriteProfile(Login login)
    {
        var profile = new Profile { Hub = login.Server.ToString(), Jid = login.Account.ToString(), Password = login.Password, Ca = login.Ca, Up = _folder };
        profile.Write(ProfileFile);
        string usual = Profile.DefaultPath;
        if (!File.Exists(usual) || IsOfUp(usual))
        {
            profile.Write(usual);
            UsualProfile = usual;
        }
    }

    private static bool IsOfUp(string path)
    {
        try
        {
            return Profile.Read(path)?.Up is not null;
        }
        catch (CliException)
        {
            return false; // not readable, or no profile: somebody's own affair
        }
    }
}
