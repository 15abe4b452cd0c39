using System.ComponentModel.DataAnnotations;
using IotXmpp.Hub.Modules;

namespace IotXmpp.Hub.Server;

/// <summary>Which features the hub goes without (settings section <c>Modules</c>): they answer nothing, advertise nothing and cost nothing. What they have stored stays.</summary>
public sealed class ModulesOptions : IValidatableObject
{
    /// <summary>What may be left out, and what each needs of these. The rest is the hub itself, or has a switch of its own (<c>Upload:Enabled</c>, <c>Bosh:Enabled</c>, <c>Fast:Enabled</c>, the listeners).</summary>
    private static readonly Dictionary<string, string[]> s_optional = new(StringComparer.Ordinal)
    {
        ["Archive"] = [],
        ["Blocking"] = ["Privacy"],
        ["Bookmarks"] = ["Pep"],
        ["Carbons"] = [],
        ["ClientState"] = [],
        ["ContactAddresses"] = [],
        ["LastActivity"] = [],
        ["LegacySession"] = [],
        ["Offline"] = [],
        ["Pep"] = [],
        ["Privacy"] = [],
        ["PrivateXml"] = ["Bookmarks"],
        ["Rooms"] = [],
        ["SecondFactor"] = [],
        ["StreamLimits"] = [],
        ["Time"] = [],
        ["VCard"] = ["Pep"],
        ["Version"] = [],
        ["WebSessions"] = [],
    };

    /// <summary>The names of modules that may be left out, in the order of the alphabet.</summary>
    public static IReadOnlyList<string> Optional { get; } = [.. s_optional.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Modules by name, such as <c>Archive</c>, <c>Carbons</c>; one that another needs goes only together with that.</summary>
    public string[] Disabled { get; set; } = [];

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (string name in Disabled)
        {
            if (!s_optional.ContainsKey(name))
            {
                yield return new($"'{name}' cannot be left out; allowed: {string.Join(", ", Optional)}", [nameof(Disabled)]);
            }
        }

        foreach ((string name, string[] needs) in s_optional)
        {
            if (!Disabled.Contains(name, StringComparer.Ordinal) && needs.FirstOrDefault(need => Disabled.Contains(need, StringComparer.Ordinal)) is { } missing)
            {
                yield return new($"'{missing}' is needed by {name}: leave out both or none", [nameof(Disabled)]);
            }
        }
    }

    /// <summary>Those that are left.</summary>
    internal IReadOnlyList<IXmppModule> Of(IReadOnlyList<IXmppModule> modules) =>
        Disabled.Length == 0 ? modules : [.. modules.Where(module => !Disabled.Contains(module.Name, StringComparer.Ordinal))];
}
