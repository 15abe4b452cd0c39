namespace IotXmpp.Virtual;

/// <summary>What must hold for a board beyond the form of its file.</summary>
internal static class PinoutRules
{
    /// <summary>What a role's pin must be able to do.</summary>
    private static readonly Dictionary<string, (Func<BoardPin, bool> Can, string Words)> Needs = new(StringComparer.Ordinal)
    {
        ["i2c-sda"] = (p => p.IsOutput, "be driven and read"),
        ["i2c-scl"] = (p => p.IsOutput, "be driven and read"),
        ["onewire"] = (p => p.IsOutput, "be driven and read"),
        ["onewire-rx"] = (p => p.IsInput, "be read"),
        ["dht22"] = (p => p.IsOutput, "be driven and read"),
        ["pir"] = (p => p.IsInput, "be read"),
        ["soil"] = (p => p.AdcChannel >= 0, "measure a voltage"),
        ["battery"] = (p => p.AdcChannel >= 0, "measure a voltage"),
        ["relay"] = (p => p.IsOutput, "be driven"),
        ["servo"] = (p => p.IsPwm, "give pulses of a width"),
        ["led"] = (p => p.IsPwm, "give pulses of a width"),
        ["button"] = (p => p.IsInput, "be read"),
    };

    internal static void Check(BoardPinout board)
    {
        string? wrong = WrongPlace(board) ?? WrongPin(board) ?? WrongRole(board) ?? WrongSerial(board) ?? WrongLayout(board);
        if (wrong is not null)
        {
            throw new FormatException($"pins.json of {board.Board}: {wrong}.");
        }
    }

    private static string? WrongPlace(BoardPinout board)
    {
        var places = new HashSet<(string, int)>();
        foreach ((string header, int position) in board.Pins.Select(p => (p.Header, p.Position)).Concat(board.Power.Select(p => (p.Header, p.Position))))
        {
            if (board.Headers.FirstOrDefault(h => h.Name == header) is not { } row || position < 1 || position > row.Pins)
            {
                return $"there is no pin {position} on header {header}";
            }

            if (!places.Add((header, position)))
            {
                return $"two pins are at {header}.{position}";
            }
        }

        return board.Headers.Sum(h => h.Pins) == places.Count ? null : "a header has pins that are not told";
    }

    private static string? WrongPin(BoardPinout board)
    {
        var seen = new HashSet<int>();
        foreach (BoardPin pin in board.Pins)
        {
            if (!seen.Add(pin.Gpio))
            {
                return $"GPIO {pin.Gpio} is told twice";
            }

            if (pin.Can.FirstOrDefault(c => c is not ("input" or "digital" or "pwm" or "touch") && !IsAdc(c)) is { } unknown)
            {
                return $"GPIO {pin.Gpio} can \"{unknown}\", which is not known (input, digital, pwm, touch, adc1:N)";
            }

            if (!pin.IsInput || (pin.IsPwm && !pin.IsOutput))
            {
                return $"GPIO {pin.Gpio} says neither input nor digital, or pwm without digital";
            }

            if (pin.IsReserved && pin.Note.Length == 0)
            {
                return $"GPIO {pin.Gpio} is reserved and does not say why";
            }
        }

        IGrouping<int, BoardPin>? twice = board.Pins.Where(p => p.AdcChannel >= 0).GroupBy(p => p.AdcChannel).FirstOrDefault(g => g.Count() > 1);
        return twice is null ? null : $"channel {twice.Key} of the converter has two pins";
    }

    private static string? WrongRole(BoardPinout board)
    {
        var used = new Dictionary<int, string>();
        foreach ((string role, int gpio) in board.Roles)
        {
            if (!Needs.TryGetValue(role, out (Func<BoardPin, bool> Can, string Words) need))
            {
                return $"\"{role}\" is no role ({string.Join(", ", Needs.Keys)})";
            }

            if (board.Pin(gpio) is not { } pin)
            {
                return $"{role} is at GPIO {gpio}, which the board does not have";
            }

            if (pin.IsReserved)
            {
                return $"{role} is at GPIO {gpio}, which is reserved: {pin.Note}";
            }

            if (!need.Can(pin))
            {
                return $"{role} is at GPIO {gpio}, which cannot {need.Words}";
            }

            if (!used.TryAdd(gpio, role))
            {
                return $"{used[gpio]} and {role} are both at GPIO {gpio}";
            }
        }

        return null;
    }

    private static string? WrongSerial(BoardPinout board)
    {
        if (board.Serial is not { } serial)
        {
            return null;
        }

        if (serial.Tx == serial.Rx)
        {
            return "the serial line has one pin for both directions";
        }

        foreach (int gpio in (int[])[serial.Tx, serial.Rx])
        {
            if (board.Pin(gpio) is not { IsReserved: false } pin || !pin.IsInput || (gpio == serial.Tx && !pin.IsOutput))
            {
                return $"the serial line is at GPIO {gpio}, which cannot be that";
            }

            if (board.Roles.FirstOrDefault(r => r.Value == gpio).Key is { } role)
            {
                return $"the serial line and {role} are both at GPIO {gpio}";
            }
        }

        return null;
    }

    private static string? WrongLayout(BoardPinout board)
    {
        if (board.Nano is not { } nano)
        {
            return board.Family == "esp32" ? "an esp32 needs \"nano\"" : null;
        }

        return nano.RuntimeAddress > nano.PartitionsAddress && nano.DeployAddress > nano.RuntimeAddress && nano.ConfigAddress >= nano.DeployAddress + nano.DeployBytes
            && nano.ConfigAddress + nano.ConfigBytes <= board.FlashBytes
            ? null
            : "the partitions overlap or leave the flash";
    }

    private static bool IsAdc(string can) => can.Length == 6 && can.StartsWith("adc1:", StringComparison.Ordinal) && char.IsAsciiDigit(can[5]);
}
