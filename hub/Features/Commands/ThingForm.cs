using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Features.Control;
using IotXmpp.Hub.Xml;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>What can be set on a thing, in its own words; immutable.</summary>
/// <param name="Parameters">The parameters in the thing's order.</param>
public sealed record ThingForm(IReadOnlyList<ControlField> Parameters)
{
    /// <summary>Parameters that are read of one form (64): more than a thing has.</summary>
    public const int MaxParameters = 64;

    /// <summary>Values to choose from that are read of one parameter (64).</summary>
    private const int MaxOptions = 64;

    /// <summary>A parameter by its name, or null.</summary>
    public ControlField? Find(string name)
    {
        foreach (ControlField parameter in Parameters)
        {
            if (parameter.Name == name)
            {
                return parameter;
            }
        }

        return null;
    }

    /// <summary>Why the thing would refuse a value; null where it fits. The type on the wire may be text that is one of the parameter's type.</summary>
    public string? Wrong(CommandParameter given)
    {
        ArgumentNullException.ThrowIfNull(given);
        if (Find(given.Name) is not { } parameter)
        {
            return $"{given.Name}: there is no such parameter.";
        }

        if (given.Type != parameter.Element && !(IsNumber(given.Type) && IsNumber(parameter.Element)))
        {
            return $"{given.Name} is {parameter.Element}, not {given.Type}.";
        }

        if (!ParameterText.Fits(parameter.Element, given.Value))
        {
            return $"{given.Name}: this is no {parameter.Element}.";
        }

        if (parameter.Options.Count > 0 && !parameter.Options.Contains(given.Value))
        {
            return $"{given.Name} is one of {string.Join(", ", parameter.Options)}.";
        }

        return IsNumber(parameter.Element) && Number(given.Value) is { } value
            && ((Number(parameter.Minimum) is { } least && value < least) || (Number(parameter.Maximum) is { } most && value > most))
            ? $"{given.Name} is {parameter.Minimum} to {parameter.Maximum}."
            : null;
    }

    /// <summary>The same parameter with the type that the thing's form says, where the value is one of it.</summary>
    public CommandParameter Typed(CommandParameter given)
    {
        ArgumentNullException.ThrowIfNull(given);
        return given.Type == "string" && Find(given.Name) is { } parameter && parameter.Element != "string" && ParameterText.Fits(parameter.Element, given.Value) ? given with { Type = parameter.Element } : given;
    }

    /// <summary>Reads a form.</summary>
    /// <param name="form">The element <c>x</c> of XEP-0004.</param>
    public static ThingForm Read(Element form)
    {
        ArgumentNullException.ThrowIfNull(form);
        return new ThingForm([.. ControlField.Read(form).Where(f => f.Name.Length <= ParameterText.MaxName).Take(MaxParameters)
            .Select(f => f with { Options = [.. f.Options.Take(MaxOptions)] })]);
    }

    /// <summary>As text that can be kept; without the values, which are of a moment.</summary>
    internal string ToJson() => JsonSerializer.Serialize(Parameters.Select(p => p with { Value = null }).ToArray(), FormJson.Default.ControlFieldArray);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    internal static ThingForm FromJson(string text) => new(JsonSerializer.Deserialize(text, FormJson.Default.ControlFieldArray) ?? []);

    private static bool IsNumber(string type) => type is "int" or "long" or "double";

    private static double? Number(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null;
}

[JsonSerializable(typeof(ControlField[]))]
internal sealed partial class FormJson : JsonSerializerContext;
