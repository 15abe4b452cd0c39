using System.Reflection;
using System.Runtime.InteropServices;

namespace IotXmpp.Gateway;

/// <summary>What the gateway's program says of itself.</summary>
public static class GatewayThing
{
    /// <summary>The name of its images: another program is not taken.</summary>
    public const string Image = "gateway";

    /// <summary>The target of its images: <c>linux-arm64</c>, <c>linux-x64</c>.</summary>
    public static string Target => "linux-" + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    /// <summary>The program's version.</summary>
    public static string Version => typeof(GatewayThing).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
}
