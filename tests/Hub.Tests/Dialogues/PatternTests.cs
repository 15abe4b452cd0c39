using System.Xml.Linq;
using IotXmpp.TestKit.Dialogues;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using IotXmpp.TestKit.Xml;
using Xunit;

namespace IotXmpp.Hub.Tests.Dialogues;

/// <summary>The judge is judged: what must not match does not, and a dialogue that goes wrong fails and says where.</summary>
public sealed class PatternTests
{
    [Theory]
    [InlineData("<message id='{any}'/>", "<message id='1' from='a@b/c' to='d@e'/>")]
    [InlineData("<message/>", "<message type='normal'/>")]
    [InlineData("<iq type='error'><error type='cancel'><gone xmlns='urn:e'/></error></iq>", "<iq type='error'><query/><error type='cancel'><gone xmlns='urn:e'/><text xmlns='urn:e'>why</text></error></iq>")]
    [InlineData("<iq><q xmlns='urn:q'>{...}<a/></q></iq>", "<iq><q xmlns='urn:q'><b/><a/><c/></q></iq>")]
    [InlineData("<iq><q>{in order}<a n='1'/><a n='2'/></q></iq>", "<iq><q><a n='1'/><a n='2'/></q></iq>")]
    [InlineData("<iq><q><a n='{x}'/><b n='{x}'/></q></iq>", "<iq><q><b n='7'/><a n='7'/></q></iq>")]
    [InlineData("<p:iq xmlns:p='jabber:client'/>", "<iq/>")]
    [InlineData("<message><body>{re:x{3}}</body></message>", "<message><body>xxx</body></message>")]
    [InlineData("<iq><q>{without a jabber:client}{...}</q></iq>", "<iq><q><b/></q></iq>")]
    public void Matches(string pattern, string actual) => Assert.Null(XmlPattern.Match(Parse(pattern), Parse(actual), new Captures()));

    [Theory]
    [InlineData("<message/>", "<presence/>")]
    [InlineData("<message/>", "<message xmlns='urn:other'/>")]
    [InlineData("<message/>", "<message type='chat'/>")]
    [InlineData("<message/>", "<message><body/></message>")]
    [InlineData("<message id='1'/>", "<message/>")]
    [InlineData("<message id='{some}'/>", "<message id=''/>")]
    [InlineData("<message id='{none}'/>", "<message id='1'/>")]
    [InlineData("<message><body>a</body></message>", "<message><body>b</body></message>")]
    [InlineData("<message><body/></message>", "<message><body>b</body></message>")]
    [InlineData("<iq><q><a/></q></iq>", "<iq><q><a x='1'/></q></iq>")]
    [InlineData("<iq><q><a/></q></iq>", "<iq><q><a/><a/></q></iq>")]
    [InlineData("<iq><q>{...}<a/><a/></q></iq>", "<iq><q><a/><b/></q></iq>")]
    [InlineData("<iq><q>{in order}<a n='1'/><a n='2'/></q></iq>", "<iq><q><a n='2'/><a n='1'/></q></iq>")]
    [InlineData("<iq><q><a n='{x}'/><b n='{x}'/></q></iq>", "<iq><q><a n='7'/><b n='8'/></q></iq>")]
    [InlineData("<message><body>{re:x{3}}</body></message>", "<message><body>xxxx</body></message>")]
    [InlineData("<iq><q>{without a jabber:client}{...}</q></iq>", "<iq><q><a/></q></iq>")]
    [InlineData("<iq type='error'><error type='cancel'><gone xmlns='urn:e'/></error></iq>", "<iq type='error'><error type='cancel'><forbidden xmlns='urn:e'/></error></iq>")]
    public void Does_not_match(string pattern, string actual) => Assert.NotNull(XmlPattern.Match(Parse(pattern), Parse(actual), new Captures()));

    [Theory]
    [InlineData("alice does a dance")]
    [InlineData("bob connects")]
    [InlineData("alice receives:")]
    [InlineData("alice sends:\n    <presence id='{used-once}'/>")]
    public void Script_with_a_mistake_is_refused(string step) =>
        Assert.Throws<DialogueException>(() => DialogueScript.Parse("x", $"about: x\nstandard: x\nclient alice\n---\n{step}\n"));

    /// <summary>Each goes wrong in its last step, and is told so with its line.</summary>
    [Theory]
    [InlineData("alice receives nothing", "alice sends:\n    <message to='{alice full}' type='chat'/>")]
    [InlineData("alice is disconnected", "")]
    [InlineData("alice receives stream error conflict", "alice sends:\n    <a")]
    [InlineData("alice receives:\n    <presence/>", "alice sends:\n    <iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>")]
    [InlineData("alice stays connected", "alice sends:\n    </stream:stream>")]
    public async Task Dialogue_that_goes_wrong_fails(string wrong, string before)
    {
        await using var hub = await HubHost.StartAsync("""{ "Xmpp": { "IdleSeconds": 1, "ProbeSeconds": 1 }, "Security": { "LoginThrottle": { "Enabled": false } } }""");
        var text = $"about: x\nstandard: x\nclient alice\n---\nalice connects\n{before}\n{wrong}\n";
        await using var run = new DialogueRunner(DialogueScript.Parse("wrong", text), hub);
        var line = 6 + before.Split('\n').Length;
        var failure = await Assert.ThrowsAsync<DialogueException>(run.RunAsync);
        Assert.StartsWith($"wrong.xmpp:{line}:", failure.Message, StringComparison.Ordinal);
    }

    private static XElement Parse(string xml) => XElement.Parse($"<x xmlns='jabber:client'>{xml}</x>").Elements().Single();
}
