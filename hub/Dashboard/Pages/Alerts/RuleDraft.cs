using System.Text.Json.Nodes;
using IotXmpp.Hub.Dashboard.Components.Shared;
using IotXmpp.Hub.Features.Alerts;

namespace IotXmpp.Hub.Dashboard.Pages.Alerts;

/// <summary>How a member of a condition is typed.</summary>
public enum MemberInput
{
    /// <summary>The name of a field that things measure.</summary>
    Field,

    /// <summary>A text.</summary>
    Text,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A number, a truth or a text.</summary>
    Value,

    /// <summary>A time.</summary>
    Span,

    /// <summary>One of some words.</summary>
    Choice,

    /// <summary>Some of some words.</summary>
    Words,
}

/// <summary>A member of a condition, as a form asks for it.</summary>
/// <param name="Name">Its name in the document.</param>
/// <param name="Label">What it is called.</param>
/// <param name="Input">How it is typed.</param>
/// <param name="Usual">What stands there first; of a time its seconds.</param>
/// <param name="Hint">What it means; or null.</param>
/// <param name="Choices">The words to choose from, with what they are called.</param>
public sealed record ConditionMember(string Name, string Label, MemberInput Input, string Usual = "", string? Hint = null, IReadOnlyList<(string Word, string Name)>? Choices = null);

/// <summary>A kind of condition, as a form shows it.</summary>
/// <param name="Kind">Its word in the document.</param>
/// <param name="Label">What it is called.</param>
/// <param name="Members">What it asks for.</param>
public sealed record ConditionForm(string Kind, string Label, IReadOnlyList<ConditionMember> Members)
{
    private static readonly ConditionMember s_field = new("field", "Field", MemberInput.Field, Hint: "What is measured, such as temperature.");
    private static readonly ConditionMember s_for = new("for", "For at least", MemberInput.Span, "0", "So long without a break; 0: at once.");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ConditionForm> All { get; } =
    [
        new("threshold", "A value is where it should not be",
        [
            s_field,
            new("is", "Is", MemberInput.Choice, "above", null, [("above", "above"), ("below", "below"), ("outside", "outside of two limits"), ("equal", "equal to"), ("not-equal", "not equal to")]),
            new("value", "Threshold", MemberInput.Value),
            new("low", "Lower limit", MemberInput.Number),
            new("high", "Upper limit", MemberInput.Number),
            new("hysteresis", "Hysteresis", MemberInput.Number, "0", "So far inside the threshold a value counts as good again."),
            s_for,
            new("clearFor", "Over after", MemberInput.Span, "0", "So long good again before the alert is over."),
        ]),
        new("rate", "A value changes too quickly",
        [
            s_field,
            new("by", "By at least", MemberInput.Number, "5"),
            new("within", "Within", MemberInput.Span, "600"),
            new("direction", "Direction", MemberInput.Choice, "any", null, [("any", "up or down"), ("rise", "up"), ("fall", "down")]),
        ]),
        new("no-data", "Nothing is measured any more",
        [
            s_field with { Hint = "Left out: nothing at all came." },
            new("after", "Nothing for", MemberInput.Span, "900"),
        ]),
        new("offline", "A thing is away",
        [
            s_for,
            new("reasons", "Because of", MemberInput.Words, string.Join(' ', OfflineCondition.Lost), null, [.. OfflineCondition.AllReasons.Select(r => (r, r))]),
        ]),
        new("overdue", "A thing did not wake in time", [s_for]),
        new("flapping", "The connection is interrupted too often",
        [
            new("count", "Interruptions", MemberInput.Number, "6"),
            new("within", "Within", MemberInput.Span, "3600"),
        ]),
        new("battery", "The battery is low",
        [
            new("below", "Below, in percent", MemberInput.Number, "20"),
            new("hysteresis", "Hysteresis, in percent", MemberInput.Number, "5", "So far above it counts as charged again."),
        ]),
        new("firmware", "The firmware is old", [new("below", "Older than", MemberInput.Text, "", "A version, such as 1.4.0.")]),
    ];

