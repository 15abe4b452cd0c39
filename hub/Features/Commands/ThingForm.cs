using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Features.Control;
using IotXmpp.Hub.Xml;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>A parameter as a thing's form describes it (XEP-0325 §3.4 with XEP-0122).</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">The element that carries it in a <c>set</c>.</param>
/// <param name="Label">Words for people; empty for none.</param>
/// <param name="Minimum">The least value; empty for none.</param>
/// <param name="Maximum">The greatest value; empty for none.</param>
/// <param name="Options">The values to choose from; empty for any.</param>
/// <param name="IsSecret">Whether its value is nobody's to see (<c>text-private</c>).</param>
/// <param name="Value">Its value when the form was asked for; null for none.</param>
public sealed record FormParameter(string Name, string Type, string Label, string Minimum, string Maximum, IReadOnlyList<string> Options, bool IsSecret, string? Value);

/// <summary>What can be set on a thing, in its own words; immutable.</summary>
/// <param name="Parameters">The parameters in the thing's order.</param>
public sealed record ThingForm(IReadOnlyList<FormParameter> Parameters)
{
    /// <summary>Parameters that are read of one form (64): more than a thing has.</summary>
    public const int MaxParameters = 64;

    /// <summary>Values to choose from that are read of one parameter (64).</summary>
    private const int MaxOptions = 64;

    /// <summary>A parameter by its name, or null.</summary>
    public FormParameter? Find(string name)
    {
        foreach (FormParameter parameter in Parameters)
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

        if (given.Type != parameter.Type && !(IsNumber(given.Type) && IsNumber(parameter.Type)))
        {
            return $"{given.Name} is {parameter.Type}, not {given.Type}.";
        }

        if (!ParameterText.Fits(parameter.Type, given.Value))
        {
            return $"{given.Name}: this is no {parameter.Type}.";
        }

        if (parameter.Options.Count > 0 && !parameter.Options.Contains(given.Value))
        {
            return $"{given.Name} is one of {string.Join(", ", parameter.Options)}.";
        }

        return IsNumber(parameter.Type) && Number(given.Value) is { } value
            && ((Number(parameter.Minimum) is { } least && value < least) || (Number(parameter.Maximum) is { } most && value > most))
            ? $"{given.Name} is {parameter.Minimum} to {parameter.Maximum}."
            : null;
    }

    /// <summary>The same parameter with the type that the thing's form says, where the value is one of it.</summary>
    public CommandParameter Typed(CommandParameter given)
    {
        ArgumentNullException.ThrowIfNull(given);
        return given.Type == "string" && Find(given.Name) is { } parameter && parameter.Type != "string" && ParameterText.Fits(parameter.Type, given.Value) ? given with { Type = parameter.Type } : given;
    }

    /// <summary>Reads a form.</summary>
    /// <param name="form">The element <c>x</c> of XEP-0004.</param>
    public static ThingForm Read(Element form)
    {
        ArgumentNullException.ThrowIfNull(form);
        return new ThingForm([.. ControlField.Read(form).Where(f => f.Name.Length <= ParameterText.MaxName).Take(MaxParameters)
            .Select(f => new FormParameter(f.Name, f.Element, f.Label, f.Minimum, f.Maximum, [.. f.Options.Take(MaxOptions)], f.IsSecret, f.Value))]);
    }

    /// <summary>As text that can be kept; without the values, which are of a moment.</summary>
    internal string ToJson() => JsonSerializer.Serialize(Parameters.Select(p => p with { Value = null }).ToArray(), FormJson.Default.FormParameterArray);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    internal static ThingForm FromJson(string text) => new(JsonSerializer.Deserialize(text, FormJson.Default.FormParameterArray) ?? []);

    private static bool IsNumber(string type) => type is "int" or "long" or "double";

    private static double? Number(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null;
}

[JsonSerializable(typeof(FormParameter[]))]
internal sealed partial class FormJson : JsonSerializerContext;
