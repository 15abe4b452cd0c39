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
        "Fast 1 50dda891ee158a7c",
        "Roster 1 0fbac471525b75a4",
        "Roster 2 ed2e90f087a3e6ba",
        "LastActivity 1 19568bc1db093aca",
        "PubSub 1 fa8941ab2633614c",
        "Registry 1 8e7402dd410b0589",
        "Nodes 1 1414807662c2e10d",
    ];

    [Fact]
    public void Released_migrations_are_what_they_were() =>
        Assert.Equal(Released, HubModules.Migrations.Select(m => $"{m.Feature} {m.Number} {m.Checksum}"));
}
