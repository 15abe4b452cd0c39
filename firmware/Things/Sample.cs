using IotXmpp.Features;

namespace IotXmpp.Things;

/// <summary>
/// What a thing measured at one moment: a time and some fields. One object is filled again and again, so sampling allocates nothing.
/// A number is kept as a whole number with a count of decimals: it needs no floating-point text, and prints alike in both worlds.
/// </summary>
public sealed class Sample
{
    /// <summary>Fields a sample may hold. Default 16: more than a combined sensor has, and a batch of them still fits the send buffer.</summary>
    public const int MaxFields = 16;

    /// <summary>Decimals a number may have. Default 9: what a 64-bit whole number leaves room for.</summary>
    public const int MaxDecimals = 9;

    private readonly FieldKind[] _kinds = new FieldKind[MaxFields];
    private readonly FieldFlags[] _flags = new FieldFlags[MaxFields];
    private readonly string[] _names = new string[MaxFields];
    private readonly string[] _texts = new string[MaxFields];
    private readonly long[] _numbers = new long[MaxFields];
    private readonly byte[] _decimals = new byte[MaxFields];

    /// <summary>When it was measured: milliseconds since 1970-01-01 UTC.</summary>
    public long TimeMs { get; set; }

    /// <summary>How many fields it has.</summary>
    public int Count { get; private set; }

    /// <summary>Empties it for the next measurement.</summary>
    /// <param name="timeMs">When: milliseconds since 1970-01-01 UTC.</param>
    public void Clear(long timeMs)
    {
        TimeMs = timeMs;
        Count = 0;
    }

    /// <summary>Drops the fields after the first <paramref name="count"/>, such as those of a part that failed half-way.</summary>
    /// <param name="count">How many fields stay.</param>
    public void Truncate(int count)
    {
        if (count >= 0 && count < Count)
        {
            Count = count;
        }
    }

    /// <summary>Adds a number: <c>AddNumeric("temperature", "°C", 214, 1)</c> is 21.4 °C.</summary>
    /// <param name="name">The field.</param>
    /// <param name="unit">The unit, in UCUM or SI.</param>
    /// <param name="scaled">The number, times ten to the power of <paramref name="decimals"/>.</param>
    /// <param name="decimals">Decimals, 0 to <see cref="MaxDecimals"/>.</param>
    /// <param name="flags">What sort of value it is.</param>
    /// <returns>False when there is no room, the name is empty or the decimals are out of range.</returns>
    public bool AddNumeric(string name, string unit, long scaled, int decimals, FieldFlags flags = FieldFlags.Momentary)
        => Add(FieldKind.Numeric, flags, name, unit == null ? string.Empty : unit, scaled, decimals);

    /// <summary>Adds a truth value.</summary>
    /// <param name="name">The field.</param>
    /// <param name="value">Its value.</param>
    /// <param name="flags">What sort of value it is.</param>
    /// <returns>False when there is no room or the name is empty.</returns>
    public bool AddBoolean(string name, bool value, FieldFlags flags = FieldFlags.Momentary)
        => Add(FieldKind.Boolean, flags, name, string.Empty, value ? 1 : 0, 0);

    /// <summary>Adds a whole number without a unit.</summary>
    /// <param name="name">The field.</param>
    /// <param name="value">Its value.</param>
    /// <param name="flags">What sort of value it is.</param>
    /// <returns>False when there is no room or the name is empty.</returns>
    public bool AddLong(string name, long value, FieldFlags flags = FieldFlags.Momentary)
        => Add(FieldKind.Long, flags, name, string.Empty, value, 0);

    /// <summary>Adds text.</summary>
    /// <param name="name">The field.</param>
    /// <param name="text">Its value.</param>
    /// <param name="flags">What sort of value it is.</param>
    /// <returns>False when there is no room or the name is empty.</returns>
    public bool AddString(string name, string text, FieldFlags flags = FieldFlags.Momentary)
        => Add(FieldKind.String, flags, name, text == null ? string.Empty : text, 0, 0);

    /// <summary>Adds a field of any kind, as a store gives it back.</summary>
    /// <param name="kind">Its type.</param>
    /// <param name="flags">What sort of value it is.</param>
    /// <param name="name">The field.</param>
    /// <param name="text">Its text, or the unit of a number.</param>
    /// <param name="scaled">Its number, or 0 and 1 for false and true.</param>
    /// <param name="decimals">Decimals of the number.</param>
    /// <returns>False when there is no room, the name is empty or the decimals are out of range.</returns>
    public bool Add(FieldKind kind, FieldFlags flags, string name, string text, long scaled, int decimals)
    {
        if (Count >= MaxFields || string.IsNullOrEmpty(name) || decimals < 0 || decimals > MaxDecimals)
        {
            return false;
        }

        _kinds[Count] = kind;
        _flags[Count] = flags;
        _names[Count] = name;
        _texts[Count] = text;
        _numbers[Count] = scaled;
        _decimals[Count] = (byte)decimals;
        Count++;
        return true;
    }

    /// <summary>The type of field <paramref name="index"/>.</summary>
    public FieldKind Kind(int index) => _kinds[index];

    /// <summary>What sort of value field <paramref name="index"/> is.</summary>
    public FieldFlags Flags(int index) => _flags[index];

    /// <summary>The name of field <paramref name="index"/>.</summary>
    public string Name(int index) => _names[index];

    /// <summary>The text of field <paramref name="index"/>, or the unit of a number.</summary>
    public string Text(int index) => _texts[index];

    /// <summary>The number of field <paramref name="index"/>, times ten to the power of its decimals.</summary>
    public long Scaled(int index) => _numbers[index];

    /// <summary>The decimals of field <paramref name="index"/>.</summary>
    public int Decimals(int index) => _decimals[index];

    /// <summary>The value of field <paramref name="index"/> as XML Schema writes it.</summary>
    public string Value(int index)
    {
        switch (_kinds[index])
        {
            case FieldKind.Boolean:
                return _numbers[index] != 0 ? "true" : "false";
            case FieldKind.String:
                return _texts[index];
            default:
                return FixedPoint.Format(_numbers[index], _decimals[index]);
        }
    }

    /// <summary>Finds a field.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>Its index, or -1.</returns>
    public int IndexOf(string name)
    {
        for (int i = 0; i < Count; i++)
        {
            if (_names[i] == name)
            {
                return i;
            }
        }

        return -1;
    }
}
