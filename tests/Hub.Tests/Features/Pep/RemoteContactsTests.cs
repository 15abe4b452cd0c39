using System.Collections.Frozen;
using IotXmpp.Hub.Features.PubSub.Pep;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Pep;

public sealed class RemoteContactsTests
{
    private static readonly Jid Alice = new("alice", "hub.test", "");
    private static readonly Jid Bob = new("bob", "peer.test", "");
    private readonly RemoteContacts _contacts = new(new PepOptions { RemoteResources = 3, CachedRemoteResources = 5 });

    [Fact]
    public void Only_resources_that_want_a_node_hear_of_it()
    {
        Set(Alice, Bob, "desk", "mood");
        Set(Alice, Bob, "phone", "tune");
        Assert.Equal(["desk"], Wanting(Alice, Bob, "mood"));
        Assert.Empty(Wanting(Alice, Bob, "geo"));
        Assert.Empty(Wanting(new Jid("carol", "hub.test", ""), Bob, "mood"));
        Set(Alice, Bob, "desk", "tune");
        Assert.Equal(["desk", "phone"], Wanting(Alice, Bob, "tune").Order());
    }

    [Fact]
    public void One_resource_goes_and_all_go()
    {
        Set(Alice, Bob, "desk", "mood");
        Set(Alice, Bob, "phone", "mood");
        _contacts.Remove(Alice, new Jid("bob", "peer.test", "desk"));
        _contacts.Remove(Alice, new Jid("bob", "peer.test", "nowhere"));
        Assert.Equal(["phone"], Wanting(Alice, Bob, "mood"));
        _contacts.Remove(Alice, Bob);
        Assert.Empty(Wanting(Alice, Bob, "mood"));
    }

    [Fact]
    public void An_account_that_is_full_starts_anew_and_no_other_does()
    {
        var carol = new Jid("carol", "hub.test", "");
        Set(carol, Bob, "desk", "mood");
        for (int i = 0; i < 4; i++)
        {
            Set(Alice, new Jid("c" + i, "peer.test", ""), "r", "mood");
        }

        Assert.Equal(["desk"], Wanting(carol, Bob, "mood"));
        Assert.Empty(Wanting(Alice, new Jid("c0", "peer.test", ""), "mood"));
        Assert.Equal(["r"], Wanting(Alice, new Jid("c3", "peer.test", ""), "mood"));
        // What is known already takes no new place.
        Set(Alice, new Jid("c3", "peer.test", ""), "r", "tune");
        Assert.Equal(["desk"], Wanting(carol, Bob, "mood"));
    }

    [Fact]
    public void All_accounts_together_are_bounded()
    {
        for (int i = 0; i < 6; i++)
        {
            Set(new Jid("a" + i, "hub.test", ""), Bob, "r", "mood");
        }

        Assert.Single(Enumerable.Range(0, 6), i => Wanting(new Jid("a" + i, "hub.test", ""), Bob, "mood").Any());
        _contacts.RemoveAccount(new Jid("a5", "hub.test", ""));
        Assert.Empty(Wanting(new Jid("a5", "hub.test", ""), Bob, "mood"));
    }

    private void Set(Jid account, Jid contact, string resource, string node) =>
        _contacts.Set(account, new Jid(contact.Local, contact.Domain, resource), new WantedNodes(new ClientCaps("n", "v", "sha-1"), new[] { node }.ToFrozenSet()));

    private IEnumerable<string> Wanting(Jid account, Jid contact, string node) => _contacts.Wanting(account, contact, node).Select(jid => jid.Resource);
}
