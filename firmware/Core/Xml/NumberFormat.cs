namespace IotXmpp.Xml;

/// <summary>Numbers as XML Schema writes them, without culture and without strings.</summary>
public static class NumberFormat
{
    /// <summary>Room that any number or time below needs, in bytes.</summary>
    public const int MaxBytes = 32;

    /// <summary>
    /// The same number as one with a sign. On nanoFramework a plain conversion stays unsigned where it is handed to a method, and what that method calculates from it is wrong
    /// as soon as it is below zero; the result of an operation has the type of its left side.
    /// </summary>
    public static long Signed(uint value) => long.MaxValue & value;

    /// <summary>Writes an integer.</summary>
    /// <returns>Its length in bytes.</returns>
    public static int Integer(long value, byte[] target, int offset)
    {
        int at = offset;
        if (value == long.MinValue)
        {
            // The one whose opposite is no long.
            at += Integer(value / 10, target, at);
            target[at] = (byte)'8';
            return at + 1 - offset;
        }
        if (value < 0)
        {
            target[at++] = (byte)'-';
            value = -value;
        }
        // Positive from here: nanoFramework keeps a long that came from a uint as unsigned, and its negative would be huge.
        int digits = 1;
        for (long rest = value; rest >= 10; rest /= 10)
        {
            digits++;
        }
        for (int i = at + digits - 1; i >= at; i--)
        {
            target[i] = (byte)('0' + value % 10);
            value /= 10;
        }
        return at + digits - offset;
    }

    /// <summary>Writes a number with so many digits, zeros in front.</summary>
    public static void Padded(int value, int digits, byte[] target, int offset)
    {
        for (int i = offset + digits - 1; i >= offset; i--)
        {
            target[i] = (byte)('0' + value % 10);
            value /= 10;
        }
    }

    /// <summary>Writes a number rounded to so many decimals (0–9), halves away from zero, without trailing zeros.</summary>
    /// <returns>Its length in bytes; -1 when it is none, infinite, or too large to be scaled into a long.</returns>
    public static int Fixed(double value, int decimals, byte[] target, int offset)
    {
        long scale = 1;
        for (int i = 0; i < decimals; i++)
        {
            scale *= 10;
        }
        double scaled = value * scale;
        if (!(scaled > -9e15 && scaled < 9e15))
        {
            return -1;
        }
        long units = (long)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
        int at = offset;
        if (units < 0)
        {
            target[at++] = (byte)'-';
            units = -units;
        }
        at += Integer(units / scale, target, at);
        long fraction = units % scale;
        if (fraction == 0)
        {
            return at - offset;
        }
        while (fraction % 10 == 0)
        {
            fraction /= 10;
            decimals--;
        }
        target[at++] = (byte)'.';
        for (int i = at + decimals - 1; i >= at; i--)
        {
            target[i] = (byte)('0' + fraction % 10);
            fraction /= 10;
        }
        return at + decimals - offset;
    }

    /// <summary>A number as XML Schema's <c>double</c>: also NaN, INF and -INF.</summary>
    public static string Text(double value)
    {
        if (double.IsNaN(value))
        {
            return "NaN";
        }
        if (value > double.MaxValue)
        {
            return "INF";
        }
        if (value < double.MinValue)
        {
            return "-INF";
        }
        // no culture on nanoFramework; elsewhere the interpolation of a format provider is not in the common subset, so the separator is put right
        string text = value.ToString();
        int comma = text.IndexOf(',');
        return comma < 0 ? text : text.Substring(0, comma) + "." + text.Substring(comma + 1);
    }

    /// <summary>Reads a decimal number, with exponent or without (XML Schema <c>double</c> without NaN and INF); no culture.</summary>
    public static bool TryParse(string text, out double value)
    {
        value = 0;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }
        byte[] bytes = Utf8.Encode(text);
        int i = bytes[0] == '-' || bytes[0] == '+' ? 1 : 0;
        double mantissa = 0;
        int exponent = 0;
        int digits = 0;
        bool point = false;
        for (; i < bytes.Length; i++)
        {
            int b = bytes[i];
            if (b == '.' && !point)
            {
                point = true;
                continue;
            }
            if (b < '0' || b > '9')
            {
                break;
            }
            digits++;
            mantissa = mantissa * 10 + (b - '0');
            exponent -= point ? 1 : 0;
        }
        if (digits == 0)
        {
            return false;
        }
        if (i < bytes.Length)
        {
            if (bytes[i] != 'e' && bytes[i] != 'E' || !Utf8.TryParseLong(bytes, i + 1, bytes.Length - i - 1, out long given) || given > 400 || given < -400)
            {
                return false;
            }
            exponent += (int)given;
        }
        double power = 1;
        for (int k = exponent < 0 ? -exponent : exponent; k > 0; k--)
        {
            power *= 10;
        }
        value = exponent < 0 ? mantissa / power : mantissa * power;
        if (bytes[0] == '-')
        {
            value = -value;
        }
        return value <= double.MaxValue && value >= double.MinValue;
    }
}
