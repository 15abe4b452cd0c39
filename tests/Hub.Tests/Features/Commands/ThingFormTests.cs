using System.Text.Json.Nodes;
using IotXmpp.Hub.Features.Commands;
using IotXmpp.Hub.Features.Control;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Commands;

/// <summary>The forms of things as they are kept.</summary>
public sealed class ThingFormTests
{
    /// <summary>Forms are on disk: their names never change, and a moment's values are not among them.</summary>
    [Fact]
    public void A_form_is_kept_by_names_that_stay()
    {
        const string Kept = """[{"Name":"level","Type":"int","Label":"Level","Minimum":"0","Maximum":"100","Options":["1","2"],"IsSecret":true,"Value":null}]""";
        ThingForm form = ThingForm.FromJson(Kept);
        ControlField field = Assert.Single(form.Parameters);
        Assert.Equal(("level", "int", "Level", "0", "100", "1 2", true, null), (field.Name, field.Element, field.Label, field.Minimum, field.Maximum, string.Join(' ', field.Options), field.IsSecret, field.Value));
        var now = new ThingForm([field with { Value = "1" }]);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Kept), JsonNode.Parse(now.ToJson())), now.ToJson());
    }
}
