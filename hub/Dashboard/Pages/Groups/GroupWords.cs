using System.Text;
using IotXmpp.Hub.Features.Access;

namespace IotXmpp.Hub.Dashboard.Pages.Groups;

/// <summary>Groups in words.</summary>
internal static class GroupWords
{
    /// <summary>What somebody is.</summary>
    public static string Role(GroupMember? member) => member is null ? "not in it" : member.Role.ToString().ToLowerInvariant() + (member.Role == GroupRole.Operator && !member.Parameters.IsAll ? ", " + member.Parameters : "");

    /// <summary>What somebody who looks at a group is: also who is in none, and sees it as the hub's administrator.</summary>
    public static string You(ThingGroup group, Jid who, bool isAdministrator) =>
        who.Equals(group.Owner) ? "its owner" : group.RoleOf(who) is { } member ? Role(member) : isAdministrator ? "not in it; you see it as an administrator of the hub" : "not in it";

    /// <summary>An id made of a name.</summary>
    public static string IdOf(string name)
    {
        var id = new StringBuilder();
        foreach (char c in name.Trim().ToLowerInvariant())
        {
            if (char.IsAsciiLetterOrDigit(c))
            {
                id.Append(c);
            }
            else if (id.Length > 0 && id[^1] != '-')
            {
                id.Append('-');
            }
        }

        string text = id.ToString().Trim('-');
        return text.Length == 0 ? "group" : text[..Math.Min(text.Length, 64)];
    }

    /// <summary>Why something was not done.</summary>
    public static string Text(GroupOutcome outcome) => outcome switch
    {
        GroupOutcome.NotFound => "The group is gone, or you are not in it any more.",
        GroupOutcome.Forbidden => "That is for administrators of the group, or its owner.",
        GroupOutcome.Conflict => "There is a group of that id.",
        GroupOutcome.BadId => "An id is 1 to 64 of a-z, 0-9 and -.",
        GroupOutcome.BadName => $"A name has 1 to {GroupService.NameChars} characters.",
        GroupOutcome.NoAccount => "There is no such account.",
        GroupOutcome.BadParameters => $"Only an operator is limited, to at most {ParameterLimit.MaxNames} parameters.",
        GroupOutcome.NoThing => "There is no such thing, or it is not yours.",
        GroupOutcome.TooMany => "There are too many.",
        _ => "",
    };
}

/// <summary>Does something when a page ends.</summary>
internal sealed class Ending(Action end) : IDisposable
{
    public void Dispose() => end();
}
