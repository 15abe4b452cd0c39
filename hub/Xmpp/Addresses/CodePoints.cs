using System.Globalization;
using System.Text;

namespace IotXmpp.Hub.Addresses;

/// <summary>What a string class says of a code point (RFC 8264 §8, RFC 5892 §3).</summary>
internal enum CodePointProperty
{
    /// <summary>Allowed.</summary>
    Valid,

    /// <summary>Allowed in FreeformClass only (<c>ID_DIS or FREE_PVAL</c>).</summary>
    FreeformOnly,

    /// <summary>Allowed where its contextual rule says so (CONTEXTJ, CONTEXTO).</summary>
    Contextual,

    /// <summary>Refused, also when it is unassigned.</summary>
    Disallowed,
}

/// <summary>The derived properties of PRECIS (RFC 8264 §8) and of IDNA2008 (RFC 5892 §3), computed from .NET's Unicode data.</summary>
internal static class CodePoints
{
    /// <summary>RFC 8264 §8: the property of a code point in the classes IdentifierClass and FreeformClass.</summary>
    /// <param name="codePoint">A Unicode scalar value.</param>
    /// <param name="mayHaveCompat">False when the whole string is known to be NFKC, so that no code point has a compatibility mapping.</param>
    public static CodePointProperty Precis(int codePoint, bool mayHaveCompat)
    {
        if (codePoint < 0x80)
        {
            return codePoint is >= 0x21 and <= 0x7E ? CodePointProperty.Valid
                : codePoint == 0x20 ? CodePointProperty.FreeformOnly
                : CodePointProperty.Disallowed;
        }

        if (TryException(codePoint, out CodePointProperty exception))
        {
            return exception;
        }

        UnicodeCategory category = CharUnicodeInfo.GetUnicodeCategory(codePoint);
        if (category == UnicodeCategory.OtherNotAssigned)
        {
            return CodePointProperty.Disallowed;
        }

        if (codePoint is 0x200C or 0x200D)
        {
            return CodePointProperty.Contextual;
        }

        if (IsOldHangulJamo(codePoint) || UnicodeTables.Contains(UnicodeTables.DefaultIgnorable, codePoint) || category == UnicodeCategory.Control)
        {
            return CodePointProperty.Disallowed;
        }

        if (mayHaveCompat && HasCompat(codePoint))
        {
            return CodePointProperty.FreeformOnly;
        }

        return category switch
        {
            _ when IsLetterDigit(category) => CodePointProperty.Valid,
            UnicodeCategory.TitlecaseLetter or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber or UnicodeCategory.EnclosingMark
                or UnicodeCategory.SpaceSeparator
                or UnicodeCategory.MathSymbol or UnicodeCategory.CurrencySymbol or UnicodeCategory.ModifierSymbol or UnicodeCategory.OtherSymbol
                or UnicodeCategory.ConnectorPunctuation or UnicodeCategory.DashPunctuation or UnicodeCategory.OpenPunctuation
                or UnicodeCategory.ClosePunctuation or UnicodeCategory.InitialQuotePunctuation or UnicodeCategory.FinalQuotePunctuation
                or UnicodeCategory.OtherPunctuation => CodePointProperty.FreeformOnly,
            _ => CodePointProperty.Disallowed,
        };
    }

    /// <summary>RFC 5892 §3: the property of a code point in a U-label.</summary>
    public static CodePointProperty Idna(int codePoint)
    {
        if (codePoint < 0x80)
        {
            return codePoint is '-' or (>= '0' and <= '9') or (>= 'a' and <= 'z') ? CodePointProperty.Valid : CodePointProperty.Disallowed;
        }

        if (TryException(codePoint, out CodePointProperty exception))
        {
            return exception;
        }

        UnicodeCategory category = CharUnicodeInfo.GetUnicodeCategory(codePoint);
        if (category == UnicodeCategory.OtherNotAssigned)
        {
            return CodePointProperty.Disallowed;
        }

        if (codePoint is 0x200C or 0x200D)
        {
            return CodePointProperty.Contextual;
        }

        bool valid = IsLetterDigit(category)
            && !IsOldHangulJamo(codePoint)
            && !UnicodeTables.Contains(UnicodeTables.DefaultIgnorable, codePoint)
            && codePoint is not ((>= 0x20D0 and <= 0x20FF) or (>= 0x1D100 and <= 0x1D1FF) or (>= 0x1D200 and <= 0x1D24F)) // IgnorableBlocks, §2.4
            && !IsUnstable(codePoint);
        return valid ? CodePointProperty.Valid : CodePointProperty.Disallowed;
    }

