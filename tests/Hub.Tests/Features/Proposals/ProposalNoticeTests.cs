using System.Xml.Linq;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Proposals;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Tests.Rest;
using IotXmpp.TestKit.Net;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Proposals;

/// <summary>Who may confirm what a program proposes is told so, once, and nobody else.</summary>
public sealed class ProposalNoticeTests : IAsyncLifetime
{
    private readonly RestHub _hub = new()
    {
        Settings = """{ "Security": { "LoginThrottle": { "Enabled": false } }, "Proposals": { "ToldPeople": 3 }, "Web": { "PublicUrl": "https://hub.example.org/" } }""",
    };

    private readonly Dictionary<string, RawClient> _clients = [];

    public async ValueTask InitializeAsync()
    {
        await _hub.InitializeAsync();
        foreach (string name in (string[])["carol", "dave", "erin", "frank"])
        {
            await _hub.Host.AddAccountAsync(name, "secret of " + name);
        }

        GroupService groups = _hub.Host.Server.Hub.Modules.OfType<AccessModule>().Single().Groups;
        Assert.Equal(GroupOutcome.Done, (await groups.CreateAsync(null, "house", "House", RestHub.Of("erin"))).Outcome);
        await groups.AddThingAsync(null, "house", "lamp");
        await groups.SetMemberAsync(null, "house", RestHub.Of("bob"), GroupRole.Viewer);
        await groups.SetMemberAsync(null, "house", RestHub.Of("carol"), GroupRole.Operator, ParameterLimit.Only(["on"]));
        await groups.SetMemberAsync(null, "house", RestHub.Of("dave"), GroupRole.Operator, ParameterLimit.Only(["level"]));
        foreach (string name in (string[])["alice", "bob", "carol", "dave", "erin", "frank", "root"])
        {
            RawClient client = await RawClient.ConnectAsync(_hub.Host.Plain, name);
            await client.LoginAsync(_hub.Host.Domain, name, "secret of " + name);
            await client.SendAsync("<presence/>");
            await client.PingAsync();
            _clients.Add(name, client);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (RawClient client in _clients.Values)
        {
            await client.DisposeAsync();
        }

        await _hub.DisposeAsync();
    }

    [Fact]
    public async Task Each_of_those_who_may_confirm_gets_one_message_that_says_what_and_where()
    {
        Proposal proposal = await ProposeAsync("carol", "on", "It is \"dark\" <b>");
        await ToldAsync("carol alice erin", proposal);
        await ToldAsync("", proposal);
        ProposalResult done = await Service.RejectAsync(RestHub.Of("alice"), proposal.Id);
        Assert.Equal(ProposalOutcome.Done, done.Outcome);
        await ToldAsync("", proposal); // nobody is told again
    }

    [Fact]
    public async Task Who_may_not_set_the_parameter_is_not_told_and_no_more_than_the_settings_say()
    {
        await ToldAsync("alice erin dave", await ProposeAsync("alice", "level", ""));
        GroupService groups = _hub.Host.Server.Hub.Modules.OfType<AccessModule>().Single().Groups;
        await groups.SetMemberAsync(null, "house", RestHub.Of("frank"), GroupRole.Operator);
        await ToldAsync("frank alice erin", await ProposeAsync("frank", "level", ""));
        await _hub.Host.DisableAsync("erin");
        _clients.Remove("erin", out RawClient? gone);
        await gone!.DisposeAsync();
        await ToldAsync("root alice dave", await ProposeAsync("root", "level", ""));
    }

    private ProposalService Service => _hub.Host.Server.Hub.Modules.OfType<ProposalsModule>().Single().Service;

    private async Task<Proposal> ProposeAsync(string who, string parameter, string reason)
    {
        ProposalResult made = await Service.ProposeAsync(RestHub.Of(who), "token", "lamp", [new ProposedParameter(parameter, "int", "1")], reason);
        Assert.Equal(ProposalOutcome.Done, made.Outcome);
        return made.Proposal!;
    }

    private async Task ToldAsync(string who, Proposal proposal)
    {
        foreach (string name in who.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            XElement message = await _clients[name].ReadUntilAsync(e => e.Name.LocalName == "message");
            Assert.Equal(("hub.test", "chat"), ((string?)message.Attribute("from"), (string?)message.Attribute("type")));
            string reason = proposal.Reason.Length > 0 ? $" It says: \"{proposal.Reason}\"." : "";
            Assert.Equal(
                $"A program of {proposal.Account} proposes, on lamp: set {proposal.Parameters[0].Name} = 1.{reason} Nothing is done unless somebody confirms it until {Forwarded.Stamp(proposal.Expires)}: https://hub.example.org/proposals",
                message.Element(RawClient.Client + "body")!.Value);
        }

        // All are told in one go: what comes to one has come to all.
        foreach (RawClient client in _clients.Values)
        {
            Assert.DoesNotContain(await client.PingAsync(), e => e.Name.LocalName == "message");
        }
    }
}
