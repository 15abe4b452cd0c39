using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace IotXmpp.Hub.Features.Inventory;

/// <summary>A thing of an export or an import. Null leaves as it is; empty takes away, but for the owner.</summary>
public sealed record ThingRow
{
    /// <summary>The thing's id.</summary>
    public required string Id { get; init; }

    /// <summary>Its name.</summary>
    public string? Name { get; init; }

    /// <summary>Its model.</summary>
    public string? Model { get; init; }

    /// <summary>Who made it.</summary>
    public string? Manufacturer { get; init; }

    /// <summary>Where it is.</summary>
    public string? Place { get; init; }

    /// <summary>Its other tags, as <c>CITY:Oslo;#FLOOR:2</c>.</summary>
    public string? Tags { get; init; }

    /// <summary>The ids of its groups.</summary>
    public IReadOnlyList<string>? Groups { get; init; }

    /// <summary>Whose it is (bare JID).</summary>
    public string? Owner { get; init; }
}

/// <summary>A fault of an import.</summary>
/// <param name="Line">The line of the text, from 1; of JSON the entry.</param>
/// <param name="Id">The thing; empty where none is known.</param>
/// <param name="Why">What is wrong, for people.</param>
public sealed record ImportFault(int Line, string Id, string Why);

/// <summary>Things as text: CSV or JSON.</summary>
public static class ThingRows
{
    private static readonly string[] Columns = ["id", "name", "model", "manufacturer", "place", "tags", "groups", "owner"];

    /// <summary>The first line of CSV.</summary>
    public static string Head
    {
        get
        {
            var text = new StringBuilder();
            Csv.Write(text, Columns);
            return text.ToString();
        }
    }

    /// <summary>One line of CSV.</summary>
    public static string Line(ThingRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        var text = new StringBuilder();
        Csv.Write(text, row.Id, row.Name ?? "", row.Model ?? "", row.Manufacturer ?? "", row.Place ?? "", row.Tags ?? "", string.Join(';', row.Groups ?? []), row.Owner ?? "");
        return text.ToString();
    }

    /// <summary>One thing in JSON.</summary>
    public static string Json(ThingRow row) => JsonSerializer.Serialize(row, ThingRowJson.Default.ThingRow);

    /// <summary>Reads what <see cref="Head"/> and <see cref="Line"/> have written, or a part of the columns in any order.</summary>
    /// <param name="text">The text.</param>
    /// <param name="most">Things, at most.</param>
    /// <param name="faults">Gets what is wrong; where there is anything, what is returned is not all.</param>
    public static List<(int Line, ThingRow Row)> ReadCsv(string text, int most, List<ImportFault> faults)
    {
        ArgumentNullException.ThrowIfNull(faults);
        var rows = new List<(int, ThingRow)>();
        List<(int Line, List<string> Cells)> lines = Csv.Read(text, out (int Line, string Why)? fault);
        if (fault is { } broken)
        {
            faults.Add(new ImportFault(broken.Line, "", broken.Why));
            return rows;
        }

        string[] head = lines.Count > 0 ? [.. lines[0].Cells.Select(c => c.Trim().ToLowerInvariant())] : [];
        if (!head.Contains("id") || head.Distinct().Count() != head.Length || head.FirstOrDefault(h => !Columns.Contains(h)) is not null)
        {
            faults.Add(new ImportFault(1, "", $"The first line names the columns: id, and any of {string.Join(", ", Columns[1..])}."));
            return rows;
        }

        if (lines.Count - 1 > most)
        {
            faults.Add(new ImportFault(lines[most + 1].Line, "", $"There are more than {most} things."));
            return rows;
        }

        foreach ((int line, List<string> cells) in lines.Skip(1))
        {
            string? Cell(string column) => Array.IndexOf(head, column) is >= 0 and int at ? cells[at] : null;
            if (cells.Count != head.Length)
            {
                faults.Add(new ImportFault(line, cells[0], $"It has {cells.Count} cells and not {head.Length}."));
                continue;
            }

            rows.Add((line, new ThingRow
            {
                Id = Cell("id")!,
                Name = Cell("name"),
                Model = Cell("model"),
                Manufacturer = Cell("manufacturer"),
                Place = Cell("place"),
                Tags = Cell("tags"),
                Groups = Cell("groups")?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
                Owner = Cell("owner"),
            }));
        }

        return rows;
    }

    /// <summary>Reads an array of things.</summary>
    /// <param name="text">The text.</param>
    /// <param name="most">Things, at most.</param>
    /// <param name="faults">Gets what is wrong.</param>
    public static List<(int Line, ThingRow Row)> ReadJson(string text, int most, List<ImportFault> faults)
    {
        ArgumentNullException.ThrowIfNull(faults);
        try
        {
            List<ThingRow> all = JsonSerializer.Deserialize(text, ThingRowJson.Default.ListThingRow) ?? [];
            if (all.Count > most)
            {
                faults.Add(new ImportFault(most + 1, "", $"There are more than {most} things."));
                return [];
            }

            return [.. all.Select((row, i) => (i + 1, row))];
        }
        catch (JsonException e)
        {
            faults.Add(new ImportFault((int)(e.LineNumber ?? 0) + 1, "", $"It is no array of things: {e.Path ?? "$"} is not as it should be."));
            return [];
        }
    }
}

/// <summary>JSON of exports and imports.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ThingRow))]
[JsonSerializable(typeof(List<ThingRow>))]
internal sealed partial class ThingRowJson : JsonSerializerContext;
