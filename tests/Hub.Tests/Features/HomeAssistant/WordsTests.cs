using System.Text;
using IotXmpp.Hub.Features.Control;
using IotXmpp.Hub.Features.HomeAssistant;
using IotXmpp.Hub.Xml;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.HomeAssistant;

/// <summary>Topics, values and what waits, without a broker.</summary>
public sealed class WordsTests
{
    [Fact]
    public void What_waits_is_the_newest_of_each_topic_in_the_order_in_which_they_began_to_wait()
    {
        var outbox = new Outbox();
        for (int i = 0; i < 10_000; i++)
        {
            outbox.Put("a", Encoding.UTF8.GetBytes(i.ToString()));
            outbox.Put("b", [1]);
        }

        Assert.Equal(2, outbox.Count);
        Assert.True(outbox.TryTake(out string? topic, out byte[]? payload));
        Assert.Equal(("a", "9999"), (topic, Encoding.UTF8.GetString(payload)));
        // It could not be told, and something newer has come meanwhile.
        outbox.Put("a", [7]);
        outbox.PutBack("a", payload);
        Assert.True(outbox.TryTake(out topic, out _));
        Assert.Equal("b", topic);
        Assert.True(outbox.TryTake(out topic, out payload));
        Assert.Equal([7], payload);
        Assert.False(outbox.TryTake(out _, out _));
    }

    [Theory]
    [InlineData("temperature", "temperature")]
    [InlineData("node/Temp 1", "node_temp_1_")]
    [InlineData("+/#", "_____")]
    public void Names_become_parts_of_topics_and_stay_apart(string name, string begin)
    {
        string slug = Entity.SlugOf(name);
        Assert.StartsWith(begin[..Math.Min(begin.Length, 4)], slug, StringComparison.Ordinal);
        Assert.DoesNotContain(slug, c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('_' or '-'));
        Assert.NotEqual(slug, Entity.SlugOf(name + "!"));
    }

    [Theory]
    [InlineData("iotxmpp/lamp/relay/set", "lamp", "relay")]
    [InlineData("iotxmpp/lamp/relay/state", null, null)]
    [InlineData("other/lamp/relay/set", null, null)]
    [InlineData("iotxmpp//relay/set", null, null)]
    [InlineData("iotxmpp/a/b/c/set", null, null)]
    public void Commands_are_told_by_their_topics(string topic, string? thing, string? slug) =>
        Assert.Equal(thing is null ? null : (thing, slug!), new Topics(new HomeAssistantOptions()).ReadCommand(topic));

    [Theory]
    [InlineData("homeassistant/switch/iotxmpp_lamp/relay/config", "lamp")]
    [InlineData("homeassistant/switch/iotxmpp_2_lamp/relay/config", null)]
    [InlineData("homeassistant/switch/other_lamp/relay/config", null)]
    [InlineData("homeassistant/switch/iotxmpp_lamp/config", null)]
    public void A_hub_knows_its_own_configurations(string topic, string? thing) => Assert.Equal(thing, new Topics(new HomeAssistantOptions()).ReadConfig(topic));

    [Theory]
    [InlineData("boolean", "true", "true")]
    [InlineData("boolean", "ON", "true")]
    [InlineData("boolean", "maybe", null)]
    [InlineData("int", "42.0", "42")]
    [InlineData("int", "4.5", null)]
    [InlineData("int", "101", null)]
    [InlineData("int", "1e400", null)]
    [InlineData("int", "NaN", null)]
    [InlineData("double", "1.5", "1.5")]
    [InlineData("double", "NaN", null)]
    [InlineData("double", "-1", null)]
    [InlineData("string", "a\u0000b", null)]
    [InlineData("string", "<x/>", "<x/>")]
    public void A_value_is_what_the_parameter_takes_or_none(string type, string payload, string? value) =>
        Assert.Equal(value, new Parameter(new ControlField("p", type, "", type == "string" ? "" : "0", type == "string" ? "" : "100", [], null), "", default).Read(payload));

    [Fact]
    public void A_form_of_a_thing_has_bounds_and_choices_and_its_secrets_are_left_out()
    {
        Element form = Element.Parse("""
            <x xmlns='jabber:x:data' type='form'><field var='FORM_TYPE' type='hidden'><value>x</value></field><field var='on' type='boolean' label='Relay'><value>1</value></field>
            <field var='level' type='text-single'><validate xmlns='http://jabber.org/protocol/xdata-validate' datatype='xs:double'><range min='-1.5' max='many'/></validate></field>
            <field var='at' type='text-single'><validate xmlns='http://jabber.org/protocol/xdata-validate' datatype='xs:dateTime'/></field><field var='key' type='text-private'><value>s</value></field><field type='fixed'/>
            <field var='mode' type='list-single'><option label='L'><value>a</value></option><option/><value>a</value></field></x>
            """u8);

        List<Parameter> parameters = ControlForm.Read(form, default);

        Assert.Equal(["on", "level", "mode"], parameters.Select(p => p.Name));
        Assert.Equal(("boolean", "Relay", "1"), (parameters[0].Field.Element, parameters[0].Field.Label, parameters[0].Value));
        Assert.Equal(("double", "-1.5"), (parameters[1].Field.Element, parameters[1].Field.Minimum));
        Assert.Equal("a", parameters[2].Field.Options[0]);
        Assert.Empty(ControlForm.Read(null, default));
    }
}
