using IotXmpp.Core.Tests.Kit;
using IotXmpp.Features;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Core.Tests.Features;

public sealed class ControlTests
{
    private readonly TestSettings _settings = new();
    private readonly Target _target = new();
    private readonly Harness _h;

    public ControlTests()
    {
        _h = new Harness().OnlinePlain();
        new Control(_target, new CommandLog(_settings)).Register(_h.Client, new DiscoInfo(_h.Hash, "n"));
    }

    [Theory]
    [InlineData("<boolean name='Output' value='true'/>", "Output=true")]
    [InlineData("<int name='Level' value='50'/>", "Level=50")]
    [InlineData("<long name='Level' value='50'/>", "Level=50")]
    [InlineData("<double name='Speed' value='1.5'/>", "Speed=1.5")]
    [InlineData("<int name='Speed' value='-2'/>", "Speed=-2")]
    [InlineData("<string name='Mode' value='eco'/>", "Mode=eco")]
    [InlineData("<boolean name='Output' value='0'/><int name='Level' value='7'/>", "Output=0 Level=7")]
    [InlineData("<x type='submit' xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'><value>f</value></field><field var='Output' type='boolean'><value>true</value></field><field var='Level'><value>3</value></field></x>", "Output=true Level=3")]
    public void What_is_good_is_done_and_answered(string parameters, string done)
    {
        _h.Server($"<iq type='set' id='1' from='master@example.org/amr'><set xmlns='urn:xmpp:iot:control' xml:lang='en'>{parameters}</set></iq>");
        _h.Expect("<iq type='result' id='1' to='master@example.org/amr'><setResponse xmlns='urn:xmpp:iot:control'/></iq>");
        Assert.Equal([$"master@example.org/amr  {done}"], _target.Done);
    }

    [Theory]
    [InlineData("<int name='Output' value='1'/>", "modify", "bad-request", "Output", "Invalid parameter type.")]
    [InlineData("<boolean name='Output' value='on'/>", "modify", "bad-request", "Output", "must be true or false")]
    [InlineData("<int name='Level' value='101'/>", "modify", "bad-request", "Level", "must be from 0 to 100")]
    [InlineData("<int name='Level' value='x'/>", "modify", "bad-request", "Level", "must be an integer")]
    [InlineData("<long name='Level' value='9999999999'/>", "modify", "bad-request", "Level", "must be an integer")]
    [InlineData("<double name='Speed' value='NaN'/>", "modify", "bad-request", "Speed", "must be a number")]
    [InlineData("<string name='Mode' value='turbo'/>", "modify", "bad-request", "Mode", "is not one of the choices")]
    [InlineData("<boolean name='Other' value='true'/>", "cancel", "item-not-found", "Other", "there is no such parameter")]
    public void What_is_wrong_is_told_by_paramError_and_nothing_is_done(string parameters, string type, string condition, string name, string text)
    {
        _h.Server($"<iq type='set' id='2' from='a@b/c'><set xmlns='urn:xmpp:iot:control'><boolean name='Output' value='true'/>{parameters}</set></iq>");
        _h.Expect($"<iq type='error' id='2' to='a@b/c'><error type='{type}'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><paramError xmlns='urn:xmpp:iot:control' var='{name}'>{text}</paramError></error></iq>");
        Assert.Empty(_target.Done);
    }

    [Theory]
    [InlineData("", "bad-request")]
    [InlineData("<boolean value='true'/>", "bad-request")]
    [InlineData("<node nodeId='x'/><boolean name='Output' value='true'/>", "item-not-found")]
    [InlineData("<node nodeId=''/><node nodeId='x'/><boolean name='Output' value='true'/>", "feature-not-implemented")]
    public void What_cannot_be_understood_gets_its_condition(string parameters, string condition)
    {
        _h.Server($"<iq type='set' id='2' from='a@b/c'><set xmlns='urn:xmpp:iot:control'>{parameters}</set></iq>");
        Assert.Contains($"<{condition} ", _h.Sent(), StringComparison.Ordinal);
        Assert.Empty(_target.Done);
    }

