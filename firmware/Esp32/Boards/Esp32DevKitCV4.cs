using IotXmpp.Things;

namespace IotXmpp.Esp32;

/// <summary>The pins of the board esp32-devkitc-v4: hardware/Boards/esp32-devkitc-v4/pins.json as constants, held equal by a test. Made when asked for, so that a board holds its own table only.</summary>
public static class Esp32DevKitCV4
{
    /// <summary>The board's name.</summary>
    public const string Name = "esp32-devkitc-v4";

    /// <summary>Makes its table.</summary>
    public static BoardPins Pins()
    {
        int[] can = new int[]
        {
            PinCan.Input, // 0
            PinCan.Digital | PinCan.Pwm | PinCan.Reserved, // 1
            PinCan.Digital | PinCan.Pwm | PinCan.Touch | PinCan.Reserved, // 2
            PinCan.Digital | PinCan.Pwm | PinCan.Reserved, // 3
            PinCan.Digital | PinCan.Pwm | PinCan.Touch, // 4
            PinCan.Digital | PinCan.Pwm | PinCan.Reserved, // 5
            PinCan.Digital | PinCan.Reserved, // 6
            PinCan.Digital | PinCan.Reserved, // 7
            PinCan.Digital | PinCan.Reserved, // 8
            PinCan.Digital | PinCan.Reserved, // 9
            PinCan.Digital | PinCan.Reserved, // 10
            PinCan.Digital | PinCan.Reserved, // 11
            PinCan.Digital | PinCan.Pwm | PinCan.Touch | PinCan.Reserved, // 12
            PinCan.Digital | PinCan.Pwm | PinCan.Touch, // 13
            PinCan.Digital | PinCan.Pwm | PinCan.Touch, // 14
            PinCan.Digital | PinCan.Pwm | PinCan.Touch | PinCan.Reserved, // 15
            PinCan.Digital | PinCan.Pwm, // 16
            PinCan.Digital | PinCan.Pwm, // 17
            PinCan.Digital | PinCan.Pwm, // 18
            PinCan.Digital | PinCan.Pwm, // 19
            PinCan.Digital | PinCan.Pwm, // 21
            PinCan.Digital | PinCan.Pwm, // 22
            PinCan.Digital | PinCan.Pwm, // 23
            PinCan.Digital | PinCan.Pwm, // 25
            PinCan.Digital | PinCan.Pwm, // 26
            PinCan.Digital | PinCan.Pwm | PinCan.Touch, // 27
            PinCan.Digital | PinCan.Pwm | PinCan.Adc(4) | PinCan.Touch, // 32
            PinCan.Digital | PinCan.Pwm | PinCan.Adc(5) | PinCan.Touch, // 33
            PinCan.Input | PinCan.Adc(6), // 34
            PinCan.Input | PinCan.Adc(7), // 35
            PinCan.Input | PinCan.Adc(0), // 36
            PinCan.Input | PinCan.Adc(3), // 39
        };
        return new BoardPins(
            Name,
            new int[] { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22, 23, 25, 26, 27, 32, 33, 34, 35, 36, 39 },
            can,
            new string[] { "i2c-sda", "i2c-scl", "onewire", "onewire-rx", "dht22", "pir", "soil", "battery", "relay", "servo", "led", "button" },
            new int[] { 21, 22, 18, 19, 33, 23, 34, 35, 25, 26, 27, 0 })
        {
            SerialTx = 4,
            SerialRx = 13,
        };
    }
}
