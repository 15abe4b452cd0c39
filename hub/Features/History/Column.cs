using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;

namespace IotXmpp.Hub.Features.History;

/// <summary>
/// Columns of numbers as bytes. Times are differences of differences, so a steady interval is a run of zeros; values that are decimals of a few places, as sensors give them, are
/// differences of whole numbers, all others are the bits in which they differ from the one before. The format is on disk: it is frozen by a test.
/// </summary>
internal static class Column
{
    /// <summary>The most decimal places that are kept as whole numbers.</summary>
    public const int MaxPlaces = 9;

    /// <summary>Stands for: not decimal.</summary>
    private const byte Bits = 0xFF;

    // Whole numbers beyond this are not exact in a double.
    private const double MaxWhole = 1L << 53;

    private static readonly double[] s_powers = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

    /// <summary>Writes times that grow.</summary>
    public static void WriteTimes(IBufferWriter<byte> target, ReadOnlySpan<Sample> samples)
    {
        var writer = new Writer(target);
        writer.Unsigned(ZigZag(samples[0].Time));
        long unit = 0;
        for (int i = 1; i < samples.Length && unit != 1; i++)
        {
            unit = CommonDivisor(unit, samples[i].Time - samples[i - 1].Time);
        }

        unit = Math.Max(unit, 1);
        writer.Unsigned((ulong)unit);
        long before = 0;
        for (int i = 1; i < samples.Length; i++)
        {
            long step = (samples[i].Time - samples[i - 1].Time) / unit;
            writer.Run(ZigZag(step - before));
            before = step;
        }

        writer.End();
    }

    /// <summary>Reads times into <paramref name="samples"/>.</summary>
    public static void ReadTimes(ref Reader reader, Span<Sample> samples)
    {
        long time = UnZigZag(reader.Unsigned());
        long unit = (long)reader.Unsigned();
        long step = 0;
        samples[0] = samples[0] with { Time = time };
        for (int i = 1; i < samples.Length; i++)
        {
            step += UnZigZag(reader.Run());
            time += step * unit;
            samples[i] = samples[i] with { Time = time };
        }

        reader.EndRun();
    }

    /// <summary>Writes values.</summary>
    public static void WriteValues(IBufferWriter<byte> target, ReadOnlySpan<Sample> samples)
    {
        var writer = new Writer(target);
        int places = Places(samples);
        if (places < 0)
        {
            writer.Byte(Bits);
            ulong previous = 0;
            foreach (Sample sample in samples)
            {
                ulong bits = BitConverter.DoubleToUInt64Bits(sample.Value);
                writer.Difference(bits ^ previous);
                previous = bits;
            }

            return;
        }

        writer.Byte((byte)places);
        double power = s_powers[places];
        long before = 0;
        foreach (Sample sample in samples)
        {
            long whole = (long)Math.Round(sample.Value * power);
            writer.Run(ZigZag(whole - before));
            before = whole;
        }

        writer.End();
    }

    /// <summary>Reads values into <paramref name="samples"/>.</summary>
    public static void ReadValues(ref Reader reader, Span<Sample> samples)
    {
        byte places = reader.Byte();
        if (places == Bits)
        {
            ulong bits = 0;
            foreach (ref Sample sample in samples)
            {
                bits ^= reader.Difference();
                sample = sample with { Value = BitConverter.UInt64BitsToDouble(bits) };
            }

            return;
        }

        double power = places <= MaxPlaces ? s_powers[places] : throw new InvalidDataException("A column of values has an unknown form.");
        long whole = 0;
        foreach (ref Sample sample in samples)
        {
            whole += UnZigZag(reader.Run());
            sample = sample with { Value = whole / power };
        }

        reader.EndRun();
    }

    /// <summary>The decimal places with which a value is a whole number exactly, or -1.</summary>
    public static int PlacesOf(double value, int from = 0)
    {
        if (BitConverter.DoubleToInt64Bits(value) == long.MinValue)
        {
            return -1; // minus zero is no whole number
        }

        for (int places = from; places <= MaxPlaces; places++)
        {
            double whole = Math.Round(value * s_powers[places]);
            if (Math.Abs(whole) > MaxWhole)
            {
                return -1;
            }

            if (whole / s_powers[places] == value)
            {
                return places;
            }
        }

        return -1;
    }

    /// <summary>The whole number that stands for a value of so many places.</summary>
    public static long Whole(double value, int places) => (long)Math.Round(value * s_powers[places]);

    /// <summary>The value that a whole number of so many places stands for.</summary>
    public static double Value(long whole, int places) => whole / s_powers[places];

    /// <summary>A signed number so that small ones of either sign are short.</summary>
    public static ulong ZigZag(long value) => (ulong)((value << 1) ^ (value >> 63));

