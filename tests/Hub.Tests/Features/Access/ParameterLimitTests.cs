using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;
using Xunit;
using Stanza = IotXmpp.Hub.Routing.Stanza;

namespace IotXmpp.Hub.Tests.Features.Access;

/// <summary>Limits of parameters, and which parameters a request sets.</summary>
public sealed class ParameterLimitTests
{
    private static readonly string[] Names = ["a", "b", "c", "d"];

    /// <summary>Whatever two limits are: a name is allowed by both together where one of them allows it.</summary>
    [Fact]
    public void Two_limits_allow_what_one_of_them_allows()
    {
        List<ParameterLimit> all = [];
        for (int set = 0; set < 1 << 3; set++)
        {
            string[] names = [.. Names[..3].Where((_, i) => (set & (1 << i)) != 0)];
            all.Add(ParameterLimit.Only(names));
            all.Add(ParameterLimit.Except(names));
        }

        foreach (ParameterLimit one in all)
        {
            foreach (ParameterLimit other in all)
            {
                ParameterLimit both = one.Union(other);
                Assert.Equal(both, other.Union(one));
                Assert.All(Names, n => Assert.Equal(one.Allows(n) || other.Allows(n), both.Allows(n)));
            }
        }
    }

    /// <summary>What cannot be told is more than parameters: <c>all</c>.</summary>
    [Theory]
    [InlineData("<set xmlns='urn:xmpp:iot:control'><boolean name='relay' value='true'/><int name='dim' value='1'/></set>", "relay dim", "")]
    [InlineData("<set xmlns='urn:xmpp:iot:control'><node nodeId='m1'/><boolean name='relay' value='true'/></set>", "relay", "m1")]
    [InlineData("<set xmlns='urn:xmpp:iot:control'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>x</value></field><field var='relay'><value>1</value></field></x></set>", "relay", "")]
    [InlineData("<set xmlns='urn:xmpp:iot:control'/>", "all", "")]
    [InlineData("<set xmlns='urn:xmpp:iot:control'><boolean value='true'/></set>", "all", "")]
    [InlineData("<set xmlns='urn:xmpp:iot:control'><boolean name='relay' value='true'/><odd xmlns='urn:odd' name='power'/></set>", "all", "")]
    [InlineData("<set xmlns='urn:xmpp:iot:control'><x xmlns='jabber:x:data' type='submit'><item><field var='power'/></item></x></set>", "all", "")]
    [InlineData("<set xmlns='urn:xmpp:iot:control'><boolean name='relay' value='true'/></set><set xmlns='urn:xmpp:iot:control'><boolean name='power' value='true'/></set>", "relay power", "")]
    [InlineData("<something xmlns='urn:xmpp:iot:control'/>", "all", "")]
    [InlineData("<command xmlns='urn:iotxmpp:command:1' id='1'><set xmlns='urn:xmpp:iot:control'><node nodeId='m1'/><boolean name='relay' value='true'/></set></command>", "relay", "m1")]
    [InlineData("<command xmlns='urn:iotxmpp:command:1' id='1'/>", "all", "")]
    [InlineData("<command xmlns='urn:iotxmpp:command:1' id='1'><other xmlns='urn:odd'/><set xmlns='urn:xmpp:iot:control'><boolean name='relay' value='true'/></set></command>", "all", "")]
    [InlineData("<command xmlns='http://jabber.org/protocol/commands' node='set'/>", "", "")]
    [InlineData("<command xmlns='http://jabber.org/protocol/commands' node='set' sessionid='1'><x xmlns='jabber:x:data' type='submit'><field var='relay'><value>1</value></field></x></command>", "relay", "")]
    [InlineData("<command xmlns='http://jabber.org/protocol/commands' node='reboot'/>", "all", "")]
    [InlineData("<command xmlns='http://jabber.org/protocol/commands' node='read' sessionid='1'><x xmlns='jabber:x:data' type='submit'><field var='relay'><value>1</value></field></x></command>", "all", "")]
    public void A_request_says_what_it_sets(string payload, string parameters, string nodes)
    {
        ControlRequest request = ControlRequest.Read(Stanza.Parse(System.Text.Encoding.UTF8.GetBytes($"<iq type='set' id='1'>{payload}</iq>"), new Jid("a", "b", "c"), new Jid("d", "b", "thing")))!;
        Assert.Equal(parameters, request.Parameters is null ? "all" : string.Join(' ', request.Parameters));
        Assert.Equal(nodes, string.Join(' ', request.Nodes));
    }

    [Fact]
    public void A_request_names_a_bounded_number_of_things()
    {
        string nodes = string.Concat(Enumerable.Range(0, ControlRequest.MaxReferences + 1).Select(i => $"<node nodeId='m{i}'/>"));
        Assert.Null(ControlRequest.Read(Stanza.Parse(System.Text.Encoding.UTF8.GetBytes($"<iq type='set' id='1'><set xmlns='urn:xmpp:iot:control'>{nodes}</set></iq>"), new Jid("a", "b", "c"), new Jid("d", "b", "thing"))));
    }
}
