using IotXmpp.Fuzz.Engine;

namespace IotXmpp.Fuzz.Targets;

/// <summary>The targets, each made anew: they may keep state.</summary>
internal static class AllTargets
{
    public static FuzzTarget[] Create() =>
    [
        new TokenizerTarget(), new CoreTarget(), new ClientTarget(), new SaslTarget(), new Sasl2Target(), new FormsTarget(), new HeadersTarget(), new DialbackTarget(), new JidTarget(), new WebSocketTarget(),
        new BoshTarget(), new DnsTarget(),
    ];
}
