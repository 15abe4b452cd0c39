using System.Reflection;
using System.Runtime.InteropServices;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Version;

/// <summary>What the hub tells of itself (settings section <c>Version</c>).</summary>
public sealed class VersionOptions
{
    /// <summary>Whether the operating system is told (XEP-0092 §5: it must be possible not to); not by default, since it helps an attacker more than a user.</summary>
    public bool OperatingSystem { get; set; }
}

/// <summary>Tells the hub's name and version (XEP-0092).</summary>
public sealed class VersionModule(VersionOptions options) : IXmppModule
{
    /// <inheritdoc/>
    public string Name => "Version";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0092", "Software Version", "1.1", "the operating system where a setting says so")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        string version = typeof(VersionModule).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
        using var xml = new XmlBuilder();
        xml.Open("query"u8, Ns.Version).Text("name"u8, "IotXmpp").Text("version"u8, version);
        if (options.OperatingSystem)
        {
            xml.Text("os"u8, RuntimeInformation.OSDescription);
        }

        byte[] answer = xml.Close("query"u8).ToArray();
        module.Domain.Feature(Ns.Version).Iq(StanzaType.Get, "query", Ns.Version, (_, _) => IqReply.Result(answer));
    }
}
