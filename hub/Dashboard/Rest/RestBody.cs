using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>Reads JSON bodies. What is wrong is told by its place, and never by names of our code.</summary>
internal static class RestBody
{
    /// <summary>Reads a body by its contract.</summary>
    /// <param name="json">The body.</param>
    /// <param name="contract">What it must be.</param>
    /// <param name="body">What it is.</param>
    /// <param name="wrong">The refusal.</param>
    public static bool TryRead<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> contract, [NotNullWhen(true)] out T? body, [NotNullWhen(false)] out RestProblem? wrong)
    {
        body = default;
        try
        {
            body = JsonSerializer.Deserialize(json, contract);
            wrong = body is null ? RestProblem.Invalid("$", "It is null.") : FaultIn(json) is { } fault ? RestProblem.Invalid("$", fault) : null;
        }
        catch (JsonException e)
        {
            wrong = Fault(e);
        }

        return wrong is null && body is not null;
    }

    // What contracts cannot say: of properties they do whether they may be null, of what stands in lists not; and they do not look into what they hand on as it is (JsonElement).
    private static string? FaultIn(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        ulong lists = 0; // a bit for each level, 1 for a list; the contract has refused what is deeper than 64
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartArray:
                    lists = (lists << 1) | 1;
                    break;
                case JsonTokenType.StartObject:
                    lists <<= 1;
                    break;
                case JsonTokenType.EndArray or JsonTokenType.EndObject:
                    lists >>= 1;
                    break;
                case JsonTokenType.Null when (lists & 1) == 1:
                    return "There is a null in a list.";
                case JsonTokenType.String or JsonTokenType.PropertyName when reader.ValueIsEscaped && !IsText(ref reader):
                    return "There is half of a surrogate pair, which is no character.";
                default:
                    break;
            }
        }

        return null;
    }

    private static bool IsText(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString() is not null;
        }
        catch (InvalidOperationException)
        {
            return false; // RFC 8259 §8.2
        }
    }

    private static RestProblem Fault(JsonException e)
    {
        // What the reader itself could not take is no JSON; what the contract could not take is.
        if (e.InnerException is JsonException || e.Path is null)
        {
            string where = e is { LineNumber: { } line, BytePositionInLine: { } column } ? $" (line {line + 1}, byte {column + 1})" : "";
            return RestProblem.Malformed("The body is not JSON, or nested too deep" + where + ".");
        }

        if (e.Message.Contains("could not be mapped", StringComparison.Ordinal))
        {
            return RestProblem.Invalid(e.Path, "There is no such property.");
        }

        if (e.Message.Contains("Duplicate property", StringComparison.OrdinalIgnoreCase))
        {
            return RestProblem.Invalid(e.Path, "It is there twice.");
        }

        if (e.Message.Contains("missing required", StringComparison.Ordinal))
        {
            string names = e.Message[(e.Message.LastIndexOf(':') + 1)..].Trim(' ', '.').Replace("'", "", StringComparison.Ordinal);
            return RestProblem.Invalid(e.Path, $"Properties are missing: {names}.");
        }

        return RestProblem.Invalid(e.Path, "The value is of another kind, or null where it may not be.");
    }
}
