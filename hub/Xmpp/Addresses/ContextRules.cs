using System.Globalization;

namespace IotXmpp.Hub.Addresses;

/// <summary>The contextual rules of RFC 5892 appendix A, which PRECIS takes over (RFC 8264 §9.2).</summary>
internal static class ContextRules
{
    /// <summary>True when the code point at <paramref name="index"/> may stand there; <paramref name="label"/> is the whole label or string.</summary>
    public static bool Allows(ReadOnlySpan<int> label, int index)
    {
        int codePoint = label[index];
        switch (codePoint)
        {
            case 0x200C: // A.1 zero width non-joiner
                return AfterVirama(label, index) || BetweenJoining(label, index);
            case 0x200D: // A.2 zero width joiner
                return AfterVirama(label, index);
            case 0x00B7: // A.3 middle dot, between two l of Catalan
                return index > 0 && index < label.Length - 1 && label[index - 1] == 'l' && label[index + 1] == 'l';
            case 0x0375: // A.4 Greek lower numeral sign
                return index < label.Length - 1 && UnicodeTables.Contains(UnicodeTables.Greek, label[index + 1]);
            case 0x05F3 or 0x05F4: // A.5, A.6 Hebrew geresh and gershayim
                return index > 0 && UnicodeTables.Contains(UnicodeTables.Hebrew, label[index - 1]);
            case 0x30FB: // A.7 Katakana middle dot
                return AnyIn(label, UnicodeTables.JapaneseOrHan);
            case >= 0x0660 and <= 0x0669: // A.8 Arabic-Indic digits, not mixed with the extended ones
                return !AnyIn(label, [0x06F0, 0x06F9]);
            case >= 0x06F0 and <= 0x06F9: // A.9
                return !AnyIn(label, [0x0660, 0x0669]);
            default:
                return false;
        }
    }

    private static bool AfterVirama(ReadOnlySpan<int> label, int index)
        => index > 0 && UnicodeTables.Contains(UnicodeTables.Virama, label[index - 1]);

    /// <summary>(Joining_Type:{L,D})(Joining_Type:T)* ZWNJ (Joining_Type:T)*(Joining_Type:{R,D})</summary>
    private static bool BetweenJoining(ReadOnlySpan<int> label, int index)
    {
        int before = index - 1;
        while (before >= 0 && IsTransparent(label[before]))
        {
            before--;
        }

        int after = index + 1;
        while (after < label.Length && IsTransparent(label[after]))
        {
            after++;
        }

        return before >= 0 && after < label.Length
            && (UnicodeTables.Contains(UnicodeTables.JoiningDual, label[before]) || UnicodeTables.Contains(UnicodeTables.JoiningLeft, label[before]))
            && (UnicodeTables.Contains(UnicodeTables.JoiningDual, label[after]) || UnicodeTables.Contains(UnicodeTables.JoiningRight, label[after]));
    }

    /// <summary>Joining_Type T: marks and format characters; the joiners themselves are not.</summary>
    private static bool IsTransparent(int codePoint)
        => codePoint is not (0x200C or 0x200D) && CharUnicodeInfo.GetUnicodeCategory(codePoint)
            is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format;

    private static bool AnyIn(ReadOnlySpan<int> label, ReadOnlySpan<int> ranges)
    {
        foreach (int codePoint in label)
        {
            if (UnicodeTables.Contains(ranges, codePoint))
            {
                return true;
            }
        }

        return false;
    }
}
