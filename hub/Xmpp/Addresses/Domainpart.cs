using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace IotXmpp.Hub.Addresses;

/// <summary>The way of a domainpart that is not plain ASCII letters, digits, hyphens and dots (RFC 7622 §3.2, RFC 5890–5893).</summary>
internal static class Domainpart
{
    /// <summary>An IPv6 address in brackets (RFC 7622 §3.2), in its canonical form (RFC 5952), so that equal addresses are equal octets.</summary>
    public static bool TryIpv6(ReadOnlySpan<char> text, [NotNullWhen(true)] out string? result)
    {
        result = null;
        if (text.Length < 4 || text[0] != '[' || text[^1] != ']')
        {
            return false;
        }

        ReadOnlySpan<char> inside = text[1..^1];
        // .NET's parser takes zones, prefixes and ports as well: only the characters of an address get there.
        if (inside.ContainsAnyExcept("0123456789abcdefABCDEF:.")
            || !IPAddress.TryParse(inside, out IPAddress? address) || address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return false;
        }

        result = $"[{address}]";
        return true;
    }

    /// <summary>A name with at least one U-label or A-label. A-labels become U-labels (§3.2.2), so that both spellings are one address.</summary>
    public static bool TryName(ReadOnlySpan<char> text, [NotNullWhen(true)] out string? result)
    {
        result = null;
        if (text.Length > Precis.MaxInputChars || !Precis.TryScalars(text, out int[] scalars))
        {
            return false;
        }

        for (int i = 0; i < scalars.Length; i++)
        {
            scalars[i] = Map(scalars[i]);
        }

        string mapped = Precis.ToText(scalars).Normalize(NormalizationForm.FormC);
        if (mapped.EndsWith('.'))
        {
            mapped = mapped[..^1];
        }

        var labels = new List<int[]>();
        var name = new StringBuilder(mapped.Length);
        foreach (string label in mapped.Split('.'))
        {
            if (!TryLabel(label, out int[] scalarsOfLabel))
            {
                return false;
            }

            labels.Add(scalarsOfLabel);
            name.Append(name.Length > 0 ? "." : "").Append(Precis.ToText(scalarsOfLabel));
        }

        // RFC 5893 §2: in a name with one right-to-left label, every label obeys.
        if (labels.Exists(label => BidiRule.IsRightToLeft(label)) && !labels.TrueForAll(label => BidiRule.IsSatisfied(label)))
        {
            return false;
        }

        result = name.ToString();
        return true;
    }

    /// <summary>True when an ASCII label is well formed: letters, digits, inner hyphens, no reserved <c>??--</c> (NR-LDH, RFC 5890 §2.3.1).</summary>
    public static bool IsLdhLabel(ReadOnlySpan<char> label)
        => label.Length is > 0 and <= Punycode.MaxLabel && label[0] != '-' && label[^1] != '-' && !(label.Length >= 4 && label[2] == '-' && label[3] == '-')
            && !label.ContainsAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789-");

    private static bool TryLabel(string label, out int[] scalars)
    {
        scalars = [];
        if (label.StartsWith("xn--", StringComparison.Ordinal))
        {
            // The A-label has to be the one spelling of its U-label (RFC 5891 §5.4).
            return label.Length <= Punycode.MaxLabel
                && Punycode.TryDecode(label.AsSpan(4), out scalars)
                && Array.Exists(scalars, scalar => scalar >= 0x80)
                && IsULabel(scalars)
                && Punycode.TryEncode(scalars, out string again) && label.AsSpan(4).SequenceEqual(again);
        }

        if (!Precis.TryScalars(label, out scalars))
        {
            return false;
        }

        return Array.TrueForAll(scalars, scalar => scalar < 0x80) ? IsLdhLabel(label) : IsULabel(scalars) && Punycode.TryEncode(scalars, out _);
    }

    /// <summary>RFC 5891 §4.2, §5.4 without the Bidi Rule, which belongs to the whole name.</summary>
    private static bool IsULabel(int[] label)
    {
        if (label.Length == 0 || label[0] == '-' || label[^1] == '-' || (label.Length >= 4 && label[2] == '-' && label[3] == '-')
            || System.Globalization.CharUnicodeInfo.GetUnicodeCategory(label[0]) is System.Globalization.UnicodeCategory.NonSpacingMark
                or System.Globalization.UnicodeCategory.SpacingCombiningMark or System.Globalization.UnicodeCategory.EnclosingMark)
        {
            return false;
        }

        for (int i = 0; i < label.Length; i++)
        {
            CodePointProperty property = CodePoints.Idna(label[i]);
            if (property != CodePointProperty.Valid && !(property == CodePointProperty.Contextual && ContextRules.Allows(label, i)))
            {
                return false;
            }
        }

        return Precis.ToText(label).IsNormalized(NormalizationForm.FormC);
    }

    /// <summary>RFC 5895: lower case, width, and the ideographic full stops as dots.</summary>
    private static int Map(int scalar)
    {
        int mapped = CodePoints.MapWidth(scalar);
        return mapped switch
        {
            0x3002 => '.',
            // Cherokee folds to its capitals.
            >= 0x13A0 and <= 0x13F5 => mapped,
            >= 0xAB70 and <= 0xABBF => mapped - 0xAB70 + 0x13A0,
            >= 0x13F8 and <= 0x13FD => mapped - 8,
            _ => CodePoints.ToLower(mapped),
        };
    }
}
