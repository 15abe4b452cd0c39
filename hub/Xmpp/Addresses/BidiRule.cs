using System.Globalization;

namespace IotXmpp.Hub.Addresses;

/// <summary>The Bidi Rule (RFC 5893 §2).</summary>
internal static class BidiRule
{
    private enum BidiClass
    {
        Left,
        Right,
        ArabicLetter,
        ArabicNumber,
        EuropeanNumber,
        EuropeanSeparator,
        CommonSeparator,
        EuropeanTerminator,
        OtherNeutral,
        BoundaryNeutral,
        NonspacingMark,
    }

    /// <summary>True when the rule has to be applied: a code point of class R, AL or AN is there (RFC 5893 §1.4, RFC 8264 §5.2.5).</summary>
    public static bool IsRightToLeft(ReadOnlySpan<int> label)
    {
        foreach (int codePoint in label)
        {
            if (codePoint >= 0x590 && Class(codePoint) is BidiClass.Right or BidiClass.ArabicLetter or BidiClass.ArabicNumber)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True when the label satisfies all six conditions.</summary>
    public static bool IsSatisfied(ReadOnlySpan<int> label)
    {
        if (label.IsEmpty)
        {
            return false;
        }

        BidiClass first = Class(label[0]);
        if (first is not (BidiClass.Left or BidiClass.Right or BidiClass.ArabicLetter))
        {
            return false; // condition 1
        }

        bool rightToLeft = first != BidiClass.Left;
        bool europeanNumber = false;
        bool arabicNumber = false;
        BidiClass last = first;
        foreach (int codePoint in label)
        {
            BidiClass bidi = Class(codePoint);
            bool allowed = bidi switch // conditions 2 and 5
            {
                BidiClass.Left => !rightToLeft,
                BidiClass.Right or BidiClass.ArabicLetter or BidiClass.ArabicNumber => rightToLeft,
                _ => true,
            };
            if (!allowed)
            {
                return false;
            }

            europeanNumber |= bidi == BidiClass.EuropeanNumber;
            arabicNumber |= bidi == BidiClass.ArabicNumber;
            if (bidi != BidiClass.NonspacingMark)
            {
                last = bidi;
            }
        }

        return rightToLeft
            ? last is BidiClass.Right or BidiClass.ArabicLetter or BidiClass.EuropeanNumber or BidiClass.ArabicNumber // condition 3
                && !(europeanNumber && arabicNumber) // condition 4
            : last is BidiClass.Left or BidiClass.EuropeanNumber; // condition 6
    }

    private static BidiClass Class(int codePoint)
    {
        if (codePoint < 0x80)
        {
            return codePoint switch
            {
                >= '0' and <= '9' => BidiClass.EuropeanNumber,
                (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') => BidiClass.Left,
                '+' or '-' => BidiClass.EuropeanSeparator,
                ',' or '.' or '/' or ':' => BidiClass.CommonSeparator,
                '#' or '$' or '%' => BidiClass.EuropeanTerminator,
                _ => BidiClass.OtherNeutral,
            };
        }

        UnicodeCategory category = CharUnicodeInfo.GetUnicodeCategory(codePoint);
        switch (category)
        {
            // four marks of Kannada and its neighbours are strong, as their letters are
            case UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark:
                return codePoint is 0x0CBF or 0x0CC6 or 0x11A07 or 0x11A08 or 0x11C3F ? BidiClass.Left : BidiClass.NonspacingMark;
            case UnicodeCategory.Format when codePoint is 0x200C or 0x200D:
                return BidiClass.BoundaryNeutral;
        }

        if (codePoint is >= 0x06F0 and <= 0x06F9)
        {
            return BidiClass.EuropeanNumber;
        }

        if (UnicodeTables.Contains(UnicodeTables.BidiArabicNumber, codePoint))
        {
            return BidiClass.ArabicNumber;
        }

        bool letter = category is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
            or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.SpacingCombiningMark
            or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber;
        if (letter && UnicodeTables.Contains(UnicodeTables.BidiRight, codePoint))
        {
            return BidiClass.Right;
        }

        if (letter && UnicodeTables.Contains(UnicodeTables.BidiArabicLetter, codePoint))
        {
            return BidiClass.ArabicLetter;
        }

        // Punctuation of the right-to-left scripts is R or AL as well; only contextual code points of it (geresh) can occur in a label.
        if (codePoint is 0x05F3 or 0x05F4 or 0x05BE)
        {
            return BidiClass.Right;
        }

        return letter && !UnicodeTables.Contains(UnicodeTables.BidiNeutralLetter, codePoint) ? BidiClass.Left : BidiClass.OtherNeutral;
    }
}
