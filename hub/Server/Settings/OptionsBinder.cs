using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;

namespace IotXmpp.Hub.Server;

/// <summary>
/// Writes settings into options objects by the names of their public properties and validates them. Stricter than the framework's binder: every name
/// that nobody asked for is found, an array of a later source replaces an earlier one, and errors name the source and what is allowed.
/// </summary>
internal sealed class OptionsBinder(IReadOnlyList<SettingsSource> sources)
{
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

    private OptionsBinder(IReadOnlyList<SettingsSource> sources, HashSet<string> known)
        : this(sources) => _known = known;

    /// <summary>Fills and validates an object; <paramref name="section"/> is empty for the root.</summary>
    /// <exception cref="SettingsException">A value cannot be taken.</exception>
    public void Bind(object target, string section)
    {
        foreach (PropertyInfo property in target.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            string key = section.Length == 0 ? property.Name : $"{section}:{property.Name}";
            if (IsNested(property))
            {
                Bind(property.GetValue(target)!, key);
            }
            else if (property.CanWrite)
            {
                BindValue(target, property, key);
            }
        }

        Validate(target, section);
    }

    /// <summary>Takes every name below a section as known, for sections that other libraries read.</summary>
    public void Allow(string section) => _known.Add(section + ":*");

    /// <summary>The line about the first setting that nobody knows, or null.</summary>
    public string? FirstUnknown()
    {
        foreach (SettingsSource source in sources)
        {
            foreach (string key in source.Values.Keys.Order(StringComparer.Ordinal))
            {
                if (IsKnown(key) || (IsForeign(source, key)))
                {
                    continue;
                }

                string? near = _known.Where(known => Distance(known, key) <= 2).Order(StringComparer.Ordinal).FirstOrDefault();
                return $"unknown setting {source.Name(key)}; {(near is null ? $"allowed there: {Siblings(key)}" : $"did you mean {near}?")}";
            }
        }

        return null;
    }

    private void BindValue(object target, PropertyInfo property, string key)
    {
        _known.Add(key);
        if (property.PropertyType.IsArray && IsOptions(property.PropertyType.GetElementType()!))
        {
            BindList(target, property, key);
            return;
        }

        if (property.PropertyType.IsArray)
        {
            _known.Add(key + ":#");
        }

        SettingsSource? source = sources.LastOrDefault(candidate => candidate.Values.ContainsKey(key) || candidate.Values.ContainsKey(key + ":0"));
        if (source is null)
        {
            return;
        }

        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        if (type.IsArray)
        {
            string[] texts = source.Values.TryGetValue(key, out string? list)
                ? list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                : [.. Enumerable.Range(0, int.MaxValue).Select(i => $"{key}:{i}").TakeWhile(source.Values.ContainsKey).Select(item => source.Values[item])];
            var array = Array.CreateInstance(type.GetElementType()!, texts.Length);
            for (int i = 0; i < texts.Length; i++)
            {
                array.SetValue(Parse(texts[i], type.GetElementType()!, property, source, key), i);
            }

            property.SetValue(target, array);
            return;
        }

        property.SetValue(target, Parse(source.Values[key], type, property, source, key));
    }

    // Options classes by number: Components:0:Jid, Components:0:Secret, Components:1:Jid, … As of any array the last source's counts whole.
    private void BindList(object target, PropertyInfo property, string key)
    {
        Type type = property.PropertyType.GetElementType()!;
        SettingsSource? source = sources.LastOrDefault(candidate => candidate.Values.ContainsKey(key) || candidate.Values.Keys.Any(name => name.StartsWith(key + ":0:", StringComparison.OrdinalIgnoreCase)));
        if (source is null)
        {
            return;
        }

        var items = new List<object>();
        while (source.Values.Keys.Any(name => name.StartsWith($"{key}:{items.Count}:", StringComparison.OrdinalIgnoreCase)))
        {
            object item = Activator.CreateInstance(type)!;
            new OptionsBinder([source], _known).Bind(item, $"{key}:{items.Count}");
            items.Add(item);
        }

        var array = Array.CreateInstance(type, items.Count);
        items.ToArray().CopyTo(array, 0);
        property.SetValue(target, array);
    }

    private static object Parse(string text, Type type, PropertyInfo property, SettingsSource source, string key)
    {
        object? value = null;
        string allowed;
        if (type == typeof(string))
        {
            value = text;
            allowed = "a text";
        }
        else if (type == typeof(bool))
        {
            value = bool.TryParse(text, out bool flag) ? flag : null;
            allowed = "true or false";
        }
        else if (type.IsEnum)
        {
            // Numbers are not names: Enum.TryParse alone would take them.
            value = !text.Any(char.IsAsciiDigit) && !text.Contains(',', StringComparison.Ordinal) && Enum.TryParse(type, text, ignoreCase: true, out object? member) ? member : null;
            allowed = string.Join(", ", Enum.GetNames(type).Select(name => name.ToLowerInvariant()));
        }
        else if (type == typeof(TimeSpan))
        {
            value = TryDuration(text, out TimeSpan duration) ? duration : null;
            allowed = "a duration such as 500ms, 30s, 5m, 2h or 7d";
        }
        else if (type == typeof(ListenAddress))
        {
            value = ListenAddress.TryParse(text, out ListenAddress? address) ? address : null;
            allowed = "HOST:PORT with an IP address, localhost or * as the host, or 0 for off";
        }
        else if (type == typeof(double))
        {
            value = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : null;
            allowed = "a number";
        }
        else if (type == typeof(int) || type == typeof(long))
        {
            bool whole = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
                && (type == typeof(long) || number is >= int.MinValue and <= int.MaxValue);
            value = !whole ? null : type == typeof(int) ? (object)(int)number : number;
            allowed = "a whole number";
        }
        else
        {
            throw new NotSupportedException($"the option {property.DeclaringType!.Name}.{property.Name} has a type that settings cannot give");
        }

