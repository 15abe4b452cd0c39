using System.Globalization;
using System.Text.Json.Nodes;
using IotXmpp.Hub.Features.Alerts;

namespace IotXmpp.Hub.Dashboard.Pages.Alerts;

/// <summary>A maintenance window as a form has it.</summary>
public sealed class WindowDraft
{
    /// <summary>The days, as documents and as people call them.</summary>
    public static readonly IReadOnlyList<(string Word, string Name)> AllDays = [("mon", "Monday"), ("tue", "Tuesday"), ("wed", "Wednesday"), ("thu", "Thursday"), ("fri", "Friday"), ("sat", "Saturday"), ("sun", "Sunday")];

    // What an input for a local time has: no zone, for which the form says UTC.
    private const string LocalFormat = "yyyy-MM-ddTHH:mm";

    /// <summary>Its id; empty: made of the name.</summary>
    public string Id { get; set; } = "";

    /// <summary>Ids that there are: one that is made of the name is another.</summary>
    public IReadOnlyCollection<string> Taken { get; init; } = [];

    /// <summary>What people call it.</summary>
    public string Name { get; set; } = "";

    /// <summary>Which things.</summary>
    public ScopeDraft Scope { get; private set; } = new();

    /// <summary>Whether it comes each week.</summary>
    public bool IsWeekly { get; set; }

    /// <summary>When it begins (UTC), where it is once.</summary>
    public string From { get; set; } = "";

    /// <summary>When it ends (UTC), where it is once.</summary>
    public string To { get; set; } = "";

    /// <summary>The days on which it begins.</summary>
    public HashSet<string> Days { get; } = new(StringComparer.Ordinal);

    /// <summary>The local time at which it begins.</summary>
    public string At { get; set; } = "22:00";

    /// <summary>How long it is then.</summary>
    public string Minutes { get; set; } = "120";

    /// <summary>Where that time is.</summary>
    public string Zone { get; set; } = "UTC";

    /// <summary>A new one: from now on for two hours.</summary>
    public static WindowDraft New(DateTimeOffset now, IReadOnlyCollection<string> taken) => new() { Taken = taken, From = Local(now), To = Local(now.AddHours(2)) };

    /// <summary>Of a window.</summary>
    public static WindowDraft Of(MaintenanceWindow window)
    {
        var draft = new WindowDraft { Id = window.Id, Name = window.Name, Scope = ScopeDraft.Of(window.Scope) };
        if (window.From is { } from && window.To is { } to)
        {
            (draft.From, draft.To) = (Local(from), Local(to));
        }
        else
        {
            draft.IsWeekly = true;
            draft.Days.UnionWith(window.Days.Select(d => d.ToString()[..3].ToLowerInvariant()));
            draft.At = window.At.ToString("HH:mm", CultureInfo.InvariantCulture);
            draft.Minutes = window.Length.TotalMinutes.ToString("0", CultureInfo.InvariantCulture);
            draft.Zone = window.Zone;
        }

        return draft;
    }

    /// <summary>The document.</summary>
    public JsonObject Write()
    {
        var document = new JsonObject { ["id"] = Id.Trim().Length > 0 ? Id.Trim() : DraftText.FreeId(Name, Taken), ["name"] = Name.Trim(), ["scope"] = Scope.Write() };
        if (IsWeekly)
        {
            document["weekly"] = new JsonObject
            {
                ["days"] = new JsonArray([.. AllDays.Where(d => Days.Contains(d.Word)).Select(d => (JsonNode)JsonValue.Create(d.Word))]),
                ["at"] = At.Trim(),
                ["minutes"] = DraftText.Number(Minutes),
                ["zone"] = Zone.Trim(),
            };
        }
        else
        {
            document["once"] = new JsonObject { ["from"] = Time(From), ["to"] = Time(To) };
        }

        return document;
    }

    private static string Local(DateTimeOffset time) => time.UtcDateTime.ToString(LocalFormat, CultureInfo.InvariantCulture);

    // Browsers leave seconds out where there are none.
    private static string Time(string text) => DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTime time)
        ? time.ToString("yyyy-MM-ddTHH:mm:ss'Z'", CultureInfo.InvariantCulture)
        : text;
}
