using IotXmpp.Things;

namespace IotXmpp.Gateway.Pi;

/// <summary>The settings <c>board</c> and <c>parts</c>: which board this is, and what is wired to its pins.</summary>
public static class PartSettings
{
    /// <summary>Fields of a sample that are the gateway's own: its health, and what a rule did.</summary>
    public const int OwnFields = 5;

    /// <summary>Where the kernel tells which board this is.</summary>
    public const string ModelFile = "/proc/device-tree/model";

    /// <summary>Reads the two settings and holds them against each other.</summary>
    /// <param name="board">The board's name; null to ask the machine.</param>
    /// <param name="parts">The part list; empty for none.</param>
    /// <param name="modelFile">Where the machine says what it is.</param>
    /// <returns>The board, or null where there is none and none is needed; the list.</returns>
    /// <exception cref="GatewaySettingsException">There is no such board, or the parts do not fit it; the message is one line.</exception>
    public static (BoardPins? Board, string Parts) Read(string? board, string parts, string modelFile = ModelFile)
    {
        ArgumentNullException.ThrowIfNull(parts);
        BoardPins? pins = board is null ? Detect(modelFile) : PiPins.Find(board) ?? throw new GatewaySettingsException($"board: there is no \"{board}\"; there are {Names}.");
        parts = parts.Replace('\n', ' ').Trim();
        if (parts.Length == 0)
        {
            return (pins, parts);
        }

        if (PartList.Parse(parts, out string? wrong) is not { } list)
        {
            throw new GatewaySettingsException($"parts: {wrong}.");
        }

        if (pins is null)
        {
            throw new GatewaySettingsException($"parts: this machine does not say which board it is; --board says it: {Names}.");
        }

        if (list.Check(pins) is { } misfit)
        {
            throw new GatewaySettingsException($"parts: {misfit}.");
        }

        int fields = Enumerable.Range(0, list.Count).Sum(i => list[i].Kind.Fields.Length) + OwnFields;
        return fields <= Sample.MaxFields
            ? (pins, parts)
            : throw new GatewaySettingsException($"parts: with the gateway's own {OwnFields} fields they make {fields}; a sample holds {Sample.MaxFields}.");
    }

    /// <summary>Opens the hardware and makes the parts of the settings.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="io">The pins; null for the machine's own.</param>
    /// <param name="kept">Where parts keep what was set.</param>
    /// <param name="opened">What was opened here and is to be closed at the end; null for nothing.</param>
    /// <exception cref="GatewaySettingsException">They cannot be opened; the message is one line.</exception>
    public static ThingPart[] Open(GatewaySettings settings, IBoardIo? io, Xmpp.ISettings kept, out IDisposable? opened)
    {
        ArgumentNullException.ThrowIfNull(settings);
        opened = null;
        if (settings.Parts.Length == 0)
        {
            return [];
        }

        if (io is null)
        {
            try
            {
                var own = new PiIo(settings.Board ?? throw new GatewaySettingsException("parts: there is no board"));
                opened = own;
                io = own;
            }
#pragma warning disable CA1031 // System.Device.Gpio throws what its drivers throw: no chip, no library, no right; here it becomes one line
            catch (Exception e) when (e is not GatewaySettingsException)
#pragma warning restore CA1031
            {
                throw new GatewaySettingsException($"parts: the pins of this machine cannot be opened: {Reason(e)}", e);
            }
        }

        string? wrong = null;
        if (PartList.Parse(settings.Parts, out wrong)?.Make(io, kept, out wrong) is { } parts)
        {
            return parts;
        }

        opened?.Dispose();
        throw new GatewaySettingsException($"parts: {wrong?.ReplaceLineEndings(" ")}");
    }

    // The innermost says it: "Exception while calling libgpiod" has the missing library inside.
    private static string Reason(Exception e)
    {
        Exception inner = e;
        while (inner.InnerException is { } next)
        {
            inner = next;
        }

        return inner is DllNotFoundException ? "the library libgpiod is missing; install it (Debian: libgpiod3, or libgpiod2 before trixie)" : inner.Message.ReplaceLineEndings(" ");
    }

    private static string Names => string.Join(", ", PiPins.All.Select(b => b.Board));

    // "Raspberry Pi 4 Model B Rev 1.4" with a NUL at its end.
    private static BoardPins? Detect(string modelFile)
    {
        try
        {
            string model = File.Exists(modelFile) ? File.ReadAllText(modelFile) : string.Empty;
            return model.StartsWith("Raspberry Pi 4", StringComparison.Ordinal) ? PiPins.Pi4
                : model.StartsWith("Raspberry Pi Zero 2", StringComparison.Ordinal) ? PiPins.PiZero2W
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // a machine that does not tell; then --board is needed, and said
        }
    }
}