        if (property.GetCustomAttribute<RangeAttribute>() is { } range)
        {
            allowed = $"{allowed} from {range.Minimum} to {range.Maximum}";
        }

        return value ?? throw new SettingsException($"setting {source.Name(key)}: '{text}' cannot be used; allowed: {allowed}");
    }

    private void Validate(object target, string section)
    {
        var results = new List<ValidationResult>();
        if (Validator.TryValidateObject(target, new ValidationContext(target), results, validateAllProperties: true))
        {
            return;
        }

        ValidationResult first = results[0];
        string member = first.MemberNames.FirstOrDefault() ?? "";
        string key = section.Length == 0 ? member : member.Length == 0 ? section : $"{section}:{member}";
        SettingsSource? source = sources.LastOrDefault(candidate => candidate.Values.ContainsKey(key) || candidate.Values.ContainsKey(key + ":0"));
        PropertyInfo? property = target.GetType().GetProperty(member);
        string reason = property?.GetCustomAttribute<RangeAttribute>() is { } range
            ? $"'{Convert.ToString(property.GetValue(target), CultureInfo.InvariantCulture)}' cannot be used; allowed: from {range.Minimum} to {range.Maximum}"
            : first.ErrorMessage ?? "cannot be used";
        throw new SettingsException($"setting {source?.Name(key) ?? key}: {reason}".ReplaceLineEndings(" "));
    }

    /// <summary>An options class inside an options class.</summary>
    private static bool IsNested(PropertyInfo property) => IsOptions(property.PropertyType) && property.GetIndexParameters().Length == 0;

    private static bool IsOptions(Type type)
        => type is { IsClass: true, IsArray: false } && type != typeof(string) && type != typeof(ListenAddress) && type.GetConstructor(Type.EmptyTypes) is not null;

    private static bool TryDuration(string text, out TimeSpan duration)
    {
        (string Unit, double Seconds)[] units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];
        foreach ((string unit, double seconds) in units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count)
                && count * seconds < TimeSpan.MaxValue.TotalSeconds)
            {
                duration = TimeSpan.FromSeconds(count * seconds);
                return true;
            }
        }

        return TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out duration) && text.Contains(':', StringComparison.Ordinal);
    }

    private bool IsKnown(string key)
    {
        if (_known.Contains(key))
        {
            return true;
        }

        int colon = key.LastIndexOf(':');
        if (colon > 0 && key.AsSpan(colon + 1).ContainsAnyInRange('0', '9') && _known.Contains(key[..colon] + ":#"))
        {
            return true;
        }

        int first = key.IndexOf(':', StringComparison.Ordinal);
        return _known.Contains((first < 0 ? key : key[..first]) + ":*");
    }

    /// <summary>A variable of the environment that is not meant for the hub: its first part is no section of ours and does not look like one either.</summary>
    private bool IsForeign(SettingsSource source, string key)
    {
        if (!source.WrittenAs.TryGetValue(key, out string? written) || written.StartsWith("--", StringComparison.Ordinal))
        {
            return false;
        }

        string first = key.Split(':')[0];
        return !_known.Select(known => known.Split(':')[0]).Any(root => Distance(root, first) <= (key.Contains(':', StringComparison.Ordinal) ? 2 : 1));
    }

    private string Siblings(string key)
    {
        for (int colon = key.LastIndexOf(':'); ; colon = colon > 0 ? key.LastIndexOf(':', colon - 1) : -1)
        {
            string prefix = colon < 0 ? "" : key[..(colon + 1)];
            string[] names = [.. _known.Where(known => known.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
                .Select(known => known[prefix.Length..].Split(':')[0]).Where(name => name is not "#" and not "*")
                .Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.Ordinal)];
            if (names.Length > 0 || prefix.Length == 0)
            {
                return string.Join(", ", names.Select(name => prefix + name));
            }
        }
    }

    /// <summary>Edit distance without regard to case; names are short.</summary>
    private static int Distance(string a, string b)
    {
        if (Math.Abs(a.Length - b.Length) > 2)
        {
            return 3;
        }

        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int cost = char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]) ? 0 : 1;
                (row[j], diagonal) = (Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + cost), row[j]);
            }
        }

        return row[b.Length];
    }
}
