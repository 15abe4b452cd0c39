using System.Text.RegularExpressions;

namespace IotXmpp.Cli.Flash.Nanoff;

/// <summary>What nanoff says about a chip.</summary>
/// <param name="Type">Its type, such as <c>ESP32-S3</c>.</param>
/// <param name="Name">Its name with the revision.</param>
/// <param name="Mac">Its MAC address, or "".</param>
/// <param name="FlashMegabytes">Its flash, or 0 when it was not told.</param>
internal sealed record ChipDetails(string Type, string Name, string Mac, int FlashMegabytes);

/// <summary>Reads what nanoff prints. Its exit codes are the numbers of its errors, of which Unix keeps eight bits, and some faults do not change them: the text decides.</summary>
internal static partial class NanoffOutput
{
    /// <summary>Its version; null when the output names none.</summary>
    public static Version? Version(string output) => VersionPattern().Match(output) is { Success: true } match ? System.Version.Parse(match.Groups[1].Value) : null;

    /// <summary>The number of the error that it ended with, such as <c>E4000</c>; null when it told none.</summary>
    public static string? Error(string output) => ErrorPattern().Match(output) is { Success: true } match ? match.Groups[1].Value : null;

    /// <summary>The whole line of that error; "" when there is none.</summary>
    public static string ErrorLine(string output) => Lines(output).FirstOrDefault(l => ErrorPattern().IsMatch(l)) ?? string.Empty;

    /// <summary>The chip that it is connected to; null when it does not say.</summary>
    public static ChipDetails? Chip(string output)
    {
        string[] lines = [.. Lines(output)];
        int at = Array.FindIndex(lines, l => l.EndsWith("Connected to:", StringComparison.Ordinal));
        if (at < 0 || at + 1 >= lines.Length)
        {
            return null;
        }

        // ESP32-S3 (ESP32-S3 (QFN56) (revision v0.2)), or the type alone.
        Match match = ChipPattern().Match(lines[at + 1]);
        if (!match.Success)
        {
            return null;
        }

        string mac = lines.FirstOrDefault(l => l.StartsWith("MAC ", StringComparison.Ordinal))?[4..] ?? string.Empty;
        Match flash = FlashPattern().Match(output);
        return new ChipDetails(match.Groups[1].Value, match.Groups[2].Success ? match.Groups[2].Value : match.Groups[1].Value, mac, flash.Success ? int.Parse(flash.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture) : 0);
    }

    /// <summary>The files that it was told to write and did not: it ends with 0 all the same.</summary>
    /// <param name="output">What it said.</param>
    /// <param name="destinations">The files, as they are named on the board.</param>
    public static IReadOnlyList<string> MissingFiles(string output, IEnumerable<string> destinations)
    {
        // "Deploying file SOURCE to DESTINATION...OK" on one line; an error stands on the next one instead.
        string[] lines = [.. Lines(output)];
        return [.. destinations.Where(d => !lines.Any(l => l.StartsWith("Deploying file ", StringComparison.Ordinal) && l.EndsWith($" to {d}...OK", StringComparison.Ordinal)))];
    }

    /// <summary>Whether the network settings were taken: both of its two steps have said so.</summary>
    public static bool NetworkWritten(string output) =>
        output.Contains("Updating network configuration...OK", StringComparison.Ordinal) && output.Contains("Updating wireless configuration...OK", StringComparison.Ordinal);

    /// <summary>Whether the chip could not be restarted into its program by the serial lines.</summary>
    public static bool NeedsButton(string output) => output.Contains("is in 'download mode'", StringComparison.Ordinal);

    private static IEnumerable<string> Lines(string output) => output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(@"(?:nanoff|Flasher)\s+v?(\d+\.\d+(?:\.\d+)?)", RegexOptions.IgnoreCase)]
    private static partial Regex VersionPattern();

    [GeneratedRegex(@"(?:^|Error )(E\d{4})\b", RegexOptions.Multiline)]
    private static partial Regex ErrorPattern();

    [GeneratedRegex(@"^(ESP32(?:-[A-Z0-9]+)?)(?: \((.+)\))?$")]
    private static partial Regex ChipPattern();

    [GeneratedRegex(@"Flash size (\d+)MB")]
    private static partial Regex FlashPattern();
}
