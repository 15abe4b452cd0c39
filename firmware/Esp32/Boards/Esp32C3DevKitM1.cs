using IotXmpp.Things;

namespace IotXmpp.Esp32;

/// <summary>The pins of the board esp32-c3-devkitm-1: hardware/Boards/esp32-c3-devkitm-1/pins.json as constants, held equal by a test. Made when asked for, so that a board holds its own table only.</summary>
public static class Esp32C3DevKitM1
{
    /// <summary>The board's name.</summary>
    public const string Name = "esp32-c3-devkitm-1";

    /// <summary>Makes its table.</summary>
    public static BoardPins Pins()
    {
        int[] can = new int[]
        {
            PinCan.Digital | PinCan.Pwm | PinCan.Adc(0), // 0
            PinCan.Digital | PinCan.Pwm | PinCan.Adc(1), // 1
            PinCan.Digital | PinCan.Pwm | PinCan.Adc(2) | PinCan.Reserved, // 2
            PinCan.Digital | PinCan.Pwm | PinCan.Adc(3), // 3
            PinCan.Digital | PinCan.Pwm | PinCan.Adc(4), // 4
            PinCan.Digital | PinCan.Pwm, // 5
            PinCan.Digital | PinCan.Pwm, // 6
            PinCan.Digital | PinCan.Pwm, // 7
            PinCan.Digital | PinCan.Pwm | PinCan.Reserved, // 8
            PinCan.Input, // 9
            PinCan.Digital | PinCan.Pwm, // 10
            PinCan.Digital | PinCan.Pwm | PinCan.Reserved, // 18
            PinCan.Digital | PinCan.Pwm | PinCan.Reserved, // 19
            PinCan.Digital | PinCan.Pwm | PinCan.Reserved, // 20
            PinCan.Digital | PinCan.Pwm | PinCan.Reserved, // 21
        };
        return new BoardPins(
            Name,
            new int[] { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 18, 19, 20, 21 },
            can,
            new string[] { "i2c-sda", "i2c-scl", "dht22", "pir", "soil", "relay", "servo", "led", "button" },
            new int[] { 6, 7, 5, 4, 3, 10, 0, 1, 9 });
    }
}
