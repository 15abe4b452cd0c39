using System.Reflection;

namespace IotXmpp.Gateway;

/// <summary>The gateway as a service of systemd: the unit and the user, as files of this assembly with places to fill in.</summary>
public static class GatewayService
{
    /// <summary>The service's name, its user's, and that of its folders.</summary>
    public const string Name = "iotxmpp-gateway";

    /// <summary>The unit.</summary>
    /// <param name="exec">The program and, in front of an assembly, what runs it.</param>
    /// <param name="radio">Whether it listens to a radio by a raw HCI socket, which needs a capability and an address family.</param>
    /// <param name="environment">More lines of the service, such as <c>Environment=…</c>; may be empty.</param>
    public static string Unit(string exec, bool radio, string environment = "")
        => Read("iotxmpp-gateway.service")
            .Replace("@EXEC@", exec, StringComparison.Ordinal)
            .Replace("@ENVIRONMENT@\n", environment.Length > 0 ? environment + "\n" : string.Empty, StringComparison.Ordinal)
            .Replace("@CAPABILITIES@", radio ? "CAP_NET_RAW CAP_NET_ADMIN" : string.Empty, StringComparison.Ordinal)
            .Replace("@FAMILIES@", radio ? " AF_BLUETOOTH" : string.Empty, StringComparison.Ordinal);

    /// <summary>The user and its groups (sysusers.d(5)).</summary>
    public static string SystemUsers => Read("iotxmpp-gateway.sysusers");

    private static string Read(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
