using System.Text;
using IotXmpp.Features;
using IotXmpp.Things;

namespace IotXmpp.Gateway;

/// <summary>
/// Samples as few bytes as the store needs: what is alike in all samples of a thing (names, units, kinds, flags, decimals) is a shape that is kept once, and a row has its
/// number and the values. A number has at least the decimals that its field ever had, so that 21 and 21.4 have one shape. Both forms are frozen by a test.
/// </summary>
internal sealed class SampleForm
{
    /// <summary>Shapes at most. Default 4,096: a gateway's things have some tens; a thing that makes up names is refused its new ones.</summary>
    public const int MaxShapes = 4096;

    private static readonly UTF8Encoding Utf8 = new(false);
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<Shape?> _shapes = [null];
    private readonly Dictionary<(string Name, string Unit), int> _decimals = [];
    private readonly StringBuilder _key = new();

    /// <summary>Takes a shape that was kept.</summary>
    public void Add(int number, string key)
    {
        while (_shapes.Count <= number)
        {
            _shapes.Add(null);
        }

        Shape shape = Shape.Parse(key);
        _shapes[number] = shape;
        _numbers[key] = number;
        for (int i = 0; i < shape.Names.Length; i++)
        {
            if (IsNumber(shape.Kinds[i]))
            {
                (string, string) field = (shape.Names[i], shape.Units[i]);
                _decimals[field] = Math.Max(_decimals.GetValueOrDefault(field), shape.Decimals[i]);
            }
        }
    }

    /// <summary>Writes a sample.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="newShape">The shape to be kept with it, or null when it is known.</param>
    /// <returns>The bytes; null when there are too many shapes already.</returns>
    public byte[]? Write(Sample sample, out (int Number, string Key)? newShape)
    {
        newShape = null;
        Span<int> decimals = stackalloc int[Sample.MaxFields];
        Span<long> numbers = stackalloc long[Sample.MaxFields];
        _key.Clear();
        for (int i = 0; i < sample.Count; i++)
        {
            FieldKind kind = sample.Kind(i);
            string unit = IsNumber(kind) ? sample.Text(i) : string.Empty;
            decimals[i] = sample.Decimals(i);
            numbers[i] = sample.Scaled(i);
            if (IsNumber(kind))
            {
                int wanted = _decimals.GetValueOrDefault((sample.Name(i), unit));
                while (decimals[i] < wanted && Math.Abs(numbers[i]) < long.MaxValue / 10)
                {
                    numbers[i] *= 10;
                    decimals[i]++;
                }
            }

            // Control characters stand in no name: they cannot be in XML either.
            _key.Append(sample.Name(i)).Append('\u0001').Append(unit).Append('\u0001').Append((int)kind).Append('\u0001').Append((int)sample.Flags(i)).Append('\u0001').Append(decimals[i]).Append('\u0002');
        }

        string key = _key.ToString();
        if (!_numbers.TryGetValue(key, out int number))
        {
            if (_shapes.Count > MaxShapes)
            {
                return null;
            }

            number = _shapes.Count;
            Add(number, key);
            newShape = (number, key);
        }

        using var bytes = new MemoryStream(16);
        WriteNumber(bytes, (ulong)number);
        for (int i = 0; i < sample.Count; i++)
        {
            if (IsText(sample.Kind(i)))
            {
                byte[] text = Utf8.GetBytes(sample.Text(i));
                WriteNumber(bytes, (ulong)text.Length);
                bytes.Write(text);
            }
            else
            {
                // Small numbers of either sign become short.
                WriteNumber(bytes, (ulong)((numbers[i] << 1) ^ (numbers[i] >> 63)));
            }
        }

        return bytes.ToArray();
    }

    /// <summary>Reads a sample.</summary>
    /// <returns>False when the bytes are none.</returns>
    public bool TryRead(ReadOnlySpan<byte> bytes, long timeMs, Sample sample)
    {
        sample.Clear(timeMs);
        if (!TryNumber(ref bytes, out ulong number) || number == 0 || number >= (ulong)_shapes.Count || _shapes[(int)number] is not { } shape)
        {
            return false;
        }

        for (int i = 0; i < shape.Names.Length; i++)
        {
            if (!TryNumber(ref bytes, out ulong value))
            {
                return false;
            }

            string text = shape.Units[i];
            long scaled = 0;
            if (IsText(shape.Kinds[i]))
            {
                if (value > (ulong)bytes.Length)
                {
                    return false;
                }

                text = Utf8.GetString(bytes[..(int)value]);
                bytes = bytes[(int)value..];
            }
            else
            {
                scaled = (long)(value >> 1) ^ -(long)(value & 1);
            }

            if (!sample.Add(shape.Kinds[i], shape.Flags[i], shape.Names[i], text, scaled, shape.Decimals[i]))
            {
                return false;
            }
        }

        return bytes.IsEmpty;
    }

    private static bool IsNumber(FieldKind kind) => kind is FieldKind.Numeric or FieldKind.Double;

    private static bool IsText(FieldKind kind) => kind is not (FieldKind.Numeric or FieldKind.Double or FieldKind.Boolean or FieldKind.Int or FieldKind.Long);

    private static void WriteNumber(MemoryStream bytes, ulong number)
    {
        while (number >= 0x80)
        {
            bytes.WriteByte((byte)(number | 0x80));
            number >>= 7;
        }

        bytes.WriteByte((byte)number);
    }

    private static bool TryNumber(ref ReadOnlySpan<byte> bytes, out ulong number)
    {
        number = 0;
        for (int i = 0, shift = 0; i < bytes.Length && shift < 64; i++, shift += 7)
        {
            number |= (ulong)(bytes[i] & 0x7F) << shift;
            if (bytes[i] < 0x80)
            {
                bytes = bytes[(i + 1)..];
                return true;
            }
        }

        return false;
    }

    private sealed record Shape(string[] Names, string[] Units, FieldKind[] Kinds, FieldFlags[] Flags, int[] Decimals)
    {
        public static Shape Parse(string key)
        {
            string[][] fields = [.. key.Split('\u0002', StringSplitOptions.RemoveEmptyEntries).Select(f => f.Split('\u0001'))];
            return new Shape(
                [.. fields.Select(f => f[0])],
                [.. fields.Select(f => f[1])],
                [.. fields.Select(f => (FieldKind)int.Parse(f[2], System.Globalization.CultureInfo.InvariantCulture))],
                [.. fields.Select(f => (FieldFlags)int.Parse(f[3], System.Globalization.CultureInfo.InvariantCulture))],
                [.. fields.Select(f => int.Parse(f[4], System.Globalization.CultureInfo.InvariantCulture))]);
        }
    }
}