    [Fact]
    public void Seventeen_parameters_are_too_many()
    {
        var many = string.Concat(Enumerable.Repeat("<boolean name='Output' value='true'/>", 17));
        _h.Server($"<iq type='set' id='2' from='a@b/c'><set xmlns='urn:xmpp:iot:control'>{many}</set></iq>");
        Assert.Contains("resource-constraint", _h.Sent(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_target_may_refuse()
    {
        _target.Refuse = new ControlFailure("Level", "the motor is hot", StanzaError.UnexpectedRequest);
        _h.Server("<iq type='set' id='2' from='a@b/c'><set xmlns='urn:xmpp:iot:control'><int name='Level' value='1'/></set></iq>");
        Assert.Contains("<unexpected-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><paramError xmlns='urn:xmpp:iot:control' var='Level'>the motor is hot</paramError>", _h.Sent(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_controls_nothing()
    {
        _h.Server("<message from='a@b/c'><set xmlns='urn:xmpp:iot:control'><boolean name='Output' value='true'/></set></message>");
        _h.Expect(string.Empty);
        Assert.Empty(_target.Done);
    }

    [Fact]
    public void The_form_has_types_ranges_choices_and_values_and_is_read_back()
    {
        _h.Server("<iq type='get' id='3' from='a@b/c'><getForm xmlns='urn:xmpp:iot:control'/></iq>");
        var sent = _h.Sent();
        Assert.Equal(
            "<iq type='result' id='3' to='a@b/c'><x xmlns='jabber:x:data' type='form'>"
            + "<field var='Output' type='boolean' label='The output'><value>true</value></field>"
            + "<field var='Level' type='text-single' label='The level'><validate xmlns='http://jabber.org/protocol/xdata-validate' datatype='xs:int'><range min='0' max='100'/></validate><value>5</value></field>"
            + "<field var='Speed' type='text-single' label='The speed'><validate xmlns='http://jabber.org/protocol/xdata-validate' datatype='xs:double'/></field>"
            + "<field var='Mode' type='list-single' label='The mode'><value>eco</value><option><value>eco</value></option><option><value>full</value></option></field>"
            + "</x></iq>",
            sent);
        var visitor = new Form();
        _h.OnStanza = s => DataForm.Read(s.OpenPayload(), visitor) == "form";
        _h.Server(sent);
        Assert.Equal(["Output boolean 'The output'    true", "Level text-single 'The level' xs:int 0 100 5", "Speed text-single 'The speed' xs:double   ", "Mode list-single 'The mode'    eco eco|full"], visitor.Lines.Select(l => l.Replace(" null", string.Empty, StringComparison.Ordinal)));
        _h.OnStanza = null;
        _h.Server("<iq type='get' id='4' from='a@b/c'><getForm xmlns='urn:xmpp:iot:control'><node nodeId='x'/></getForm></iq>");
        Assert.Contains("item-not-found", _h.Sent(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_queued_command_is_done_once_even_over_a_restart()
    {
        Command("c1");
        _h.Expect("<iq type='result' id='c1' to='things.example.org'><setResponse xmlns='urn:xmpp:iot:control'/></iq>");
        Command("c1");
        _h.Expect("<iq type='result' id='c1' to='things.example.org'><setResponse xmlns='urn:xmpp:iot:control'/></iq>");
        Assert.Single(_target.Done);

        var again = new Harness().OnlinePlain();
        new Control(_target, new CommandLog(_settings)).Register(again.Client, new DiscoInfo(again.Hash, "n"));
        Command("c1", again);
        again.Expect("<iq type='result' id='c1' to='things.example.org'><setResponse xmlns='urn:xmpp:iot:control'/></iq>");
        Assert.Single(_target.Done);
        Command("c2", again);
        Assert.Equal(2, _target.Done.Count);
    }

    [Fact]
    public void Sixteen_commands_are_remembered()
    {
        for (var i = 0; i < 17; i++)
        {
            Command("c" + i);
        }
        Assert.Equal(17, _target.Done.Count);
        var log = new CommandLog(_settings);
        Assert.False(log.Find("c0", out _));
        for (var i = 1; i < 17; i++)
        {
            Assert.True(log.Find("c" + i, out var outcome) && outcome.Length == 0);
        }
        Command("c1");
        Command("c16");
        Assert.Equal(17, _target.Done.Count);
    }

    [Fact]
    public void An_error_is_remembered_as_an_error_and_a_power_cut_as_not_known()
    {
        _target.Refuse = new ControlFailure(string.Empty, "no", StanzaError.NotAllowed);
        Command("c1");
        _target.Refuse = null;
        _h.Sent();
        Command("c1");
        Assert.Contains("not-allowed", _h.Sent(), StringComparison.Ordinal);
        Assert.Empty(_target.Done);

        new CommandLog(_settings).Begin("cut");
        var h = new Harness().OnlinePlain();
        new Control(_target, new CommandLog(_settings)).Register(h.Client, new DiscoInfo(h.Hash, "n"));
        Command("cut", h);
        Assert.Contains("undefined-condition", h.Sent(), StringComparison.Ordinal);
        Assert.Empty(_target.Done);
    }

    [Fact]
    public void A_damaged_log_is_read_as_far_as_it_is_good()
    {
        var log = new CommandLog(_settings);
        log.End(new string('x', 64), string.Empty);
        log.End("b", "remote-server-not-found");
        var good = _settings.Values[CommandLog.Key];
        for (var length = 0; length < good.Length; length++)
        {
            _settings.Values[CommandLog.Key] = good[..length];
            Assert.False(new CommandLog(_settings).Find("b", out _));
        }
        Assert.False(CommandLog.IsId(new string('x', 65)));
        Assert.False(CommandLog.IsId(string.Empty));
    }

    private void Command(string id, Harness? h = null) =>
        (h ?? _h).Server($"<iq type='set' id='{id}' from='things.example.org'><command xmlns='urn:iotxmpp:command:1' id='{id}'><set xmlns='urn:xmpp:iot:control'><boolean name='Output' value='true'/></set></command></iq>");

    private sealed class Target : IControlTarget
    {
        private readonly ControlParameter[] _parameters =
        [
            new("Output", FieldKind.Boolean, "The output"),
            new ControlParameter("Level", FieldKind.Int, "The level").WithRange(0, 100),
            new("Speed", FieldKind.Double, "The speed"),
            new("Mode", FieldKind.String, "The mode") { Options = ["eco", "full"] },
        ];

        public List<string> Done { get; } = [];

        public ControlFailure? Refuse { get; set; }

        public ControlParameter[]? Parameters(string nodeId) => nodeId.Length == 0 ? _parameters : null;

        public string? Current(string nodeId, ControlParameter parameter) => parameter.Name switch { "Output" => "true", "Level" => "5", "Mode" => "eco", _ => null };

        public ControlFailure? Set(ControlCommand command)
        {
            if (Refuse == null)
            {
                Done.Add($"{command.From} {command.NodeId} {string.Join(' ', command.Values.Select(v => $"{v.Parameter.Name}={v.Text}"))}");
            }
            return Refuse;
        }
    }

    private sealed class Form : IFormVisitor
    {
        public List<string> Lines { get; } = [];

        public void Field(string name, string type, string label, string dataType, string minimum, string maximum, string? value, string[]? options) =>
            Lines.Add($"{name} {type} '{label}' {dataType} {minimum} {maximum} {value}{(options == null ? string.Empty : " " + string.Join('|', options))}");
    }
}
