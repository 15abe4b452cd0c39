using IotXmpp.Things;

namespace IotXmpp.Esp32;

/// <summary>The pins of the board esp32-s3-devkitc-1: hardware/Boards/esp32-s3-devkitc-1/pins.json as constants, held equal by a test. Made when asked for, so that a board holds its own table only.</summary>
public static class Esp32S3DevKitC1
{
    /// <summary>The board's name.</summary>
    public const string Name = "esp32-s3-devkitc-1";

    /// <summary>Makes its table.</summary>
    public static BoardPins Pins()
    {
        int[] can = new int[]
        {
            PinCan.Input, // 0
            PinCan.Digital | PinCan.Pwm | PinCan.Adc(0) | PinCan.Touch, // 1
            PinCan.Digital | PinCan.Pwm | PinCan.Adc(1) | PinCan.Touch, // 2
            PinCan.Digital | PinCan.Pwm | PinCan.Adc(2) | PinCan.Touch | PinCan.Reserved, // 3
            PinCan.Digital | PinCan.Pwm | PinCan.Adc(3) | PinCan.Touch, // 4
            PinCan.Digital | PinCan.Pwm | PinCan.Adc(4) | PinCan.Touch, // 5
            PinCan.Digital | PinCan.Pwm | PinCan.Adc(5) | PinCan.Touch, // 6
            PinCan.Digital | PinCan.Pwm | PinCan.Adc(6) | PinCan.Touch, // 7
            PinCan.Digital | PinCan.Pwm | PinCan.Adc(7) | PinCan.Touch, // 8
            PinCan.Digital | PinCan.Pwm | PinCan.Adc(8) | PinCan.Touch, // 9
            PinCan.Digital | PinCan.Pwm | PinCan.Adc(9) | PinCan.Touch, // 10
            PinCan.Digital | PinCan.Pwm | PinCan.Touch, // 11
            PinCan.Digital | PinCan.Pwm | PinCan.Touch, // 12
            PinCan.Digital | PinCan.Pwm | PinCan.Touch, // 13
            PinCan.Digital | PinCan.Pwm | PinCan.Touch, // 14
            PinCan.Digital | PinCan.Pwm, // 15
            PinCan.Digital | PinCan.Pwm, // 16
            PinCan.Digital | PinCan.Pwm, // 17
            PinCan.Digital | PinCan.Pwm, // 18
            PinCan.Digital | PinCan.Pwm | PinCan.Reserved, // 19
            PinCan.Digital | PinCan.Pwm | PinCan.Reserved, // 20
            PinCan.Digital | PinCan.Pwm, // 21
            PinCan.Digital | PinCan.Pwm | PinCan.Reserved, // 35
            PinCan.Digital | PinCan.Pwm | PinCan.Reserved, // 36
            PinCan.Digital | PinCan.Pwm | PinCan.Reserved, // 37
            PinCan.Digital | PinCan.Pwm, // 38
            PinCan.Digital | PinCan.Pwm, // 39
            PinCan.Digital | PinCan.Pwm, // 40
            PinCan.Digital | PinCan.Pwm, // 41
            PinCan.Digital | PinCan.Pwm, // 42
            PinCan.Digital | PinCan.Pwm | PinCan.Reserved, // 43
            PinCan.Digital | PinCan.Pwm | PinCan.Reserved, // 44
            PinCan.Digital | PinCan.Pwm | PinCan.Reserved, // 45
            PinCan.Digital | PinCan.Pwm | PinCan.Reserved, // 46
            PinCan.Digital | PinCan.Pwm, // 47
            PinCan.Digital | PinCan.Pwm, // 48
        };
        return new BoardPins(
            Name,
            new int[] { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48 },
            can,
            new string[] { "i2c-sda", "i2c-scl", "onewire", "onewire-rx", "dht22", "pir", "soil", "battery", "relay", "servo", "led", "button" },
            new int[] { 8, 9, 15, 16, 4, 6, 1, 2, 5, 7, 21, 0 })
        {
            SerialTx = 17,
            SerialRx = 18,
        };
    }
}
