using System.Text;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Alerts;

public sealed class RuleDocumentTests
{
    private const string Hot = """{"id":"hot","scope":{"all":true},"when":{"kind":"threshold","field":"temperature","is":"above","value":30}}""";

    [Theory]
    [InlineData("""{"kind":"threshold","field":"t","is":"above","value":30,"hysteresis":1.5,"for":300,"clearFor":60}""")]
    [InlineData("""{"kind":"threshold","field":"t","is":"below","value":-3,"hysteresis":0,"for":0,"clearFor":0}""")]
    [InlineData("""{"kind":"threshold","field":"t","is":"outside","low":2,"high":8,"hysteresis":1,"for":0,"clearFor":0}""")]
    [InlineData("""{"kind":"threshold","field":"mode","is":"equal","value":"fault","for":0,"clearFor":0}""")]
    [InlineData("""{"kind":"threshold","field":"mode","is":"not-equal","value":1,"for":0,"clearFor":0}""")]
    [InlineData("""{"kind":"rate","field":"t","by":5,"within":600,"direction":"rise"}""")]
    [InlineData("""{"kind":"no-data","field":"t","after":600}""")]
    [InlineData("""{"kind":"no-data","after":600}""")]
    [InlineData("""{"kind":"offline","reasons":["overdue","connection-lost"],"for":120}""")]
    [InlineData("""{"kind":"overdue","for":0}""")]
    [InlineData("""{"kind":"flapping","count":6,"within":3600}""")]
    [InlineData("""{"kind":"battery","below":20,"hysteresis":5}""")]
    [InlineData("""{"kind":"firmware","below":"1.4.0"}""")]
    public void Each_condition_is_written_as_it_was_read(string when)
    {
        AlertRule rule = Read($$$"""{"id":"r","scope":{"all":true},"when":{{{when}}}}""");
        Assert.Contains($"\"when\":{when}", Encoding.UTF8.GetString(RuleDocument.Write(rule)), StringComparison.Ordinal);
        Assert.Equal(rule.Condition, RuleDocument.Read(RuleDocument.Write(rule)).Condition);
    }

    [Theory]
    [InlineData("""{"things":["b-2","a-1"]}""", """{"things":["a-1","b-2"]}""")]
    [InlineData("""{"group":"Greenhouse 2"}""", null)]
    [InlineData("""{"tag":"room","value":"cellar"}""", """{"tag":"ROOM","value":"cellar"}""")]
    [InlineData("""{"tag":"ROOM"}""", null)]
    [InlineData("""{"owner":"ann@hub.test"}""", null)]
    [InlineData("""{"all":true}""", null)]
    public void Each_scope_is_written_as_it_was_read(string scope, string? written) =>
        Assert.Contains($"\"scope\":{written ?? scope}", Encoding.UTF8.GetString(RuleDocument.Write(Read($$$"""{"id":"r","scope":{{{scope}}},"when":{"kind":"battery"}}"""))), StringComparison.Ordinal);

