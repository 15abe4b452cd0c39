using IotXmpp.Virtual;

namespace IotXmpp.Wiring;

/// <summary>Draws a board from above with what is at each of its pins.</summary>
internal static class PinoutPicture
{
    private const double Pitch = 27;
    private const double Size = 14;
    private const double BoardWidth = 150;
    private const double Side = 244;
    private const double Margin = 14;

    private const string Gpio = "#dbe9ff";
    private const string GpioInk = "#0a3d91";
    private const string Adc = "#efe3ff";
    private const string AdcInk = "#5a2ca0";
    private const string Role = "#1a7f37";
    private const string Reserved = "#ffdcd7";
    private const string ReservedInk = "#a40e26";
    private const string Plain = "#eaeef2";
    private const string PlainInk = "#424a53";

    /// <summary>Draws a board.</summary>
    internal static string Draw(BoardPinout board)
    {
        (string Header, int Position)?[] left = Column(board, true);
        (string Header, int Position)?[] right = Column(board, false);
        int rows = Math.Max(left.Length, right.Length);
        var svg = new Svg();
        double width = (2 * Side) + BoardWidth + (2 * Margin);
        double x = Margin + Side;
        svg.Text(width / 2, 34, board.Name, 20, "#1f2328", "middle", true);
        svg.Text(width / 2, 56, board.Family == "esp32" ? "from above, USB at the bottom" : "the 40-pin header from above, USB ports at the bottom", 14, "#57606a", "middle");

        double top = 76;
        double first = top + (board.Family == "esp32" ? 74 : 34);
        double bottom = first + ((rows - 1) * Pitch) + (board.Family == "esp32" ? 58 : 26);
        svg.Box(x, top, BoardWidth, bottom - top, board.Family == "esp32" ? "#24292f" : "#1b5e3a", 8);
        if (board.Family == "esp32")
        {
            svg.Box(x + 26, top + 8, BoardWidth - 52, 44, "#6e7781", 3);
            svg.Text(x + (BoardWidth / 2), top + 35, "antenna", 14, "#fff", "middle");
            svg.Box(x + 52, bottom - 24, BoardWidth - 104, 30, "#c9d1d9", 4);
            svg.Text(x + (BoardWidth / 2), bottom - 4, "USB", 14, "#1f2328", "middle");
        }

        foreach (BoardHeader header in board.Headers.Where(h => h.Columns == 1))
        {
            double at = header.IsLeft ? x + 8 : x + BoardWidth - 8;
            svg.Text(at, first - 18, header.Name, 14, "#c9d1d9", header.IsLeft ? "start" : "end", true);
        }

        Rows(svg, board, left, x, first, true);
        Rows(svg, board, right, x + BoardWidth, first, false);
        double end = Legend(svg, board, bottom + 40, width);
        return svg.Finish(width, end, $"Pins of the {board.Name}");
    }

    private static (string Header, int Position)?[] Column(BoardPinout board, bool left)
    {
        if (board.Headers[0].Columns == 2)
        {
            return [.. Enumerable.Range(0, board.Headers[0].Pins / 2).Select(i => ((string, int)?)(board.Headers[0].Name, (2 * i) + (left ? 1 : 2)))];
        }

        BoardHeader header = board.Headers.First(h => h.IsLeft == left);
        return [.. Enumerable.Range(1, header.Pins).Select(i => ((string, int)?)(header.Name, i))];
    }

    private static void Rows(Svg svg, BoardPinout board, (string Header, int Position)?[] column, double edge, double first, bool left)
    {
        double sign = left ? -1 : 1;
        for (int i = 0; i < column.Length; i++)
        {
            (string header, int position) = column[i]!.Value;
            double y = first + (i * Pitch);
            double x = edge + (sign * 10);
            double pad = edge - (sign * 9);
            svg.Dot(pad, y, 6, "#e3b341");
            bool two = board.Headers[0].Columns == 2;
            string print = two ? position.ToString(System.Globalization.CultureInfo.InvariantCulture) : board.LabelAt(header, position);
            svg.Text(pad - (sign * 12), y + 5, print, Size, "#fff", left ? "start" : "end", true);
            if (board.GpioAt(header, position) is not { } pin)
            {
                string rail = board.RailAt(header, position);
                (string fill, string text) = rail switch { "3.3V" => (WireColor.Rgb("RD"), "3.3 V"), "5V" => (WireColor.Rgb("OG"), "5 V"), "GND" => (WireColor.Rgb("BK"), "GND"), _ => ("#57606a", "reset") };
                svg.Pill(x, y, text, Size, fill, "#fff", left);
                continue;
            }

            x += sign * (svg.Pill(x, y, $"GPIO {pin.Gpio}", Size, pin.IsReserved ? Plain : Gpio, pin.IsReserved ? PlainInk : GpioInk, left) + 6);
            if (pin.IsReserved)
            {
                svg.Pill(x, y, pin.Note.Split(':')[0], Size, Reserved, ReservedInk, left);
                continue;
            }

            if (pin.AdcChannel >= 0)
            {
                x += sign * (svg.Pill(x, y, $"A{pin.AdcChannel}", Size, Adc, AdcInk, left) + 6);
            }
            else if (!pin.IsOutput && pin.OnBoard is null)
            {
                x += sign * (svg.Pill(x, y, "in", Size, Plain, PlainInk, left) + 6);
            }
            else if (board.Family != "esp32" && pin.IsPwm)
            {
                x += sign * (svg.Pill(x, y, "PWM", Size, Adc, AdcInk, left) + 6);
            }

            string role = board.RoleOf(pin);
            if (role.Length > 0)
            {
                svg.Pill(x, y, role, Size, Role, "#fff", left);
            }
            else if (pin.OnBoard is { } onBoard)
            {
                svg.Pill(x, y, onBoard.Split(" (")[0], Size, Plain, PlainInk, left);
            }
        }
    }

    private static double Legend(Svg svg, BoardPinout board, double y, double width)
    {
        (string Text, string Fill, string Ink, string Means)[] lines =
        [
            ("relay", Role, "#fff", "used by this part when the part list names no pin"),
            ("GPIO 4", Gpio, GpioInk, board.Family == "esp32" ? "free: digital in and out, PWM" : "free: digital in and out"),
            ("A3", Adc, AdcInk, "analog input, channel 3 of ADC1"),
            ("in", Plain, PlainInk, "input only, without pull resistor"),
            ("PWM", Adc, AdcInk, "pulse-width output"),
            ("flash", Reserved, ReservedInk, "keep off: the table below says why"),
        ];
        bool adc = board.Pins.Any(p => p.AdcChannel >= 0);
        bool inputs = board.Pins.Any(p => !p.IsOutput && p.OnBoard is null);
        bool pwm = board.Family != "esp32";
        foreach ((string text, string fill, string ink, string means) in lines)
        {
            if ((text == "A3" && !adc) || (text == "in" && (!inputs || adc)) || (text == "PWM" && !pwm))
            {
                continue;
            }

            svg.Pill((width / 2) - 150, y, text, Size, fill, ink, true);
            svg.Text((width / 2) - 138, y + 5, means, Size, "#424a53");
            y += 27;
        }

        return y + 4;
    }
}
