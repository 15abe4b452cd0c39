using System.Text;

namespace IotXmpp.Fuzz.Engine;

/// <summary>
/// Makes inputs of other inputs. It knows bytes, words of a language, numbers, and the elements of XML: half of the changes keep to the structure, since what is broken at the first byte never gets
/// deep into a parser.
/// </summary>
internal sealed class Mutator(Random dice, IReadOnlyList<byte[]> words, int maxBytes)
{
    private static readonly byte[] Edges = [0, 1, 9, 10, 13, 0x20, 0x22, 0x26, 0x27, 0x2F, 0x3C, 0x3D, 0x3E, 0x40, 0x5D, 0x7F, 0x80, 0xBF, 0xC0, 0xC2, 0xE2, 0xED, 0xEF, 0xF0, 0xF4, 0xF8, 0xFE, 0xFF];

    private static readonly string[] Numbers = ["0", "1", "-1", "255", "256", "65535", "65536", "2147483647", "2147483648", "4294967295", "4294967296", "9007199254740991", "9223372036854775807", "99999999999999999999", "00", "1e9", "٣"];

    /// <summary>Changes an input, once or a few times.</summary>
    /// <param name="seed">What it is made of; it stays as it is.</param>
    /// <param name="other">Another input, pieces of which may be put in.</param>
    public byte[] Change(byte[] seed, byte[] other)
    {
        var bytes = new List<byte>(seed);
        for (var changes = 1 << dice.Next(0, 4); changes > 0; changes--)
        {
            switch (dice.Next(14))
            {
                case 0 when bytes.Count > 0:
                    bytes[At(bytes)] ^= (byte)(1 << dice.Next(8));
                    break;
                case 1 when bytes.Count > 0:
                    bytes[At(bytes)] = Edges[dice.Next(Edges.Length)];
                    break;
                case 2:
                    bytes.Insert(dice.Next(bytes.Count + 1), Edges[dice.Next(Edges.Length)]);
                    break;
                case 3 when bytes.Count > 0:
                    var (from, count) = Range(bytes, 32);
                    bytes.RemoveRange(from, count);
                    break;
                case 4 when bytes.Count > 0:
                    (from, count) = Range(bytes, 64);
                    bytes.InsertRange(dice.Next(bytes.Count + 1), bytes.GetRange(from, count));
                    break;
                case 5 when other.Length > 0:
                    from = dice.Next(other.Length);
                    bytes.InsertRange(dice.Next(bytes.Count + 1), other[from..dice.Next(from, Math.Min(other.Length, from + 256) + 1)]);
                    break;
                case 6 when bytes.Count > 0:
                    bytes = bytes.GetRange(0, dice.Next(bytes.Count + 1));
                    break;
                case 7 when words.Count > 0:
                    bytes.InsertRange(dice.Next(bytes.Count + 1), words[dice.Next(words.Count)]);
                    break;
                case 8:
                    Number(bytes);
                    break;
                case 9 when bytes.Count > 0:
                    // Much of the same: what is bounded, and what is not.
                    (from, count) = Range(bytes, 24);
                    var piece = bytes.GetRange(from, count);
                    for (var times = dice.Next(2, 70); times > 0 && bytes.Count + count < maxBytes; times--)
                    {
                        bytes.InsertRange(from, piece);
                    }

                    break;
                default:
                    Structure(bytes);
                    break;
            }
        }

        return bytes.Count <= maxBytes ? [.. bytes] : [.. bytes.GetRange(0, maxBytes)];
    }

    private int At(List<byte> bytes) => dice.Next(bytes.Count);

    private (int From, int Count) Range(List<byte> bytes, int most)
    {
        var from = dice.Next(bytes.Count);
        return (from, dice.Next(1, Math.Min(most, bytes.Count - from) + 1));
    }

    // A run of digits becomes a number from the edges of some type.
    private void Number(List<byte> bytes)
    {
        for (var tries = 0; tries < 8 && bytes.Count > 0; tries++)
        {
            var at = At(bytes);
            if (bytes[at] is >= (byte)'0' and <= (byte)'9')
            {
                int from = at, to = at;
                while (from > 0 && bytes[from - 1] is >= (byte)'0' and <= (byte)'9')
                {
                    from--;
                }

                while (to < bytes.Count && bytes[to] is >= (byte)'0' and <= (byte)'9')
                {
                    to++;
                }

                bytes.RemoveRange(from, to - from);
                bytes.InsertRange(from, Encoding.UTF8.GetBytes(Numbers[dice.Next(Numbers.Length)]));
                return;
            }
        }
    }

    // Tags are moved as wholes, attributes and texts within them.
    private void Structure(List<byte> bytes)
    {
        var tags = new List<(int From, int To)>();
        for (var i = 0; i < bytes.Count && tags.Count < 512; i++)
        {
            if (bytes[i] == '<')
            {
                var end = bytes.IndexOf((byte)'>', i);
                if (end < 0)
                {
                    break;
                }

                tags.Add((i, end + 1));
                i = end;
            }
        }

        if (tags.Count == 0)
        {
            return;
        }

        var (from, to) = tags[dice.Next(tags.Count)];
        var tag = bytes.GetRange(from, to - from);
        switch (dice.Next(8))
        {
            case 0:
                bytes.RemoveRange(from, tag.Count);
                break;
            case 1:
                bytes.InsertRange(tags[dice.Next(tags.Count)].To, tag);
                break;
            case 2:
                // Empty, or no longer so.
                if (tag.Count > 2 && tag[^2] == '/')
                {
                    bytes.RemoveAt(to - 2);
                }
                else
                {
                    bytes.Insert(to - 1, (byte)'/');
                }

                break;
            case 3 when words.Count > 0:
                bytes.InsertRange(to - 1, [(byte)' ', .. words[dice.Next(words.Count)]]);
                break;
            case 4:
                // An element of its own around it.
                bytes.InsertRange(to, "</a>"u8.ToArray());
                bytes.InsertRange(from, "<a xmlns='urn:a'>"u8.ToArray());
                break;
            case 5:
                for (var depth = dice.Next(1, 100); depth > 0 && bytes.Count < maxBytes; depth--)
                {
                    bytes.InsertRange(to, "<d>"u8.ToArray());
                }

                break;
            case 6:
                // Another quote, or another name's end.
                for (var i = from; i < to; i++)
                {
                    if (bytes[i] is (byte)'\'' or (byte)'"' && dice.Next(3) == 0)
                    {
                        bytes[i] = bytes[i] == '\'' ? (byte)'"' : (byte)'\'';
                    }
                }

                break;
            default:
                var (otherFrom, otherTo) = tags[dice.Next(tags.Count)];
                bytes.InsertRange(to, bytes.GetRange(otherFrom, otherTo - otherFrom));
                break;
        }
    }
}
