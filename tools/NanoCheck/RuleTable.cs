using System.Text;

namespace IotXmpp.NanoCheck;

/// <summary>The rules as the table that the README shows; a test holds them equal.</summary>
internal static class RuleTable
{
    /// <summary>Markdown, one row a rule.</summary>
    internal static string Text()
    {
        var text = new StringBuilder("| id | what | why | write instead |\n|---|---|---|---|\n");
        foreach (Rule rule in Rule.All)
        {
            text.Append($"| {rule.Id} | {rule.What} | {rule.Why} | {rule.Instead} |\n");
        }

        return text.ToString();
    }
}
