using System.Globalization;
using System.Text.Json;

namespace IotXmpp.Virtual;

/// <summary>A JSON object of a <c>pins.json</c>: gives what is asked for, or says in one line where what is missing or of another kind.</summary>
internal sealed class PinoutJson
{
    private readonly JsonElement _element;
    private readonly string _where;

    internal PinoutJson(JsonElement element, string where)
    {
        _element = element;
        _where = where;
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException($"pins.json: {where} is no object.");
        }
    }

    internal bool Has(string name) => _element.TryGetProperty(name, out _);

    internal string Text(string name) => Get(name, JsonValueKind.String, "text").GetString()!;

    internal bool Flag(string name)
    {
        JsonElement value = Get(name);
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(name, "true or false");
    }

    internal int Number(string name) => Get(name, JsonValueKind.Number, "a whole number").TryGetInt32(out int number) ? number : throw Wrong(name, "a whole number");

    internal double Real(string name) => Get(name, JsonValueKind.Number, "a number").GetDouble();

    internal int Address(string name)
        => Text(name) is ['0', 'x', .. var digits] && int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int address) && address >= 0
            ? address
            : throw Wrong(name, "an address such as \"0x10000\"");

    internal IReadOnlyList<string> Texts(string name)
        => [.. Get(name, JsonValueKind.Array, "a list").EnumerateArray().Select(e => e.ValueKind == JsonValueKind.String ? e.GetString()! : throw Wrong(name, "a list of texts"))];

    internal PinoutJson Object(string name) => new(Get(name), $"\"{name}\"");

    internal IEnumerable<PinoutJson> Items(string name)
        => Get(name, JsonValueKind.Array, "a list").EnumerateArray().Select((e, i) => new PinoutJson(e, $"entry {i + 1} of \"{name}\""));

    internal IReadOnlyDictionary<string, int> Numbers() => _element.EnumerateObject().ToDictionary(p => p.Name, p => Number(p.Name), StringComparer.Ordinal);

    private JsonElement Get(string name) => _element.TryGetProperty(name, out JsonElement value) ? value : throw new FormatException($"pins.json: {_where} lacks \"{name}\".");

    private JsonElement Get(string name, JsonValueKind kind, string what)
    {
        JsonElement value = Get(name);
        return value.ValueKind == kind ? value : throw Wrong(name, what);
    }

    private FormatException Wrong(string name, string what) => new($"pins.json: \"{name}\" of {_where} is not {what}.");
}