    /// <summary>The one of a word.</summary>
    public static ConditionForm Of(string kind) => All.FirstOrDefault(f => f.Kind == kind) ?? All[0];
}

/// <summary>Who is told, as a form has it.</summary>
public sealed class TargetDraft
{
    /// <summary>The ways, with what they are called.</summary>
    public static readonly IReadOnlyList<(string Word, string Name)> Ways = [("owner", "Message to the thing's owner"), ("xmpp:", "Message to an account"), ("mailto:", "E-mail"), ("https:", "Webhook")];

    /// <summary>How: one of <see cref="Ways"/>.</summary>
    public string Way { get; set; } = "owner";

    /// <summary>The account, the mail address or the URL.</summary>
    public string Address { get; set; } = "";

    /// <summary>What a webhook's requests are signed with.</summary>
    public string Secret { get; set; } = "";

    /// <summary>Of a member of <c>deliver</c>.</summary>
    public static TargetDraft Of(JsonNode target)
    {
        string to = DraftText.Text(target["to"]);
        string way = Ways.Select(w => w.Word).FirstOrDefault(w => to.StartsWith(w, StringComparison.Ordinal)) ?? "https:";
        return new TargetDraft { Way = way, Address = way is "owner" ? "" : way is "https:" ? to : to[way.Length..], Secret = DraftText.Text(target["secret"]) };
    }

    /// <summary>The member.</summary>
    public JsonObject Write()
    {
        var target = new JsonObject { ["to"] = Way is "owner" ? Way : Way is "https:" ? Address.Trim() : Way + Address.Trim() };
        if (Way is "https:")
        {
            target["secret"] = Secret;
        }

        return target;
    }
}

/// <summary>A rule as a form has it: texts as they were typed. It knows no rule about rules: the document that it writes is read by who keeps rules, and refused there.</summary>
public sealed class RuleDraft
{
    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SpanDraft> _spans = new(StringComparer.Ordinal);
    private readonly HashSet<string> _words = new(StringComparer.Ordinal);

    /// <summary>A new one.</summary>
    public RuleDraft() => Become("threshold");

    /// <summary>Its id; empty: made of the name.</summary>
    public string Id { get; set; } = "";

    /// <summary>Ids that there are: one that is made of the name is another.</summary>
    public IReadOnlyCollection<string> Taken { get; init; } = [];

    /// <summary>What people call it.</summary>
    public string Name { get; set; } = "";

    /// <summary>Whether it is watched.</summary>
    public bool IsEnabled { get; set; } = true;

    /// <summary>How grave.</summary>
    public string Severity { get; set; } = "warning";

    /// <summary>Which things.</summary>
    public ScopeDraft Scope { get; private set; } = new();

    /// <summary>What it watches for: a word.</summary>
    public string Kind { get; private set; } = "";

    /// <summary>What is told; empty: the usual text.</summary>
    public string Message { get; set; } = "";

    /// <summary>Who is told.</summary>
    public List<TargetDraft> Targets { get; } = [];

    /// <summary>The members that it asks for now: with <c>outside</c> there are two limits, with <c>equal</c> no hysteresis.</summary>
    public IEnumerable<ConditionMember> Members => ConditionForm.Of(Kind).Members.Where(m => Kind != "threshold" || m.Name switch
    {
        "value" => Text("is") != "outside",
        "low" or "high" => Text("is") == "outside",
        "hysteresis" => Text("is") is not ("equal" or "not-equal"),
        _ => true,
    });

