using System.Reflection;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Version;

/// <summary>Tells the hub's name and version (XEP-0092). The operating system is not told: it helps an attacker more than a user.</summary>
public sealed class VersionModule : IXmppModule
{
    /// <inheritdoc/>
    public string Name => "Version";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0092", "Software Version", "1.1", "without the operating system")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        string version = typeof(VersionModule).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
        using var xml = new XmlBuilder();
        byte[] answer = xml.Open("query"u8, Ns.Version).Text("name"u8, "IotXmpp").Text("version"u8, version).Close("query"u8).ToArray();
        module.Domain.Feature(Ns.Version).Iq(StanzaType.Get, "query", Ns.Version, (_, _) => IqReply.Result(answer));
    }
}