    /// <summary>The inverse of <see cref="ZigZag"/>.</summary>
    public static long UnZigZag(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);

    private static long CommonDivisor(long a, long b)
    {
        while (b != 0)
        {
            (a, b) = (b, a % b);
        }

        return a;
    }

    // A value of fewer places has to be whole with the most places of all, too.
    private static int Places(ReadOnlySpan<Sample> samples)
    {
        int places = 0;
        foreach (Sample sample in samples)
        {
            places = PlacesOf(sample.Value, places);
            if (places < 0)
            {
                return -1;
            }
        }

        foreach (Sample sample in samples)
        {
            if (PlacesOf(sample.Value, places) != places)
            {
                return -1;
            }
        }

        return places;
    }

    /// <summary>Writes numbers of variable length; runs of zeros are one number.</summary>
    internal struct Writer(IBufferWriter<byte> target)
    {
        private ulong _zeros;

        /// <summary>One byte.</summary>
        public readonly void Byte(byte value)
        {
            target.GetSpan(1)[0] = value;
            target.Advance(1);
        }

        /// <summary>Seven bits a byte, the low ones first.</summary>
        public readonly void Unsigned(ulong value)
        {
            Span<byte> span = target.GetSpan(10);
            int length = 0;
            while (value >= 0x80)
            {
                span[length++] = (byte)(value | 0x80);
                value >>= 7;
            }

            span[length++] = (byte)value;
            target.Advance(length);
        }

        /// <summary>A number among many that are zero.</summary>
        public void Run(ulong value)
        {
            if (value == 0)
            {
                _zeros++;
                return;
            }

            End();
            Unsigned(value);
        }

        /// <summary>Ends a run of zeros: 0, then how many more.</summary>
        public void End()
        {
            if (_zeros > 0)
            {
                Byte(0);
                Unsigned(_zeros - 1);
                _zeros = 0;
            }
        }

        /// <summary>Bits that mostly begin and end with zeros: how many bytes of zeros behind and how many bytes in one byte, then the bytes.</summary>
        public readonly void Difference(ulong bits)
        {
            int behind = bits == 0 ? 0 : BitOperations.TrailingZeroCount(bits) / 8;
            bits >>= behind * 8;
            int length = bits == 0 ? 0 : 8 - (BitOperations.LeadingZeroCount(bits) / 8);
            Span<byte> span = target.GetSpan(9);
            span[0] = (byte)((behind << 4) | length);
            for (int i = 0; i < length; i++)
            {
                span[1 + i] = (byte)(bits >> (i * 8));
            }

            target.Advance(1 + length);
        }
    }

    /// <summary>Reads what <see cref="Writer"/> wrote.</summary>
    /// <exception cref="InvalidDataException">Thrown by its methods: the bytes are not of this form.</exception>
    internal ref struct Reader(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;
        private ulong _zeros;

        /// <summary>Whether all was read.</summary>
        public readonly bool IsAtEnd => _rest.IsEmpty;

        /// <summary>One byte.</summary>
        public byte Byte()
        {
            if (_rest.IsEmpty)
            {
                throw Short();
            }

            byte value = _rest[0];
            _rest = _rest[1..];
            return value;
        }

        /// <summary>A number.</summary>
        public ulong Unsigned()
        {
            ulong value = 0;
            for (int i = 0; i < _rest.Length && i < 10; i++)
            {
                byte b = _rest[i];
                value |= (ulong)(b & 0x7F) << (7 * i);
                if (b < 0x80)
                {
                    _rest = _rest[(i + 1)..];
                    return value;
                }
            }

            throw Short();
        }

        /// <summary>A number among many that are zero.</summary>
        public ulong Run()
        {
            if (_zeros > 0)
            {
                _zeros--;
                return 0;
            }

            ulong value = Unsigned();
            if (value == 0)
            {
                _zeros = Unsigned();
            }

            return value;
        }

        /// <summary>A column ends where its last run ends.</summary>
        public readonly void EndRun()
        {
            if (_zeros > 0)
            {
                throw Short();
            }
        }

        /// <summary>Bits that mostly begin and end with zeros.</summary>
        public ulong Difference()
        {
            byte head = Byte();
            int length = head & 0xF;
            int behind = head >> 4;
            if (length > 8 || behind + length > 8 || _rest.Length < length)
            {
                throw Short();
            }

            Span<byte> buffer = stackalloc byte[8];
            buffer.Clear();
            _rest[..length].CopyTo(buffer);
            _rest = _rest[length..];
            return BinaryPrimitives.ReadUInt64LittleEndian(buffer) << (behind * 8);
        }

        private static InvalidDataException Short() => new("A column of the history is damaged.");
    }
}
