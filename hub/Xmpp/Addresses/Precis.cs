using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace IotXmpp.Hub.Addresses;

/// <summary>The PRECIS profiles (RFC 8265) that XMPP uses. They never throw on bad input; a result may be compared octet by octet.</summary>
public static class Precis
{
    /// <summary>
    /// The most UTF-16 code units that a profile looks at: three times the octets that may come out, since mappings shorten
    /// (a decomposed letter of three code points becomes one). It bounds the work that a peer can cause.
    /// </summary>
    internal const int MaxInputChars = 3 * JidPrep.MaxPartBytes;

    /// <summary>UsernameCaseMapped (RFC 8265 §3.3): width, lower case, NFC, Bidi Rule, IdentifierClass; false when refused or empty.</summary>
    public static bool TryUsernameCaseMapped(ReadOnlySpan<char> text, [NotNullWhen(true)] out string? result)
    {
        result = null;
        if (text.Length > MaxInputChars || !TryScalars(text, out int[] scalars))
        {
            return false;
        }

        for (int i = 0; i < scalars.Length; i++)
        {
            scalars[i] = CodePoints.MapWidth(scalars[i]);
        }

        // The class is checked before the other rules as well (§3.3.1): normalization would hide code points with a singleton decomposition.
        if (!IsInClass(scalars, freeform: false))
        {
            return false;
        }

        var lower = new List<int>(scalars.Length);
        foreach (int scalar in scalars)
        {
            lower.Add(CodePoints.ToLower(scalar));
            if (scalar == 0x130)
            {
                lower.Add(0x307);
            }
        }

        string normalized = ToText(CollectionsMarshal.AsSpan(lower)).Normalize(NormalizationForm.FormC);
        if (!TryScalars(normalized, out int[] final) || final.Length == 0 || !IsInClass(final, freeform: false)
            || (BidiRule.IsRightToLeft(final) && !BidiRule.IsSatisfied(final)))
        {
            return false;
        }

        result = normalized;
        return true;
    }

    /// <summary>OpaqueString (RFC 8265 §4.2): spaces of any script to SPACE, NFC, FreeformClass; false when refused or empty.</summary>
    public static bool TryOpaqueString(ReadOnlySpan<char> text, [NotNullWhen(true)] out string? result)
    {
        result = null;
        if (text.Length > MaxInputChars || !TryScalars(text, out int[] scalars) || !IsInClass(scalars, freeform: true))
        {
            return false;
        }

        for (int i = 0; i < scalars.Length; i++)
        {
            if (scalars[i] >= 0x80 && CharUnicodeInfo.GetUnicodeCategory(scalars[i]) == UnicodeCategory.SpaceSeparator)
            {
                scalars[i] = ' ';
            }
        }

        string normalized = ToText(scalars).Normalize(NormalizationForm.FormC);
        if (!TryScalars(normalized, out int[] final) || final.Length == 0 || !IsInClass(final, freeform: true))
        {
            return false;
        }

        result = normalized;
        return true;
    }

    /// <summary>The text of Unicode scalar values.</summary>
    internal static string ToText(ReadOnlySpan<int> scalars)
    {
        char[] text = new char[2 * scalars.Length];
        int length = 0;
        foreach (int scalar in scalars)
        {
            length += new Rune(scalar).EncodeToUtf16(text.AsSpan(length));
        }

        return new string(text, 0, length);
    }

    /// <summary>
    /// The Unicode scalar values of a string; false when it has a surrogate alone or a noncharacter, which every class refuses and normalization cannot bear.
    /// </summary>
    internal static bool TryScalars(ReadOnlySpan<char> text, out int[] scalars)
    {
        var found = new int[text.Length];
        int count = 0;
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out Rune rune, out int consumed) != OperationStatus.Done
                || (rune.Value & 0xFFFE) == 0xFFFE || rune.Value is >= 0xFDD0 and <= 0xFDEF)
            {
                scalars = [];
                return false;
            }

            found[count++] = rune.Value;
            text = text[consumed..];
        }

        scalars = count == found.Length ? found : found[..count];
        return true;
    }

    private static bool IsInClass(int[] scalars, bool freeform)
    {
        // If the whole string is NFKC, no code point of it has a compatibility mapping, and the dear look at each one is spared.
        bool mayHaveCompat = !IsNfkc(scalars);
        for (int i = 0; i < scalars.Length; i++)
        {
            bool allowed = CodePoints.Precis(scalars[i], mayHaveCompat) switch
            {
                CodePointProperty.Valid => true,
                CodePointProperty.FreeformOnly => freeform,
                CodePointProperty.Contextual => ContextRules.Allows(scalars, i),
                _ => false,
            };
            if (!allowed)
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsNfkc(int[] scalars) => ToText(scalars).IsNormalized(NormalizationForm.FormKC);
}
