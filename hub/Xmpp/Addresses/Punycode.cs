using System.Text;

namespace IotXmpp.Hub.Addresses;

/// <summary>Punycode (RFC 3492), for the labels of internationalized names.</summary>
internal static class Punycode
{
    /// <summary>The most octets of a DNS label (RFC 1035 §2.3.4).</summary>
    public const int MaxLabel = 63;

    private const int Base = 36;
    private const int TMin = 1;
    private const int TMax = 26;
    private const int Skew = 38;
    private const int Damp = 700;
    private const int InitialBias = 72;
    private const int InitialN = 128;

    /// <summary>Encodes without the prefix <c>xn--</c>; false when the result with the prefix would be longer than a label.</summary>
    public static bool TryEncode(ReadOnlySpan<int> label, out string encoded)
    {
        encoded = "";
        if (label.Length > MaxLabel)
        {
            return false;
        }

        var output = new StringBuilder(MaxLabel);
        foreach (int codePoint in label)
        {
            if (codePoint < 0x80)
            {
                output.Append((char)codePoint);
            }
        }

        int basic = output.Length;
        int handled = basic;
        if (basic > 0)
        {
            output.Append('-');
        }

        int n = InitialN;
        int delta = 0;
        int bias = InitialBias;
        while (handled < label.Length)
        {
            int next = int.MaxValue;
            foreach (int codePoint in label)
            {
                if (codePoint >= n && codePoint < next)
                {
                    next = codePoint;
                }
            }

            // No overflow: at most 63 code points below 0x110000 keep delta below 2^27.
            delta += (next - n) * (handled + 1);
            n = next;
            foreach (int codePoint in label)
            {
                if (codePoint < n)
                {
                    delta++;
                }
                else if (codePoint == n)
                {
                    int q = delta;
                    for (int k = Base; ; k += Base)
                    {
                        int t = Threshold(k, bias);
                        if (q < t)
                        {
                            break;
                        }

                        output.Append(Digit(t + ((q - t) % (Base - t))));
                        q = (q - t) / (Base - t);
                    }

                    output.Append(Digit(q));
                    bias = Adapt(delta, handled + 1, handled == basic);
                    delta = 0;
                    handled++;
                    if (output.Length > MaxLabel - 4)
                    {
                        return false;
                    }
                }
            }

            delta++;
            n++;
        }

        encoded = output.ToString();
        return encoded.Length <= MaxLabel - 4;
    }

    /// <summary>Decodes what follows <c>xn--</c>; false when it is no Punycode.</summary>
    public static bool TryDecode(ReadOnlySpan<char> encoded, out int[] label)
    {
        label = [];
        var output = new List<int>(encoded.Length);
        int basic = Math.Max(encoded.LastIndexOf('-'), 0);
        foreach (char c in encoded[..basic])
        {
            output.Add(c);
        }

        int position = basic > 0 ? basic + 1 : 0;
        int n = InitialN;
        int i = 0;
        int bias = InitialBias;
        while (position < encoded.Length)
        {
            int before = i;
            long weight = 1;
            long value = i;
            for (int k = Base; ; k += Base)
            {
                if (position == encoded.Length)
                {
                    return false;
                }

                int digit = encoded[position++] switch
                {
                    >= 'a' and <= 'z' and char c => c - 'a',
                    >= '0' and <= '9' and char c => c - '0' + 26,
                    _ => -1,
                };
                if (digit < 0)
                {
                    return false;
                }

                value += digit * weight;
                if (value > int.MaxValue)
                {
                    return false;
                }

                int t = Threshold(k, bias);
                if (digit < t)
                {
                    break;
                }

                weight *= Base - t;
                if (weight > int.MaxValue)
                {
                    return false;
                }
            }

            int count = output.Count + 1;
            bias = Adapt((int)value - before, count, before == 0);
            long point = n + (value / count);
            if (!Rune.IsValid((int)Math.Min(point, int.MaxValue)))
            {
                return false;
            }

            n = (int)point;
            i = (int)(value % count);
            output.Insert(i++, n);
        }

        label = [.. output];
        return true;
    }

    private static int Threshold(int k, int bias) => k <= bias ? TMin : k >= bias + TMax ? TMax : k - bias;

    private static char Digit(int value) => (char)(value < 26 ? value + 'a' : value - 26 + '0');

    private static int Adapt(int delta, int points, bool first)
    {
        delta = first ? delta / Damp : delta / 2;
        delta += delta / points;
        int k = 0;
        while (delta > (Base - TMin) * TMax / 2)
        {
            delta /= Base - TMin;
            k += Base;
        }

        return k + ((Base - TMin + 1) * delta / (delta + Skew));
    }
}
