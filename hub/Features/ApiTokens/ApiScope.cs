using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace IotXmpp.Hub.Features.ApiTokens;

/// <summary>What a token is good for. A scope never gives more than the account itself may: it is a ceiling, asked beside <c>ThingAccess</c>. The words are on disk and on the wire: never change one.</summary>
public static class ApiScope
{
    /// <summary>Sees things, groups and how they are.</summary>
    public const string ThingsRead = "things:read";

    /// <summary>Changes what the hub keeps of things: names, tags, groups, notes, desired configuration.</summary>
    public const string ThingsWrite = "things:write";

    /// <summary>Makes, claims, revokes and resets things.</summary>
    public const string ThingsProvision = "things:provision";

    /// <summary>Reads and exports samples.</summary>
    public const string HistoryRead = "history:read";

    /// <summary>Sees commands, their states and audit.</summary>
    public const string CommandsRead = "commands:read";

    /// <summary>Gives commands and takes them back.</summary>
    public const string CommandsWrite = "commands:write";

    /// <summary>Sees alerts and their rules.</summary>
    public const string AlertsRead = "alerts:read";

    /// <summary>Acknowledges alerts, changes rules.</summary>
    public const string AlertsWrite = "alerts:write";

    /// <summary>Sees images and roll-outs.</summary>
    public const string FirmwareRead = "firmware:read";

    /// <summary>Stores images, starts and stops roll-outs.</summary>
    public const string FirmwareWrite = "firmware:write";

    /// <summary>Lists, makes and removes accounts; of administrators only.</summary>
    public const string AccountsAdmin = "accounts:admin";

    /// <summary>Sees the hub's own figures; of administrators only.</summary>
    public const string HubRead = "hub:read";

    /// <summary>Lists, makes and revokes tokens of its account; those that it makes have no more scopes and end no later than itself.</summary>
    public const string TokensWrite = "tokens:write";

    /// <summary>Uses the Model Context Protocol endpoint; what can be done there, the other scopes say.</summary>
    public const string Mcp = "mcp";

    /// <summary>All of them with what they are, for people, in their order.</summary>
    public static IReadOnlyList<(string Scope, string Text)> All { get; } =
    [
        (ThingsRead, "see things, groups and how they are"),
        (ThingsWrite, "change names, tags, groups, notes and desired configuration"),
        (ThingsProvision, "make, claim, revoke and reset things"),
        (HistoryRead, "read and export samples"),
        (CommandsRead, "see commands and their states"),
        (CommandsWrite, "give commands and take them back"),
        (AlertsRead, "see alerts and their rules"),
        (AlertsWrite, "acknowledge alerts, change rules"),
        (FirmwareRead, "see images and roll-outs"),
        (FirmwareWrite, "store images, start and stop roll-outs"),
        (AccountsAdmin, "list, make and remove accounts (administrators)"),
        (HubRead, "see the hub's own figures (administrators)"),
        (TokensWrite, "list, make and revoke tokens"),
        (Mcp, "use the Model Context Protocol endpoint"),
    ];

    private static readonly FrozenSet<string> s_words = All.Select(s => s.Scope).ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Whether a scope is of use to administrators only.</summary>
    public static bool IsForAdministrators(string scope) => scope is AccountsAdmin or HubRead;

    /// <summary>Reads scopes as they are written: words, or <c>alerts:*</c> for all of a family.</summary>
    /// <param name="words">The words; twice is once.</param>
    /// <param name="scopes">The scopes in the order of <see cref="All"/>.</param>
    /// <param name="unknown">The word that is none.</param>
    public static bool TryRead(IEnumerable<string> words, [NotNullWhen(true)] out string[]? scopes, [NotNullWhen(false)] out string? unknown)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (string word in words)
        {
            if (s_words.Contains(word))
            {
                found.Add(word);
                continue;
            }

            string family = word.EndsWith(":*", StringComparison.Ordinal) ? word[..^1] : "\0";
            string[] members = [.. All.Select(s => s.Scope).Where(s => s.StartsWith(family, StringComparison.Ordinal))];
            if (members.Length == 0)
            {
                (scopes, unknown) = (null, word);
                return false;
            }

            found.UnionWith(members);
        }

        (scopes, unknown) = ([.. All.Select(s => s.Scope).Where(found.Contains)], null);
        return true;
    }
}
