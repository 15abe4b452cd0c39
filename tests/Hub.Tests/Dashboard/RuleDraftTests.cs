using System.Text;
using System.Text.Json.Nodes;
using IotXmpp.Hub.Dashboard.Pages.Alerts;
using IotXmpp.Hub.Features.Alerts;
using Xunit;

namespace IotXmpp.Hub.Tests.Dashboard;

/// <summary>The forms of rules and maintenance windows: what a document says goes into the form and comes out of it unchanged; what cannot be taken is told with the member that it is about.</summary>
public sealed class RuleDraftTests
{
    [Theory]
    [InlineData("""{"kind":"threshold","field":"t","is":"above","value":30}""")]
    [InlineData("""{"kind":"threshold","field":"t","is":"below","value":-0.5,"hysteresis":2,"for":300,"clearFor":90}""")]
    [InlineData("""{"kind":"threshold","field":"t","is":"outside","low":2,"high":8,"hysteresis":0.25,"for":0.5}""")]
    [InlineData("""{"kind":"threshold","field":"t","is":"equal","value":"fault","for":86400}""")]
    [InlineData("""{"kind":"threshold","field":"t","is":"not-equal","value":1}""")]
    [InlineData("""{"kind":"threshold","field":"t","is":"equal","value":"1"}""")]
    [InlineData("""{"kind":"threshold","field":"t","is":"equal","value":"true"}""")]
    [InlineData("""{"kind":"threshold","field":"t","is":"equal","value":true}""")]
    [InlineData("""{"kind":"threshold","field":"t","is":"equal","value":"\"quoted\""}""")]
    [InlineData("""{"kind":"rate","field":"t","by":5,"within":600,"direction":"fall"}""")]
    [InlineData("""{"kind":"no-data","after":900}""")]
    [InlineData("""{"kind":"no-data","field":"t","after":5400}""")]
    [InlineData("""{"kind":"offline","for":120}""")]
    [InlineData("""{"kind":"offline","reasons":["overdue","revoked"]}""")]
    [InlineData("""{"kind":"overdue","for":7}""")]
    [InlineData("""{"kind":"flapping","count":3,"within":7200}""")]
    [InlineData("""{"kind":"battery","below":15,"hysteresis":10}""")]
    [InlineData("""{"kind":"firmware","below":"1.4.0"}""")]
    public void A_condition_comes_out_of_the_form_as_it_went_in(string when) => Same($$$"""{"id":"r","name":"A rule","severity":"critical","enabled":false,"message":"{name}!","scope":{"all":true},"when":{{{when}}}}""");

    [Theory]
    [InlineData("""{"things":["a","b-2"]}""")]
    [InlineData("""{"group":"cellar"}""")]
    [InlineData("""{"tag":"ROOM"}""")]
    [InlineData("""{"tag":"ROOM","value":"the cellar"}""")]
    [InlineData("""{"owner":"ann@example.org"}""")]
    public void So_does_which_things(string scope) => Same($$$"""{"id":"r","name":"A rule","scope":{{{scope}}},"when":{"kind":"overdue"}}""");

    [Fact]
    public void So_does_who_is_told_and_a_secret_stays_hidden()
    {
        AlertRule rule = Same("""{"id":"r","name":"A rule","scope":{"all":true},"when":{"kind":"overdue"},"deliver":[{"to":"owner"},{"to":"xmpp:ann@example.org"},{"to":"mailto:a@b.example"},{"to":"https://h.example/x?y=1","secret":"0123456789abcdef"}]}""", hasSecret: true);
        JsonNode written = RuleDraft.Of(rule).Write();
        Assert.Equal(RuleDocument.HiddenSecret, written["deliver"]![3]!["secret"]!.GetValue<string>());
        Assert.Equal("0123456789abcdef", RuleDocument.Read(DraftText.Bytes(written), rule).Deliver[3].Secret);
    }

    [Fact]
    public void What_was_typed_wrong_is_told_with_its_member()
    {
        var draft = new RuleDraft { Name = "Zu heiß!" };
        draft.Type("field", "t");
        draft.Type("value", "warm");
        Assert.Equal(new DraftError("when.value", "Must be a number."), Refused(draft));
        draft.Type("value", " 30 ");
        draft.Span("for").Amount = "soon";
        Assert.Equal("when.for", Refused(draft)!.Path);
        draft.Span("for").Amount = "1.5";
        draft.Span("for").Unit = 60;
        draft.Targets.Add(new TargetDraft { Way = "mailto:", Address = "nobody" });
        Assert.Equal("deliver[0].to", Refused(draft)!.Path);
        draft.Targets[0].Address = "a@b.example";
        Assert.Null(Refused(draft));
        AlertRule rule = RuleDocument.Read(DraftText.Bytes(draft.Write()), isDraft: true);
        Assert.Equal("zu-hei", rule.Id);
        Assert.Equal(TimeSpan.FromSeconds(90), Assert.IsType<ThresholdCondition>(rule.Condition).For);
    }

    [Fact]
    public void An_id_that_is_made_of_a_name_is_one_that_there_is_not()
    {
        Assert.Equal("too-hot-3", DraftText.FreeId("Too hot", ["too-hot", "too-hot-2"]));
        Assert.Equal(new string('a', 62) + "-2", DraftText.FreeId(new string('a', 80), [new string('a', 64)]));
    }

    [Theory]
    [InlineData("""{"id":"w","name":"Work","scope":{"group":"cellar"},"once":{"from":"2026-11-20T12:00:00Z","to":"2026-11-21T00:30:00Z"}}""")]
    [InlineData("""{"id":"w","name":"Work","scope":{"all":true},"weekly":{"days":["sun","wed"],"at":"22:00","minutes":120,"zone":"Europe/Berlin"}}""")]
    public void A_window_comes_out_of_the_form_as_it_went_in(string document)
    {
        MaintenanceWindow window = MaintenanceWindow.Read(Encoding.UTF8.GetBytes(document));
        Assert.Equal(Encoding.UTF8.GetString(window.Write()), Encoding.UTF8.GetString(MaintenanceWindow.Read(DraftText.Bytes(WindowDraft.Of(window).Write())).Write()));
    }

    private static AlertRule Same(string document, bool hasSecret = false)
    {
        AlertRule rule = RuleDocument.Read(Encoding.UTF8.GetBytes(document));
        AlertRule again = RuleDocument.Read(DraftText.Bytes(RuleDraft.Of(rule).Write()), hasSecret ? rule : null);
        Assert.Equal(Encoding.UTF8.GetString(RuleDocument.Write(rule, withSecrets: true)), Encoding.UTF8.GetString(RuleDocument.Write(again, withSecrets: true)));
        return rule;
    }

    private static DraftError? Refused(RuleDraft draft)
    {
        try
        {
            RuleDocument.Read(DraftText.Bytes(draft.Write()), isDraft: true);
            return null;
        }
        catch (DocumentException e)
        {
            return DraftError.Of(e.Message);
        }
    }
}