    /// <summary>
    /// The lower case of a code point (RFC 8264 §5.2.3). U+0130 has a lower case of two code points, which .NET's invariant casing does not know:
    /// the caller appends U+0307.
    /// </summary>
    public static int ToLower(int codePoint) => codePoint == 0x130 ? 'i' : Rune.ToLowerInvariant(new Rune(codePoint)).Value;

    /// <summary>Full-width and half-width code points to their decomposition (RFC 8265 §3.3.2 rule 1); everything else stays.</summary>
    public static int MapWidth(int codePoint)
    {
        if (codePoint == 0x3000)
        {
            return ' ';
        }

        if (codePoint is < 0xFF01 or > 0xFFEE)
        {
            return codePoint;
        }

        return codePoint switch
        {
            <= 0xFF5E => codePoint - 0xFEE0,
            0xFF5F => 0x2985,
            0xFF60 => 0x2986,
            // Half-width Hangul decomposes to compatibility jamo, one step above what NFKC would give.
            0xFFA0 => 0x3164,
            >= 0xFFA1 and <= 0xFFBE => codePoint - 0xFFA1 + 0x3131,
            >= 0xFFC2 and <= 0xFFC7 => codePoint - 0xFFC2 + 0x314F,
            >= 0xFFCA and <= 0xFFCF => codePoint - 0xFFCA + 0x3155,
            >= 0xFFD2 and <= 0xFFD7 => codePoint - 0xFFD2 + 0x315B,
            >= 0xFFDA and <= 0xFFDC => codePoint - 0xFFDA + 0x3161,
            0xFFE3 => 0x00AF,
            _ => SingleNfkc(codePoint),
        };
    }

    /// <summary>LetterDigits (RFC 8264 §9.1).</summary>
    private static bool IsLetterDigit(UnicodeCategory category) => category is UnicodeCategory.LowercaseLetter or UnicodeCategory.UppercaseLetter
        or UnicodeCategory.OtherLetter or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.ModifierLetter
        or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    /// <summary>Exceptions (RFC 5892 §2.6), the same for both.</summary>
    private static bool TryException(int codePoint, out CodePointProperty property)
    {
        switch (codePoint)
        {
            case 0x00DF or 0x03C2 or 0x06FD or 0x06FE or 0x0F0B or 0x3007:
                property = CodePointProperty.Valid;
                return true;
            case 0x00B7 or 0x0375 or 0x05F3 or 0x05F4 or 0x30FB or (>= 0x0660 and <= 0x0669) or (>= 0x06F0 and <= 0x06F9):
                property = CodePointProperty.Contextual;
                return true;
            case 0x0640 or 0x07FA or 0x302E or 0x302F or (>= 0x3031 and <= 0x3035) or 0x303B:
                property = CodePointProperty.Disallowed;
                return true;
            default:
                property = default;
                return false;
        }
    }

    /// <summary>OldHangulJamo (RFC 8264 §9.9).</summary>
    private static bool IsOldHangulJamo(int codePoint)
        => codePoint is (>= 0x1100 and <= 0x11FF) or (>= 0xA960 and <= 0xA97C) or (>= 0xD7B0 and <= 0xD7C6) or (>= 0xD7CB and <= 0xD7FB);

    /// <summary>HasCompat (RFC 8264 §9.17): NFKC changes it.</summary>
    private static bool HasCompat(int codePoint)
    {
        Span<char> text = stackalloc char[2];
        int length = new Rune(codePoint).EncodeToUtf16(text);
        return !((ReadOnlySpan<char>)text[..length]).IsNormalized(NormalizationForm.FormKC);
    }

    /// <summary>Unstable (RFC 5892 §2.2): NFKC(casefold(NFKC(cp))) is not cp.</summary>
    private static bool IsUnstable(int codePoint)
        => HasCompat(codePoint)
            || UnicodeTables.Contains(UnicodeTables.FoldUnstable, codePoint)
            || (ToLower(codePoint) != codePoint && !IsCherokeeCapital(codePoint));

    /// <summary>Cherokee folds to its capitals, which are older than its small letters.</summary>
    private static bool IsCherokeeCapital(int codePoint) => codePoint is >= 0x13A0 and <= 0x13F5;

    private static int SingleNfkc(int codePoint)
    {
        string mapped = new Rune(codePoint).ToString().Normalize(NormalizationForm.FormKC);
        return Rune.TryGetRuneAt(mapped, 0, out Rune rune) && rune.Utf16SequenceLength == mapped.Length ? rune.Value : codePoint;
    }
}
