using IotXmpp.Things;

namespace IotXmpp.Gateway.Pi;

/// <summary>The pins of the Raspberry Pi's forty-pin header, as <c>hardware/Boards</c> has them: a test holds them equal.</summary>
public static class PiPins
{
    private static readonly string[] Roles = ["i2c-sda", "i2c-scl", "onewire", "dht22", "pir", "relay", "servo", "led", "button"];
    private static readonly int[] RoleGpios = [2, 3, 4, 27, 22, 17, 19, 18, 5];

    /// <summary>Raspberry Pi 4.</summary>
    public static BoardPins Pi4 { get; } = Header("raspberry-pi-4");

    /// <summary>Raspberry Pi Zero 2 W.</summary>
    public static BoardPins PiZero2W { get; } = Header("raspberry-pi-zero-2w");

    /// <summary>The boards there are.</summary>
    public static IReadOnlyList<BoardPins> All { get; } = [Pi4, PiZero2W];

    /// <summary>Finds a board.</summary>
    /// <param name="board">Its name.</param>
    /// <returns>The board's pins, or null.</returns>
    public static BoardPins? Find(string board) => All.FirstOrDefault(pins => pins.Board == board);

    private static BoardPins Header(string board)
    {
        int[] gpios = [.. Enumerable.Range(0, 28)];
        int[] can = [.. gpios.Select(gpio => PinCan.Digital | (gpio is 12 or 13 or 18 or 19 ? PinCan.Pwm : 0) | (gpio < 2 ? PinCan.Reserved : 0))];
        return new BoardPins(board, gpios, can, Roles, RoleGpios);
    }
}
