using IotXmpp.Hub.Server;
using Xunit;

namespace IotXmpp.Hub.Tests.Storage;

/// <summary>A released migration never changes: a data folder somewhere has run it.</summary>
public sealed class MigrationTests
{
    private static readonly string[] Released =
    [
        "Accounts 1 cef16b173e4c5c53",
        "Accounts 2 e529f9c0c539b572",
        "Accounts 3 6ca2630da321713c",
        "Fast 1 50dda891ee158a7c",
        "Roster 1 0fbac471525b75a4",
        "Roster 2 ed2e90f087a3e6ba",
        "LastActivity 1 19568bc1db093aca",
        "PubSub 1 fa8941ab2633614c",
        "PubSub 2 5c4db0af7016540a",
        "Registry 1 8e7402dd410b0589",
        "Registry 2 0bc7fa9f749bfc05",
        "Access 1 384c4de38c99b2ec",
        "Nodes 1 1414807662c2e10d",
        "History 1 5efdfdb925362aa3",
        "History 2 7a565fb20ce85da8",
        "Liveness 1 3d62354336cf404a",
        "Liveness 2 39dc28467864538e",
        "Commands 1 12d1c7541ea0ebea",
        "Configuration 1 3faf7cfb2e5df19b",
        "Configuration 2 ab14a99a51c8a5cd",
        "Alerts 1 f33d9aeffe36869a",
        "Firmware 1 434da1c2410ccb5d",
        "Inventory 1 2c0279b68e7ef8c8",
        "Offline 1 229a2ab0d1c292cb",
        "Archive 1 28bd878fd592bebd",
        "Archive 2 f097e53feb8e2bd8",
        "Archive 3 7706af521ab6f30f",
        "Privacy 1 e8c0d9f60207625e",
        "VCard 1 c7c086d8f920d7cf",
        "PrivateXml 1 59f750f1823cfb3e",
        "Upload 1 ec71a3c2b4cf279a",
        "Rooms 1 275bc1ed3064dbbc",
        "Push 1 52d590094454f169",
        "Administration 1 e3f4900b4ebe034c",
        "Invitations 1 2f40e052901bb576",
        "WebSessions 1 4cc9046d150048bd",
        "ApiTokens 1 f19bd191b64240c0",
        "SecondFactor 1 5ff43fac3ab72c17",
        "Audit 1 59f0a4d0bf6117aa",
        "Profile 1 814f4dbfb174ffdc",
        "Proposals 1 de797f94c1de9826",
        "HomeAssistant 1 eea6245d0ad84419",
    ];

    [Fact]
    public void Released_migrations_are_what_they_were() =>
        Assert.Equal(Released, HubModules.Migrations.Select(m => $"{m.Feature} {m.Number} {m.Checksum}"));
}
