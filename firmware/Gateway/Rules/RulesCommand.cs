using IotXmpp.Features;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Gateway;

/// <summary>
/// The ad-hoc command <c>rules</c> (XEP-0050): its form shows the rules that hold, one a line, and takes others; an empty one takes all away. A wrong rule is refused with the line and the reason, and
/// those that hold stay. Who may is judged by the hub, as for every command of the gateway.
/// </summary>
internal sealed class RulesCommand(RulesPart rules) : AdHocCommand("rules", "Rules")
{
    private const string Field = "rules";

    /// <inheritdoc/>
    public override int Pages => 1;

    /// <inheritdoc/>
    public override void WriteFields(StanzaWriter writer, int page, AdHocValues values)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Start("field").Attribute("var", Field).Attribute("type", "text-multi").Attribute("label", "Local rules, one a line; they hold without the hub");
        foreach (string line in rules.Lines)
        {
            writer.Element("value", line);
        }

        writer.End();
    }

    /// <inheritdoc/>
    public override string? Check(AdHocValues values)
    {
        ArgumentNullException.ThrowIfNull(values);
        for (int i = 0; i < values.Count; i++)
        {
            if (values.Name(i) != Field)
            {
                return $"{values.Name(i)}: there is no such field";
            }
        }

        try
        {
            // Without the field nothing is meant; with an empty one, no rules.
            _ = values.Find(Field) is { } text ? Rule.ParseAll(text) : throw new RuleException("rules: is missing");
            return null;
        }
        catch (RuleException e)
        {
            return e.Message;
        }
    }

    /// <inheritdoc/>
    public override AdHocResult Run(Jid from, AdHocValues values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return rules.Use(values.Find(Field)) is { } wrong
            ? AdHocResult.Failed(wrong)
            : new AdHocResult(rules.Parsed.Count == 1 ? "1 rule holds now" : $"{rules.Parsed.Count} rules hold now");
    }
}
