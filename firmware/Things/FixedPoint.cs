namespace IotXmpp.Things;

/// <summary>Numbers as a whole number and a count of decimals: 214 with 1 is 21.4.</summary>
public static class FixedPoint
{
    /// <summary>Characters the longest number takes: 19 digits, sign, point.</summary>
    private const int MaxLength = 24;

    /// <summary>Writes a number as XML Schema does, without trailing zeros: 2140 with 2 decimals is <c>21.4</c>.</summary>
    /// <param name="scaled">The number, times ten to the power of <paramref name="decimals"/>.</param>
    /// <param name="decimals">Decimals, 0 to 18.</param>
    /// <returns>The text.</returns>
    public static string Format(long scaled, int decimals)
    {
        char[] text = new char[MaxLength];
        int at = MaxLength;
        bool negative = scaled < 0;
        // The smallest long has no positive twin, so digits are taken from the negative number.
        long rest = negative ? scaled : -scaled;
        bool significant = false;
        for (int i = 0; i < decimals; i++)
        {
            int digit = (int)-(rest % 10);
            rest /= 10;
            if (digit != 0 || significant)
            {
                text[--at] = (char)('0' + digit);
                significant = true;
            }
        }

        if (significant)
        {
            text[--at] = '.';
        }

        do
        {
            text[--at] = (char)('0' + (int)-(rest % 10));
            rest /= 10;
        }
        while (rest != 0);

        if (negative)
        {
            text[--at] = '-';
        }

        return new string(text, at, MaxLength - at);
    }

    /// <summary>Rounds a floating-point number half away from zero to the given decimals.</summary>
    /// <param name="value">The number.</param>
    /// <param name="decimals">Decimals, 0 to 9.</param>
    /// <returns>The number, times ten to the power of <paramref name="decimals"/>.</returns>
    public static long Round(double value, int decimals)
    {
        for (int i = 0; i < decimals; i++)
        {
            value *= 10;
        }

        return (long)(value < 0 ? value - 0.5 : value + 0.5);
    }

    /// <summary>Rescales a whole number, rounding half away from zero.</summary>
    /// <param name="value">The number.</param>
    /// <param name="divisor">What it is divided by; above zero.</param>
    /// <returns>The quotient.</returns>
    public static long Divide(long value, long divisor)
    {
        long half = divisor / 2;
        return value < 0 ? (value - half) / divisor : (value + half) / divisor;
    }
}