    /// <summary>Of a rule.</summary>
    public static RuleDraft Of(AlertRule rule)
    {
        JsonNode document = JsonNode.Parse(RuleDocument.Write(rule))!;
        JsonNode when = document["when"]!;
        var draft = new RuleDraft
        {
            Id = rule.Id,
            Name = rule.Name,
            IsEnabled = rule.IsEnabled,
            Severity = DraftText.Text(document["severity"]),
            Scope = ScopeDraft.Of(rule.Scope),
            Message = rule.Message,
        };
        draft.Become(rule.Condition.Kind);
        foreach (ConditionMember member in ConditionForm.Of(draft.Kind).Members.Where(m => when[m.Name] is not null))
        {
            switch (member.Input)
            {
                case MemberInput.Span:
                    draft._spans[member.Name] = SpanDraft.Of(when[member.Name]!.GetValue<double>());
                    break;
                case MemberInput.Words:
                    draft._words.Clear();
                    draft._words.UnionWith(when[member.Name]!.AsArray().Select(DraftText.Text));
                    break;
                case MemberInput.Value:
                    draft._texts[member.Name] = DraftText.ValueText(when[member.Name]!);
                    break;
                default:
                    draft._texts[member.Name] = DraftText.Text(when[member.Name]);
                    break;
            }
        }

        draft.Targets.AddRange(document["deliver"]!.AsArray().Select(t => TargetDraft.Of(t!)));
        return draft;
    }

    /// <summary>Watches for something else: with the usual values of that, but the same field.</summary>
    public void Become(string kind)
    {
        string field = Text("field");
        Kind = ConditionForm.Of(kind).Kind;
        _texts.Clear();
        _spans.Clear();
        _words.Clear();
        foreach (ConditionMember member in ConditionForm.Of(kind).Members)
        {
            switch (member.Input)
            {
                case MemberInput.Span:
                    _spans[member.Name] = SpanDraft.Of(double.Parse(member.Usual, System.Globalization.CultureInfo.InvariantCulture));
                    break;
                case MemberInput.Words:
                    _words.UnionWith(member.Usual.Split(' '));
                    break;
                default:
                    _texts[member.Name] = member.Usual;
                    break;
            }
        }

        _texts["field"] = field;
    }

    /// <summary>What was typed for a member.</summary>
    public string Text(string member) => _texts.GetValueOrDefault(member, "");

    /// <summary>Types something.</summary>
    public void Type(string member, string? text) => _texts[member] = text ?? "";

    /// <summary>The time that was typed for a member.</summary>
    public SpanDraft Span(string member) => _spans[member];

    /// <summary>Whether a word is chosen.</summary>
    public bool Has(string word) => _words.Contains(word);

    /// <summary>Chooses a word, or not.</summary>
    public void Choose(string word, bool isChosen) => _ = isChosen ? _words.Add(word) : _words.Remove(word);

    /// <summary>The document.</summary>
    public JsonObject Write()
    {
        var when = new JsonObject { ["kind"] = Kind };
        foreach (ConditionMember member in Members)
        {
            JsonNode? written = member.Input switch
            {
                MemberInput.Span => Span(member.Name) is var span && span.Amount.Trim().Length > 0 ? span.Seconds is { } seconds ? JsonValue.Create(seconds) : JsonValue.Create(span.Amount) : null,
                MemberInput.Words => new JsonArray([.. member.Choices!.Select(c => c.Word).Where(Has).Select(w => (JsonNode)JsonValue.Create(w))]),
                _ when Text(member.Name).Trim().Length == 0 => null,
                MemberInput.Number => DraftText.Number(Text(member.Name)),
                MemberInput.Value => DraftText.Value(Text(member.Name)),
                _ => JsonValue.Create(Text(member.Name).Trim()),
            };
            if (written is not null)
            {
                when[member.Name] = written;
            }
        }

        var document = new JsonObject
        {
            ["id"] = Id.Trim().Length > 0 ? Id.Trim() : DraftText.FreeId(Name, Taken),
            ["name"] = Name.Trim(),
            ["enabled"] = IsEnabled,
            ["severity"] = Severity,
            ["scope"] = Scope.Write(),
            ["when"] = when,
        };
        if (Message.Trim().Length > 0)
        {
            document["message"] = Message.Trim();
        }

        document["deliver"] = new JsonArray([.. Targets.Select(t => (JsonNode)t.Write())]);
        return document;
    }
}
