using System.Buffers;
using System.Globalization;
using System.Text.Json;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>
/// A time in which nobody is told of alerts: they are raised and recorded as suppressed; of those that are still open at its end people are told then. Once, or each week at a local time. Immutable.
/// </summary>
/// <param name="Id">Its id: 1 to 64 of <c>a-z 0-9 -</c>.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Scope">Which things.</param>
public sealed record MaintenanceWindow(string Id, string Name, AlertScope Scope)
{
    private static readonly string[] s_days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    /// <summary>When it begins, for one that is once; else null.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>When it ends, for one that is once; else null.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>The days of the week on which it begins; none for one that is once.</summary>
    public IReadOnlyList<DayOfWeek> Days { get; init; } = [];

    /// <summary>The local time at which it begins on these days.</summary>
    public TimeOnly At { get; init; }

    /// <summary>How long it is then: up to 7 days.</summary>
    public TimeSpan Length { get; init; }

    /// <summary>Where that local time is: a name of the IANA database, such as <c>Europe/Berlin</c>.</summary>
    public string Zone { get; init; } = "UTC";

    /// <summary>Whose window it is (bare JID): it silences no thing that he does not maintain.</summary>
    public Jid Author { get; init; } = null!;

    /// <summary>Reads a window from its document.</summary>
    /// <exception cref="DocumentException">It cannot be taken; the message says why.</exception>
    public static MaintenanceWindow Read(ReadOnlyMemory<byte> utf8)
    {
        using JsonDocument document = RuleDocument.Parse(utf8);
        var root = new JsonFields(document.RootElement, string.Empty);
        root.Whole("version", RuleDocument.Version, RuleDocument.Version, RuleDocument.Version);
        string id = root.Text("id", 64);
        RuleDocument.CheckId(id);
        var window = new MaintenanceWindow(id, root.Text("name", 100, id), JsonFields.Scope(root.Object("scope")));
        if (root.Has("once") == root.Has("weekly"))
        {
            throw new DocumentException("the window must have one of once, weekly");
        }

        if (root.Has("once"))
        {
            JsonFields once = root.Object("once");
            (DateTimeOffset from, DateTimeOffset to) = (once.Time("from"), once.Time("to"));
            once.End();
            window = to > from ? window with { From = from, To = to } : throw new DocumentException("once.to must be later than once.from");
        }
        else
        {
            JsonFields weekly = root.Object("weekly");
            DayOfWeek[] days = [.. weekly.List("days", 7).Select(d => d.ValueKind == JsonValueKind.String && Array.IndexOf(s_days, d.GetString()) is >= 0 and int day
                ? (DayOfWeek)day : throw new DocumentException($"weekly.days: {JsonFields.Short(d.GetRawText())} is none of mon, tue, wed, thu, fri, sat, sun")).Distinct().Order()];
            string zone = weekly.Text("zone", 64, "UTC");
            string at = weekly.Text("at", 5);
            window = window with
            {
                Days = days.Length > 0 ? days : throw new DocumentException("weekly.days is empty"),
                At = TimeOnly.TryParseExact(at, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out TimeOnly time) ? time : throw new DocumentException($"weekly.at: '{at}' is no time such as 22:30"),
                Length = TimeSpan.FromMinutes(weekly.Whole("minutes", 1, 7 * 1440)),
                Zone = TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _) ? zone : throw new DocumentException($"weekly.zone: '{JsonFields.Short(zone)}' is no time zone such as Europe/Berlin"),
            };
            weekly.End();
        }

        root.Find("author");
        root.End();
        return window;
    }

    /// <summary>Writes its document.</summary>
    public byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            Write(json);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Writes it as an object.</summary>
    public void Write(Utf8JsonWriter json)
    {
        ArgumentNullException.ThrowIfNull(json);
        json.WriteStartObject();
        json.WriteNumber("version", RuleDocument.Version);
        json.WriteString("id", Id);
        json.WriteString("name", Name);
        JsonFields.Write(json, Scope);
        if (From is { } from && To is { } to)
        {
            json.WriteStartObject("once");
            json.WriteString("from", TimeFormat.Text(from.ToUnixTimeMilliseconds()));
            json.WriteString("to", TimeFormat.Text(to.ToUnixTimeMilliseconds()));
            json.WriteEndObject();
        }
        else
        {
            json.WriteStartObject("weekly");
            json.WriteStartArray("days");
            foreach (DayOfWeek day in Days)
            {
                json.WriteStringValue(s_days[(int)day]);
            }

            json.WriteEndArray();
            json.WriteString("at", At.ToString("HH:mm", CultureInfo.InvariantCulture));
            json.WriteNumber("minutes", (long)Length.TotalMinutes);
            json.WriteString("zone", Zone);
            json.WriteEndObject();
        }

        if (Author is not null)
        {
            json.WriteString("author", Author.ToString());
        }

        json.WriteEndObject();
    }

    /// <summary>The end of the window that is open at a time; null where none is. Of two that overlap the later end.</summary>
    public DateTimeOffset? OpenUntil(DateTimeOffset now)
    {
        if (From is { } from && To is { } to)
        {
            return from <= now && now < to ? to : null;
        }

        if (!TimeZoneInfo.TryFindSystemTimeZoneById(Zone, out TimeZoneInfo? zone))
        {
            return null; // the machine knows it no more
        }

        DateTimeOffset? open = null;
        DateOnly today = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(now, zone).DateTime);
        // It may have begun up to its length ago, and the day before that where clocks were set.
        for (int back = (int)Math.Ceiling(Length.TotalDays) + 1; back >= 0; back--)
        {
            DateOnly day = today.AddDays(-back);
            if (!Days.Contains(day.DayOfWeek))
            {
                continue;
            }

            DateTimeOffset begins = Begin(day, zone);
            if (begins <= now && now < begins + Length && (open is null || begins + Length > open))
            {
                open = begins + Length;
            }
        }

        return open;
    }

    // A local time that there is twice is the earlier; one that is skipped is as much later as the clocks are.
    private DateTimeOffset Begin(DateOnly day, TimeZoneInfo zone)
    {
        DateTime local = day.ToDateTime(At);
        if (zone.IsInvalidTime(local))
        {
            TimeSpan before = zone.GetUtcOffset(local.AddHours(-3));
            return new DateTimeOffset(local, before).ToUniversalTime();
        }

        TimeSpan offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset).ToUniversalTime();
    }
}
