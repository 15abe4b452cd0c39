namespace IotXmpp.Xml;

/// <summary>Points in time as XEP-0082 writes them; everywhere in the core a time is milliseconds since 1970-01-01T00:00:00Z.</summary>
public static class TimeFormat
{
    private const long DayMs = 86400000;

    /// <summary>Writes <c>2026-11-20T11:59:30Z</c>, with milliseconds when there are any.</summary>
    /// <param name="unixMs">Years 1 to 9999; outside it is cut to them.</param>
    /// <param name="target">With room for 24 bytes.</param>
    /// <param name="offset">Where to write.</param>
    /// <returns>20 or 24 bytes.</returns>
    public static int Write(long unixMs, byte[] target, int offset)
    {
        unixMs = unixMs < -62135596800000 ? -62135596800000 : unixMs > 253402300799999 ? 253402300799999 : unixMs;
        long days = unixMs / DayMs;
        int ms = (int)(unixMs % DayMs);
        if (ms < 0)
        {
            days--;
            ms += (int)DayMs;
        }
        // Days to date in the proleptic Gregorian calendar, years from March so that the leap day is the last.
        long shifted = days + 719468;
        int era = (int)((shifted >= 0 ? shifted : shifted - 146096) / 146097);
        int dayOfEra = (int)(shifted - era * 146097L);
        int yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
        int dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        int shiftedMonth = (5 * dayOfYear + 2) / 153;
        int day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1;
        int month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
        int year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);

        NumberFormat.Padded(year, 4, target, offset);
        target[offset + 4] = (byte)'-';
        NumberFormat.Padded(month, 2, target, offset + 5);
        target[offset + 7] = (byte)'-';
        NumberFormat.Padded(day, 2, target, offset + 8);
        target[offset + 10] = (byte)'T';
        NumberFormat.Padded(ms / 3600000, 2, target, offset + 11);
        target[offset + 13] = (byte)':';
        NumberFormat.Padded(ms / 60000 % 60, 2, target, offset + 14);
        target[offset + 16] = (byte)':';
        NumberFormat.Padded(ms / 1000 % 60, 2, target, offset + 17);
        int at = offset + 19;
        if (ms % 1000 != 0)
        {
            target[at++] = (byte)'.';
            NumberFormat.Padded(ms % 1000, 3, target, at);
            at += 3;
        }
        target[at++] = (byte)'Z';
        return at - offset;
    }

    /// <summary>The same as a string.</summary>
    public static string Text(long unixMs)
    {
        byte[] buffer = new byte[24];
        return Utf8.Decode(buffer, 0, Write(unixMs, buffer, 0));
    }

    /// <summary>Reads a XEP-0082 DateTime: <c>CCYY-MM-DDThh:mm:ss[.sss](Z|±hh:mm)</c>. A zone is required; what is finer than a millisecond is cut.</summary>
    public static bool TryParse(string text, out long unixMs)
    {
        unixMs = 0;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }
        byte[] b = Utf8.Encode(text);
        if (b.Length < 20 || b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[13] != ':' || b[16] != ':')
        {
            return false;
        }
        int year = Number(b, 0, 4);
        int month = Number(b, 5, 2);
        int day = Number(b, 8, 2);
        int hour = Number(b, 11, 2);
        int minute = Number(b, 14, 2);
        int second = Number(b, 17, 2);
        if (year < 1 || month < 1 || month > 12 || day < 1 || day > DaysIn(year, month) || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        {
            return false;
        }
        int at = 19;
        int ms = 0;
        if (b[at] == '.')
        {
            int unit = 100;
            int first = ++at;
            for (; at < b.Length && b[at] >= '0' && b[at] <= '9'; at++)
            {
                ms += (b[at] - '0') * unit;
                unit /= 10;
            }
            if (at == first || at == b.Length)
            {
                return false;
            }
        }
        int zone = 0;
        if (b[at] == 'Z')
        {
            at++;
        }
        else if ((b[at] == '+' || b[at] == '-') && at + 6 == b.Length && b[at + 3] == ':')
        {
            int hours = Number(b, at + 1, 2);
            int minutes = Number(b, at + 4, 2);
            if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59)
            {
                return false;
            }
            zone = (hours * 60 + minutes) * (b[at] == '-' ? -1 : 1);
            at += 6;
        }
        if (at != b.Length || b[at - 1] == '.')
        {
            return false;
        }
        int shiftedYear = month <= 2 ? year - 1 : year;
        int era = shiftedYear / 400;
        int yearOfEra = shiftedYear - era * 400;
        int dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
        long days = era * 146097L + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468;
        unixMs = days * DayMs + ((hour * 60 + minute - zone) * 60L + second) * 1000 + ms;
        return true;
    }

    private static int DaysIn(int year, int month)
    {
        if (month == 2)
        {
            return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
        }
        return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
    }

    private static int Number(byte[] b, int at, int digits)
    {
        int value = 0;
        for (int i = at; i < at + digits; i++)
        {
            if (b[i] < '0' || b[i] > '9')
            {
                return -1000;
            }
            value = value * 10 + b[i] - '0';
        }
        return value;
    }
}
