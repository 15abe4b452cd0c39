using IotXmpp.Things;
using IotXmpp.Virtual;

namespace IotXmpp.Cli.Boards;

/// <summary>The boards that IotXmpp knows (<c>hardware/Boards</c>), as commands need them.</summary>
internal static class KnownBoards
{
    /// <summary>Finds a board by its id or one of its other ids.</summary>
    /// <exception cref="CliException">There is none.</exception>
    public static BoardPinout Find(string name) => BoardPinout.Find(name)
        ?? throw new CliException(ExitCode.Usage, $"there is no board '{name}'; there are {string.Join(", ", BoardPinout.All.Select(b => b.Board))} (iotxmpp board list)");

    /// <summary>The ids of those that are flashed.</summary>
    public static IEnumerable<string> Flashed => BoardPinout.All.Where(b => b.Nano is not null).Select(b => b.Board);

    /// <summary>The pins as a part list is held against them.</summary>
    public static BoardPins ToPins(this BoardPinout board) => new(
        board.Board, [.. board.Pins.Select(p => p.Gpio)], [.. board.Pins.Select(CanOf)], [.. board.Roles.Keys], [.. board.Roles.Values]);

    /// <summary>An address of flash as nanoff takes it.</summary>
    public static string Hex(int address) => $"0x{address:X}";

    private static int CanOf(BoardPin pin) =>
        (pin.IsInput ? PinCan.Input : 0) | (pin.IsOutput ? PinCan.Output : 0) | (pin.IsPwm ? PinCan.Pwm : 0) | (pin.Can.Contains("touch") ? PinCan.Touch : 0)
        | (pin.IsReserved ? PinCan.Reserved : 0) | (pin.AdcChannel >= 0 ? PinCan.Adc(pin.AdcChannel) : 0);
}
