using IotXmpp.Gateway;

namespace IotXmpp.Cli.Gateway;

/// <summary>Where an installed gateway lies: on this machine, or under a folder that is another machine's root (an image, a test).</summary>
/// <param name="root">That folder; null for this machine.</param>
internal sealed class GatewayPaths(string? root)
{
    /// <summary>The unit's name.</summary>
    public const string Unit = GatewayService.Name + ".service";

    /// <summary>The folder that is the root; null for this machine.</summary>
    public string? Root { get; } = root is null ? null : Path.GetFullPath(root);

    /// <summary>The program's folder, as the machine sees it.</summary>
    public const string ProgramHere = "/opt/" + GatewayService.Name;

    /// <summary>The program's folder.</summary>
    public string Program => At(ProgramHere);

    /// <summary>The folder of settings and password.</summary>
    public string Settings => At("/etc/" + GatewayService.Name);

    /// <summary>The settings.</summary>
    public string SettingsFile => Path.Combine(Settings, "settings.json");

    /// <summary>The password.</summary>
    public string PasswordFile => Path.Combine(Settings, "password");

    /// <summary>The hub's authority, as the machine sees it.</summary>
    public const string AuthorityHere = "/etc/" + GatewayService.Name + "/ca.pem";

    /// <summary>The unit.</summary>
    public string UnitFile => At("/etc/systemd/system/" + Unit);

    /// <summary>The link that starts it with the machine.</summary>
    public string WantsLink => At("/etc/systemd/system/multi-user.target.wants/" + Unit);

    /// <summary>The user and its groups.</summary>
    public string UsersFile => At($"/etc/sysusers.d/{GatewayService.Name}.conf");

    /// <summary>What the gateway keeps, as the machine sees it.</summary>
    public const string DataHere = "/var/lib/" + GatewayService.Name;

    /// <summary>What the gateway keeps.</summary>
    public string Data => At(DataHere);

    /// <summary>Who may come in behind it.</summary>
    public string NodesFile => Path.Combine(Data, "nodes.json");

    /// <summary>What it says of itself while it runs.</summary>
    public string StatusFile => At($"/run/{GatewayService.Name}/{GatewayStatus.FileName}");

    private string At(string path) => Root is null ? path : Path.Join(Root, path);
}