    [Theory]
    [InlineData("", "no JSON")]
    [InlineData("[]", "must be an object")]
    [InlineData("{\"id\":\"r\",", "no JSON: line 1")]
    [InlineData("""{"id":"R x","scope":{"all":true},"when":{"kind":"battery"}}""", "id: 'R x' is none")]
    [InlineData("""{"id":"r","id":"s","scope":{"all":true},"when":{"kind":"battery"}}""", "id stands there twice")]
    [InlineData("""{"scope":{"all":true},"when":{"kind":"battery"}}""", "id is missing")]
    [InlineData("""{"id":"r","when":{"kind":"battery"}}""", "scope is missing")]
    [InlineData("""{"id":"r","scope":{"all":true}}""", "when is missing")]
    [InlineData("""{"id":"r","version":2,"scope":{"all":true},"when":{"kind":"battery"}}""", "version must be a number from 1 to 1")]
    [InlineData("""{"id":"r","colour":1,"scope":{"all":true},"when":{"kind":"battery"}}""", "colour is not known here")]
    [InlineData("""{"id":"r","scope":{"all":true,"group":"g"},"when":{"kind":"battery"}}""", "scope must have one of")]
    [InlineData("""{"id":"r","scope":{"all":false},"when":{"kind":"battery"}}""", "scope.all must be true")]
    [InlineData("""{"id":"r","scope":{"things":["../etc"]},"when":{"kind":"battery"}}""", "is no id of a thing")]
    [InlineData("""{"id":"r","scope":{"things":[7]},"when":{"kind":"battery"}}""", "is no id of a thing")]
    [InlineData("""{"id":"r","scope":{"owner":"hub.test"},"when":{"kind":"battery"}}""", "is no account")]
    [InlineData("""{"id":"r","scope":{"all":true},"when":{"kind":"weather"}}""", "when.kind: 'weather' is none of threshold, rate")]
    [InlineData("""{"id":"r","scope":{"all":true},"when":{"kind":"threshold","field":"t","is":"above"}}""", "when.value is missing")]
    [InlineData("""{"id":"r","scope":{"all":true},"when":{"kind":"threshold","field":"t","is":"above","value":"30"}}""", "when.value must be a number")]
    [InlineData("""{"id":"r","scope":{"all":true},"when":{"kind":"threshold","field":"t","is":"above","value":1e999}}""", "when.value must be a number")]
    [InlineData("""{"id":"r","scope":{"all":true},"when":{"kind":"threshold","field":"t","is":"above","value":1,"hysteresis":-1}}""", "when.hysteresis must be a number of at least 0")]
    [InlineData("""{"id":"r","scope":{"all":true},"when":{"kind":"threshold","field":"t","is":"outside","low":8,"high":2}}""", "when.low is above when.high")]
    [InlineData("""{"id":"r","scope":{"all":true},"when":{"kind":"threshold","field":"t","is":"outside","low":2,"high":8,"hysteresis":4}}""", "would never be cleared")]
    [InlineData("""{"id":"r","scope":{"all":true},"when":{"kind":"threshold","field":"t","is":"above","value":1,"for":1e9}}""", "when.for must be a number from 0 to 2592000")]
    [InlineData("""{"id":"r","scope":{"all":true},"when":{"kind":"rate","field":"t","by":0,"within":60}}""", "when.by")]
    [InlineData("""{"id":"r","scope":{"all":true},"when":{"kind":"no-data"}}""", "when.after is missing")]
    [InlineData("""{"id":"r","scope":{"all":true},"when":{"kind":"offline","reasons":["bored"]}}""", "is none of overdue")]
    [InlineData("""{"id":"r","scope":{"all":true},"when":{"kind":"offline","reasons":[1]}}""", "is none of overdue")]
    [InlineData("""{"id":"r","scope":{"all":true},"when":{"kind":"flapping","count":1.5}}""", "when.count")]
    [InlineData("""{"id":"r","scope":{"all":true},"when":{"kind":"firmware","below":"new"}}""", "is no version")]
    [InlineData("""{"id":"r","message":"{thing} {password}","scope":{"all":true},"when":{"kind":"battery"}}""", "{password} is not known")]
    [InlineData("""{"id":"r","message":"{thing","scope":{"all":true},"when":{"kind":"battery"}}""", "is not known")]
    [InlineData("""{"id":"r","name":"a\u0000b","scope":{"all":true},"when":{"kind":"battery"}}""", "without control characters")]
    [InlineData("""{"id":"r","deliver":[{"to":"ftp://x"}],"scope":{"all":true},"when":{"kind":"battery"}}""", "is none of owner")]
    [InlineData("""{"id":"r","deliver":[{"to":"file:///etc/passwd"}],"scope":{"all":true},"when":{"kind":"battery"}}""", "is none of owner")]
    [InlineData("""{"id":"r","deliver":[{"to":"https://u:p@x.example/","secret":"0123456789abcdef"}],"scope":{"all":true},"when":{"kind":"battery"}}""", "is none of owner")]
    [InlineData("""{"id":"r","deliver":[{"to":"https://x.example/","secret":"short"}],"scope":{"all":true},"when":{"kind":"battery"}}""", "must have 16 to 256")]
    [InlineData("""{"id":"r","deliver":[{"to":"https://x.example/"}],"scope":{"all":true},"when":{"kind":"battery"}}""", "secret is missing")]
    [InlineData("""{"id":"r","deliver":[{"to":"https://x.example/","secret":"*"}],"scope":{"all":true},"when":{"kind":"battery"}}""", "must have 16 to 256")]
    [InlineData("""{"id":"r","deliver":[{"to":"mailto:a@b.example,c@d.example"}],"scope":{"all":true},"when":{"kind":"battery"}}""", "is no mail address")]
    [InlineData("""{"id":"r","deliver":[{"to":"mailto:a@b.example?bcc=x@y.example"}],"scope":{"all":true},"when":{"kind":"battery"}}""", "is no mail address")]
    [InlineData("""{"id":"r","deliver":[{"to":"xmpp:hub.test"}],"scope":{"all":true},"when":{"kind":"battery"}}""", "is no account")]
    [InlineData("""{"id":"r","deliver":[{"to":"owner"},{"to":"owner"}],"scope":{"all":true},"when":{"kind":"battery"}}""", "twice")]
    [InlineData("""{"id":"r","deliver":[1,2,3,4,5,6,7,8,9],"scope":{"all":true},"when":{"kind":"battery"}}""", "a list of at most 8")]
    public void What_cannot_be_taken_is_refused_with_where_and_why(string document, string says)
    {
        DocumentException refused = Assert.Throws<DocumentException>(() => Read(document));
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Too_many_bytes_or_too_deep_is_refused()
    {
        Assert.Throws<DocumentException>(() => Read(Hot + new string(' ', RuleDocument.MaxBytes)));
        Assert.Throws<DocumentException>(() => Read(string.Concat(Enumerable.Repeat("[", 100))));
    }

    [Fact]
    public void A_secret_is_never_shown_and_stays_when_what_is_shown_is_given_back()
    {
        AlertRule rule = Read("""{"id":"r","deliver":[{"to":"https://x.example/a","secret":"0123456789abcdef"}],"scope":{"all":true},"when":{"kind":"battery"}}""") with { Author = new Jid("ann", "hub.test", ""), Revision = 3 };
        byte[] shown = RuleDocument.Write(rule);
        Assert.DoesNotContain("0123456789abcdef", Encoding.UTF8.GetString(shown), StringComparison.Ordinal);
        Assert.Equal("0123456789abcdef", Assert.Single(RuleDocument.Read(shown, rule).Deliver).Secret);
        // Not for another address: so nobody gets a signature of the secret by naming a server of his own.
        string moved = Encoding.UTF8.GetString(shown).Replace("x.example", "y.example", StringComparison.Ordinal);
        Assert.Throws<DocumentException>(() => RuleDocument.Read(Encoding.UTF8.GetBytes(moved), rule));
    }

    [Fact]
    public void A_text_is_filled_in_once_and_whatever_a_thing_is_called()
    {
        AlertRule rule = Read("""{"id":"hot","name":"Too hot","severity":"critical","message":"{severity}: {name} ({thing}) {field} {value}{unit} > {limit} since {since} by {rule}","scope":{"all":true},"when":{"kind":"threshold","field":"t","is":"above","value":30.5}}""");
        var noon = new DateTimeOffset(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);
        Assert.Equal("critical: Kiln {value} (k-1) t 31 °C > 30.5 since 2026-11-20 12:00:00Z by Too hot", AlertText.Fill(rule, "k-1", "Kiln {value}", "31", "°C", noon));
        Assert.Equal("k-1: t is 31, above 30.5", AlertText.Fill(rule with { Message = "" }, "k-1", "", "31", "", noon));
        Assert.Equal(AlertText.Limit, AlertText.Fill(rule with { Message = "{name}" }, "k-1", new string('x', 5_000), "31", "", noon).Length);
    }

    private static AlertRule Read(string document) => RuleDocument.Read(Encoding.UTF8.GetBytes(document));
}
