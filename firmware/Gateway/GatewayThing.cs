using System.Reflection;

namespace IotXmpp.Gateway;

/// <summary>What the gateway's program says of itself.</summary>
public static class GatewayThing
{
    /// <summary>The program's version.</summary>
    public static string Version => typeof(GatewayThing).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
}
