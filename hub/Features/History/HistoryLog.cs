using System.Buffers;

namespace IotXmpp.Hub.Features.History;

/// <summary>A row of the log: the samples of one publication, as they came. The format is on disk: it is frozen by a test.</summary>
internal static class HistoryLog
{
    private const byte Form = 1;
    private const byte Bits = 15;

    /// <summary>Writes samples: for each its series, the time since the one before, and the value.</summary>
    public static byte[] Write(List<SampleBatch.Entry> samples)
    {
        var data = new ArrayBufferWriter<byte>(16 + (samples.Count * 12));
        var writer = new Column.Writer(data);
        writer.Byte(Form);
        writer.Unsigned((ulong)samples.Count);
        long time = 0;
        foreach (SampleBatch.Entry entry in samples)
        {
            writer.Unsigned((ulong)entry.Series.Id);
            writer.Unsigned(Column.ZigZag(entry.Sample.Time - time));
            time = entry.Sample.Time;
            double value = entry.Sample.Value;
            int places = Column.PlacesOf(value);
            writer.Byte(places < 0 ? Bits : (byte)places);
            if (places < 0)
            {
                writer.Difference(BitConverter.DoubleToUInt64Bits(value));
            }
            else
            {
                writer.Unsigned(Column.ZigZag(Column.Whole(value, places)));
            }
        }

        return data.WrittenSpan.ToArray();
    }

    /// <summary>Reads a row.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static void Read(ReadOnlySpan<byte> row, Action<long, Sample> each)
    {
        var reader = new Column.Reader(row);
        if (reader.Byte() != Form)
        {
            throw new InvalidDataException("A row of the history's log has an unknown form.");
        }

        ulong count = reader.Unsigned();
        long time = 0;
        for (ulong i = 0; i < count; i++)
        {
            long series = (long)reader.Unsigned();
            time += Column.UnZigZag(reader.Unsigned());
            byte places = reader.Byte();
            double value = places switch
            {
                Bits => BitConverter.UInt64BitsToDouble(reader.Difference()),
                <= Column.MaxPlaces => Column.Value(Column.UnZigZag(reader.Unsigned()), places),
                _ => throw new InvalidDataException("A row of the history's log is damaged."),
            };
            each(series, new Sample(time, value));
        }
    }
}
