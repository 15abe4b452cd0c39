using IotXmpp.Things;

namespace IotXmpp.Virtual;

/// <summary>The pins of boards as firmware has them: those of <c>hardware/Boards</c>, and of a bench where every pin can do everything.</summary>
public static class BoardTable
{
    /// <summary>A board of 49 pins that can do everything; the first twenty are analog inputs too.</summary>
    public static BoardPins Bench { get; } = new(
        "bench",
        [.. Enumerable.Range(0, VirtualGpioDriver.DefaultPinCount)],
        [.. Enumerable.Range(0, VirtualGpioDriver.DefaultPinCount).Select(gpio => PinCan.Digital | PinCan.Pwm | (gpio < 20 ? PinCan.Adc(gpio) : 0))],
        ["battery", "soil", "led", "button", "relay", "pir", "servo", "i2c-sda", "i2c-scl", "onewire", "dht22"],
        [0, 1, 2, 4, 5, 6, 7, 8, 9, 15, 16]);

    /// <summary>The pins of a board.</summary>
    /// <param name="board">Its name, or another name that its file gives it.</param>
    /// <exception cref="ArgumentException">There is no such board; the message names those there are.</exception>
    public static BoardPins Find(string board)
        => Of(BoardPinout.Find(board) ?? throw new ArgumentException($"There is no board \"{board}\": {string.Join(", ", BoardPinout.All.Select(b => b.Board))}.", nameof(board)));

    /// <summary>A board's file as firmware has it.</summary>
    /// <param name="pinout">The file.</param>
    public static BoardPins Of(BoardPinout pinout)
    {
        ArgumentNullException.ThrowIfNull(pinout);
        return new BoardPins(
            pinout.Board,
            [.. pinout.Pins.Select(pin => pin.Gpio)],
            [.. pinout.Pins.Select(Can)],
            [.. pinout.Roles.Keys],
            [.. pinout.Roles.Values])
        { SerialTx = pinout.Serial?.Tx ?? -1, SerialRx = pinout.Serial?.Rx ?? -1 };
    }

    private static int Can(BoardPin pin)
        => (pin.IsInput ? PinCan.Input : 0)
            | (pin.IsOutput ? PinCan.Output : 0)
            | (pin.IsPwm ? PinCan.Pwm : 0)
            | (pin.AdcChannel >= 0 ? PinCan.Adc(pin.AdcChannel) : 0)
            | (pin.Can.Contains("touch") ? PinCan.Touch : 0)
            | (pin.IsReserved ? PinCan.Reserved : 0);
}
