using System.Collections.Frozen;

namespace IotXmpp.Hub.Features.Access;

/// <summary>Which controllable parameters somebody may set: all, only some, or all but some; immutable. Names are compared as they are (XEP-0325 §3.2).</summary>
public sealed class ParameterLimit : IEquatable<ParameterLimit>
{
    /// <summary>Names in one limit, at most; default 64: as many as a thing has parameters.</summary>
    public const int MaxNames = 64;

    /// <summary>Characters of a name, at most; default 128, as of a meta tag's value.</summary>
    public const int MaxNameChars = 128;

    private ParameterLimit(bool isExcept, FrozenSet<string> names)
    {
        IsExcept = isExcept;
        Names = names;
    }

    /// <summary>Every parameter, and everything else that control is.</summary>
    public static ParameterLimit All { get; } = new(true, []);

    /// <summary>No parameter.</summary>
    public static ParameterLimit None { get; } = new(false, []);

    /// <summary>Whether <see cref="Names"/> are those that may not be set; else those that may.</summary>
    public bool IsExcept { get; }

    /// <summary>The names.</summary>
    public FrozenSet<string> Names { get; }

    /// <summary>Whether there is no limit.</summary>
    public bool IsAll => IsExcept && Names.Count == 0;

    /// <summary>Whether nothing may be set.</summary>
    public bool IsNone => !IsExcept && Names.Count == 0;

    /// <summary>These and no others.</summary>
    public static ParameterLimit Only(IEnumerable<string> names) => new(false, names.ToFrozenSet(StringComparer.Ordinal));

    /// <summary>All but these.</summary>
    public static ParameterLimit Except(IEnumerable<string> names) => new(true, names.ToFrozenSet(StringComparer.Ordinal));

    /// <summary>Whether a text can be the name of a parameter.</summary>
    public static bool IsName(string name) => name.Length is > 0 and <= MaxNameChars && !name.Any(char.IsControl);

    /// <summary>Whether a parameter may be set.</summary>
    /// <param name="parameter">Its name; null for all that control is, such as a restart.</param>
    public bool Allows(string? parameter) => parameter is null ? IsAll : IsExcept != Names.Contains(parameter);

    /// <summary>What one or the other allows.</summary>
    public ParameterLimit Union(ParameterLimit other)
    {
        if (IsAll || other.IsNone || ReferenceEquals(this, other))
        {
            return this;
        }

        if (other.IsAll || IsNone)
        {
            return other;
        }

        return (IsExcept, other.IsExcept) switch
        {
            (false, false) => Only(Names.Concat(other.Names)),
            (true, true) => Except(Names.Where(other.Names.Contains)),
            (true, false) => Except(Names.Where(n => !other.Names.Contains(n))),
            _ => Except(other.Names.Where(n => !Names.Contains(n))),
        };
    }

    /// <inheritdoc/>
    public bool Equals(ParameterLimit? other) => other is not null && IsExcept == other.IsExcept && Names.SetEquals(other.Names);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ParameterLimit);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(IsExcept, Names.Count);

    /// <summary>For people: <c>all</c>, <c>only a, b</c>, <c>all but a, b</c>.</summary>
    public override string ToString() => IsAll ? "all" : (IsExcept ? "all but " : "only ") + string.Join(", ", Names.Order(StringComparer.Ordinal));
}
