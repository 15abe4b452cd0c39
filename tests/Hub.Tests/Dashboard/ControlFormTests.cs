using IotXmpp.Hub.Dashboard.Live;
using IotXmpp.Hub.Dashboard.Things;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Dashboard;

public sealed class ControlFormTests
{
    private const string Form = """
        <x xmlns='jabber:x:data' type='form'>
          <field var='relay' type='boolean' label='Relay'><value>false</value></field>
          <field var='level' type='text-single' label='Level'><validate xmlns='http://jabber.org/protocol/xdata-validate' datatype='xs:int'><range min='0' max='100'/></validate><value>5</value></field>
          <field var='mode' type='list-single'><option><value>day</value></option><option><value>night</value></option><value>day</value></field>
          <field var='net' type='text-private'/>
          <field var='FORM_TYPE' type='hidden'><value>x</value></field>
        </x>
        """;

    private readonly IotXmpp.TestKit.ManualTime _clock = new();
    private readonly List<(Jid To, bool IsSet, string Payload)> _asked = [];
    private IqAnswer _answer = new(true, Element.Parse(System.Text.Encoding.UTF8.GetBytes(Form)));

    [Fact]
    public async Task The_form_is_the_things_own()
    {
        ControlForm form = await OpenAsync(new Thing("lamp", "lamp"));
        Assert.Equal(("lamp@hub.test/thing", false, "<getForm xmlns='urn:xmpp:iot:control'/>"), (_asked[0].To.ToString(), _asked[0].IsSet, _asked[0].Payload));
        Assert.Equal(["relay", "level", "mode", "net"], form.Fields!.Select(f => f.Name));
        Assert.Equal(["boolean", "int", "string", "string"], form.Fields!.Select(f => f.Element));
        Assert.Equal(("0", "100", true), (form.Fields![1].Minimum, form.Fields[1].Maximum, form.Fields[3].IsSecret));
    }

    [Fact]
    public async Task Behind_a_gateway_the_gateway_is_asked_for_the_node()
    {
        await OpenAsync(new Thing("valve", "gateway") { NodeId = "valve" });
        Assert.Equal(("gateway@hub.test/thing", "<getForm xmlns='urn:xmpp:iot:control'><node nodeId='valve'/></getForm>"), (_asked[0].To.ToString(), _asked[0].Payload));
    }

    [Fact]
    public async Task A_command_is_told_as_it_happens_and_the_form_has_the_new_value()
    {
        ControlForm form = await OpenAsync(new Thing("lamp", "lamp"));
        var states = new List<CommandState>();
        form.Changed += () =>
        {
            states.Add(form.Runs[0].State);
            _clock.Advance(TimeSpan.FromMilliseconds(120));
        };
        _answer = new IqAnswer(true, null);
        Assert.Empty(await form.SetAsync(new Dictionary<string, string> { ["relay"] = "true", ["net"] = "hunter2" }));
        Assert.Equal("<set xmlns='urn:xmpp:iot:control'><boolean name='relay' value='true'/><string name='net' value='hunter2'/></set>", _asked[^1].Payload);
        Assert.Equal([CommandState.Sent, CommandState.Done], states);
        Assert.Equal(("relay = true, net = •••", TimeSpan.FromMilliseconds(120)), (form.Runs[0].Words, form.Runs[0].Took));
        Assert.Equal("true", form.Fields![0].Value);
    }

    [Theory]
    [InlineData("level", "101", "it is from 0 to 100")]
    [InlineData("level", "five", "it is a whole number")]
    [InlineData("mode", "dusk", "it is one of day, night")]
    [InlineData("relay", "<script>", "it is true or false")]
    [InlineData("other", "1", "there is no such parameter")]
    public async Task What_cannot_be_is_not_sent(string field, string value, string expected)
    {
        ControlForm form = await OpenAsync(new Thing("lamp", "lamp"));
        Assert.Equal(expected, (await form.SetAsync(new Dictionary<string, string> { [field] = value }))[field]);
        Assert.Single(_asked);
        Assert.Empty(form.Runs);
    }

    [Theory]
    [InlineData("forbidden", "", "You may not do that.")]
    [InlineData("service-unavailable", "", "it is not there now")]
    [InlineData("bad-request", "is not one of the choices", "is not one of the choices")]
    [InlineData("silence", "", "it has not answered in time")]
    public async Task What_fails_says_why(string condition, string text, string expected)
    {
        ControlForm form = await OpenAsync(new Thing("lamp", "lamp"));
        _answer = condition == "silence" ? IqAnswer.Timeout : new IqAnswer(false, null, condition, text.Length > 0 ? text : null);
        await form.SetAsync(new Dictionary<string, string> { ["relay"] = "true" });
        Assert.Equal((CommandState.Failed, expected), (form.Runs[0].State, form.Runs[0].Text));
        Assert.Equal("false", form.Fields![0].Value);
        await form.ReadAsync();
        Assert.Null(form.Fields);
        Assert.Equal(expected, form.Problem);
    }

    [Fact]
    public async Task A_command_for_a_thing_that_is_away_waits_at_the_hub_and_its_states_come_by_themselves()
    {
        ControlForm form = await OpenAsync(new Thing("valve", "gateway") { NodeId = "valve" });
        _answer = new IqAnswer(true, Parse("<command xmlns='urn:iotxmpp:command:1' id='c1' thing='valve' state='queued' expires='2026-01-02T12:00:00Z'/>"));
        await form.SetAsync(new Dictionary<string, string> { ["relay"] = "true" }, isQueued: true);
        Assert.Equal("<command xmlns='urn:iotxmpp:command:1' thing='valve' ttl='86400'><set xmlns='urn:xmpp:iot:control'><boolean name='relay' value='true'/></set></command>", _asked[^1].Payload);
        Assert.Equal("things.hub.test", _asked[^1].To.ToString());
        Assert.Equal((CommandState.Queued, "c1", null), (form.Runs[0].State, form.Runs[0].Id, form.Runs[0].EndedAt));
        Assert.Equal("false", form.Fields![0].Value);
        form.Told(Parse("<command xmlns='urn:iotxmpp:command:1' id='another' thing='valve' state='done'/>"));
        form.Told(Parse("<command xmlns='urn:iotxmpp:command:1' id='c1' thing='valve' state='sent'><sent at='2026-01-01T13:00:00Z'/></command>"));
        Assert.Equal(CommandState.Sent, form.Runs[0].State);
        form.Told(Parse("<command xmlns='urn:iotxmpp:command:1' id='c1' thing='valve' state='failed'><failed at='2026-01-01T13:00:01Z' condition='bad-request'>level must be lower</failed></command>"));
        Assert.Equal((CommandState.Failed, "level must be lower"), (form.Runs[0].State, form.Runs[0].Text));
        form.Told(Parse("<command xmlns='urn:iotxmpp:command:1' id='c1' thing='valve' state='nonsense'/>"));
        Assert.Equal(CommandState.Failed, form.Runs[0].State);
    }

    [Fact]
    public async Task A_command_that_waits_is_taken_back()
    {
        ControlForm form = await OpenAsync(new Thing("lamp", "lamp"));
        _answer = new IqAnswer(true, Parse("<command xmlns='urn:iotxmpp:command:1' id='c1' thing='lamp' state='queued'/>"));
        await form.SetAsync(new Dictionary<string, string> { ["relay"] = "true" }, isQueued: true);
        _answer = new IqAnswer(true, Parse("<command xmlns='urn:iotxmpp:command:1' id='c1' thing='lamp' state='cancelled'><cancelled at='2026-01-01T13:00:00Z'/></command>"));
        Assert.Empty(await form.CancelAsync(form.Runs[0]));
        Assert.Equal("<cancel xmlns='urn:iotxmpp:command:1' id='c1'/>", _asked[^1].Payload);
        Assert.Equal(CommandState.Cancelled, form.Runs[0].State);
        _answer = new IqAnswer(false, null, "unexpected-request", "It was sent already, or has come to its end.");
        Assert.Equal("It was sent already, or has come to its end.", await form.CancelAsync(form.Runs[0]));
    }

    [Fact]
    public async Task Where_nothing_is_queued_it_says_so()
    {
        ControlForm form = await OpenAsync(new Thing("lamp", "lamp"));
        _answer = new IqAnswer(false, null, "service-unavailable");
        await form.SetAsync(new Dictionary<string, string> { ["relay"] = "true" }, isQueued: true);
        Assert.Equal(CommandState.Failed, form.Runs[0].State);
    }

    [Fact]
    public async Task Only_the_newest_commands_are_kept()
    {
        ControlForm form = await OpenAsync(new Thing("lamp", "lamp"));
        _answer = new IqAnswer(true, null);
        for (int i = 0; i < ControlForm.MaxRuns + 5; i++)
        {
            await form.SetAsync(new Dictionary<string, string> { ["level"] = i.ToString(System.Globalization.CultureInfo.InvariantCulture) });
        }

        Assert.Equal(ControlForm.MaxRuns, form.Runs.Count);
        Assert.Equal($"level = {ControlForm.MaxRuns + 4}", form.Runs[0].Words);
    }

    [Theory]
    [InlineData("<x xmlns='jabber:x:data' type='form'><field var='a' type='text-single'><value>1</value></field></x>", 1)]
    [InlineData("<query xmlns='urn:other'/>", -1)]
    [InlineData("<x xmlns='jabber:x:data'/>", 0)]
    public async Task An_answer_that_is_no_form_says_so(string answer, int fields)
    {
        _answer = new IqAnswer(true, Element.Parse(System.Text.Encoding.UTF8.GetBytes(answer)));
        ControlForm form = await OpenAsync(new Thing("lamp", "lamp"));
        Assert.Equal(fields, form.Fields?.Count ?? -1);
        Assert.Equal(fields < 0, form.Problem.Length > 0);
    }

    private static Element Parse(string xml) => Element.Parse(System.Text.Encoding.UTF8.GetBytes(xml));

    private async Task<ControlForm> OpenAsync(Thing thing)
    {
        var form = new ControlForm(
            thing,
            new Jid("", "hub.test", ""),
            (to, isSet, payload, _) =>
            {
                _asked.Add((to, isSet, payload.ToString()));
                return Task.FromResult(_answer);
            },
            _clock);
        await form.ReadAsync();
        return form;
    }
}
