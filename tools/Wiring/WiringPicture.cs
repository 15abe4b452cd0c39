using IotXmpp.Virtual;

namespace IotXmpp.Wiring;

/// <summary>
/// Draws a wiring, high and narrow so that it can be read on a phone: left the board's headers, one below the other, right the parts, between them the
/// rails of the breadboard. Every wire has a way of its own: header pins lie on a grid and parts' pins between its lines, and no two upright pieces that
/// would touch share a lane.
/// </summary>
internal sealed class WiringPicture
{
    private const double Pitch = 24;
    private const double Lane = 9;
    private const double RailGap = 16;
    private const double StripLeft = 14;
    private const double StripWidth = 92;
    private const double CardWidth = 226;
    private const double PinSize = 15;
    private const double NoteSize = 13;

    private readonly BoardPinout _board;
    private readonly WiringFile _wiring;
    private readonly Svg _svg = new();
    private readonly Dictionary<PinRef, double> _headerY = [];
    private readonly Dictionary<(Wire, PinRef), double> _partY = [];
    private readonly List<Card> _cards = [];
    private readonly string[] _rails;
    private readonly double _top;
    private double _bottom;
    private double _railX;
    private double _cardX;

    private WiringPicture(BoardPinout board, WiringFile wiring)
    {
        _board = board;
        _wiring = wiring;
        _rails = [.. new[] { "5V", "3.3V", "GND" }.Where(r => wiring.Connectors.Values.Any(c => c.Rail() == r))];
        _top = 118;
    }

    /// <summary>Draws a wiring.</summary>
    internal static string Draw(BoardPinout board, WiringFile wiring) => new WiringPicture(board, wiring).Draw();

    private string Draw()
    {
        List<Strip> strips = PlaceHeaders();
        PlaceParts();
        Dictionary<Wire, int> lanes = Lanes(_wiring.Wires.Where(IsSignal), w => (HeaderY(w), PartY(w)));
        Dictionary<Wire, int> inner = Lanes(_wiring.Wires.Where(IsBetweenParts), w => (_partY[(w, w.From)], _partY[(w, w.To)]));
        double stripRight = StripLeft + StripWidth;
        _railX = stripRight + 22 + (Lane * Count(lanes)) + 12;
        double innerX = _railX + (RailGap * _rails.Length) + 2;
        _cardX = innerX + (Lane * Count(inner)) + 12;
        double width = _cardX + CardWidth + 14;

        _svg.Text(14, 34, _board.Name, 20, "#1f2328", bold: true);
        List<string> help = Svg.Wrap(_board.Family == "esp32" ? "Headers as from above with USB at the bottom: pin 1 is at the antenna." : "J8 as from above with the USB ports at the bottom: pin 1 is at the top left.", 14, width - 28);
        for (int i = 0; i < help.Count; i++)
        {
            _svg.Text(14, 56 + (18 * i), help[i], 14, "#57606a");
        }

        DrawRails();
        foreach (Wire wire in _wiring.Wires.Where(IsSignal).OrderBy(w => lanes[w]))
        {
            double x = stripRight + 22 + (Lane * lanes[wire]);
            _svg.Line(WireColor.Rgb(wire.Color), 3, (stripRight - 4, HeaderY(wire)), (x, HeaderY(wire)), (x, PartY(wire)), (_cardX, PartY(wire)));
        }

        foreach (Wire wire in _wiring.Wires.Where(IsBetweenParts))
        {
            double x = innerX + (Lane * inner[wire]) + 4;
            _svg.Line(WireColor.Rgb(wire.Color), 3, (_cardX, _partY[(wire, wire.From)]), (x, _partY[(wire, wire.From)]), (x, _partY[(wire, wire.To)]), (_cardX, _partY[(wire, wire.To)]));
        }

        DrawRailWires(stripRight);
        strips.ForEach(DrawStrip);
        _cards.ForEach(DrawCard);
        double bottom = _bottom + 30;
        foreach (string line in Svg.Wrap("Red, orange and black lines upright in the middle are the rails of the breadboard: its long rows of holes. A wire that ends there with a dot goes into any hole of that row.", 14, width - 28))
        {
            _svg.Text(14, bottom, line, 14, "#57606a");
            bottom += 19;
        }

        return _svg.Finish(width, bottom + 2, $"Wiring of the {_board.Name}");
    }

    private List<Strip> PlaceHeaders()
    {
        var strips = new List<Strip>();
        double y = _top;
        foreach (BoardHeader header in _board.Headers)
        {
            for (int column = 1; column <= header.Columns; column++)
            {
                int[] positions = [.. Enumerable.Range(1, header.Pins).Where(p => header.Columns == 1 || p % 2 == column % 2)];
                string place = header.Columns == 1 ? (header.IsLeft ? "left" : "right") : column == 1 ? "odd" : "even";
                strips.Add(new Strip(header.Name, $"{header.Name} {place}", positions, y));
                for (int i = 0; i < positions.Length; i++)
                {
                    _headerY[new PinRef(_wiring.Connectors[header.Name], positions[i] - 1)] = y + 34 + (i * Pitch);
                }

                // A whole number of pitches, so that all headers share one grid.
                y += (positions.Length + 2) * Pitch;
            }
        }

        _bottom = y - Pitch;
        return strips;
    }

    private void PlaceParts()
    {
        var order = new List<(Connector Part, double Wanted)>();
        foreach (Connector part in _wiring.Parts(_board))
        {
            double[] rows = [.. _wiring.Links(part).Where(l => _headerY.ContainsKey(l.Other)).Select(l => _headerY[l.Other])];
            if (rows.Length > 0)
            {
                order.Add((part, rows.Average()));
            }
        }

        // Who has no wire to the board stands below the part it is wired to, or that is before it in the file.
        var waiting = new Queue<Connector>(_wiring.Parts(_board).Where(p => !order.Any(o => o.Part == p)));
        for (int tries = waiting.Count * waiting.Count; waiting.TryDequeue(out Connector? part); tries--)
        {
            bool alone = !_wiring.Links(part).Any(l => !l.Other.Connector.IsRail);
            Connector? before = alone ? _wiring.Parts(_board).TakeWhile(p => p != part).LastOrDefault() : null;
            int at = order.FindIndex(o => o.Part == before || _wiring.Links(part).Any(l => l.Other.Connector == o.Part));
            if (at >= 0 || tries <= 0)
            {
                order.Add((part, at >= 0 ? order[at].Wanted + 0.1 : double.MaxValue));
            }
            else
            {
                waiting.Enqueue(part);
            }
        }

        double y = _top - 12;
        foreach ((Connector part, double _) in order.OrderBy(o => o.Wanted))
        {
            Card card = NewCard(part, y);
            _cards.Add(card);
            y = card.Top + card.Height + 14;
        }

        // As long as there is room below, the parts move down towards their pins.
        double floor = Math.Max(_bottom, y - 14);
        for (int i = _cards.Count - 1; i >= 0; i--)
        {
            double wanted = order.OrderBy(o => o.Wanted).ElementAt(i).Wanted - (_cards[i].Height / 2);
            double top = Math.Min(floor - _cards[i].Height, Math.Max(_cards[i].Top, wanted));
            _cards[i] = NewCard(_cards[i].Part, Math.Max(_cards[i].Top, top - Pitch));
            floor = _cards[i].Top - 14;
        }

        _bottom = Math.Max(_bottom, _cards[^1].Top + _cards[^1].Height);
    }

    private Card NewCard(Connector part, double from)
    {
        List<(string Text, bool Warns)> notes = [
            .. Svg.Wrap(part.Subtype, NoteSize, CardWidth - 22).Select(t => (t, false)),
            .. Svg.Wrap(part.Notes, NoteSize, CardWidth - 22).Select(t => (t, true)),
        ];
        double head = 26 + (notes.Count * 17) + 4;

        // The first pin's height lies between two lines of the headers' grid.
        double grid = _top + 34 + (Pitch / 2);
        double first = grid + (Math.Ceiling((from + head + (Pitch / 2) - grid) / Pitch) * Pitch);
        double top = first - (Pitch / 2) - head;
        double y = first;
        var rows = new List<(string Label, string Target, double Y, string Color)>();
        for (int i = 0; i < part.Pins.Count; i++)
        {
            var own = new PinRef(part, i);
            bool any = false;
            foreach ((PinRef _, PinRef other, Wire wire) in _wiring.Links(part).Where(l => l.Own == own))
            {
                _partY[(wire, own)] = y;
                rows.Add((any ? "" : part.Pins[i], Target(other), y, wire.Color));
                any = true;
                y += Pitch;
            }

            if (!any)
            {
                rows.Add((part.Pins[i], "open", y, ""));
                y += Pitch;
            }
        }

        return new Card(part, top, y - (Pitch / 2) - top + 6, notes, rows);
    }

    private string Target(PinRef end)
    {
        if (end.Connector.IsRail)
        {
            return "rail " + (end.Connector.Rail() == "3.3V" ? "3.3 V" : end.Connector.Rail() == "5V" ? "5 V" : "GND");
        }

        return _board.GpioAt(end.Connector.Name, end.Index + 1) is { } pin
            ? $"GPIO {pin.Gpio} · {pin.Header}.{pin.Position}"
            : $"{end.Connector.Name} · {end.Connector.Pins[end.Index]}";
    }

    private static Dictionary<Wire, int> Lanes(IEnumerable<Wire> wires, Func<Wire, (double From, double To)> ends)
    {
        // Wires that run down take their lanes from the lowest on, wires that run up from the highest on: so they do not cross each other.
        Wire[] all = [.. wires];
        IEnumerable<Wire> down = all.Where(w => ends(w).To >= ends(w).From).OrderByDescending(w => ends(w).From);
        IEnumerable<Wire> up = all.Where(w => ends(w).To < ends(w).From).OrderBy(w => ends(w).From);
        var lanes = new Dictionary<Wire, int>();
        foreach (Wire wire in down.Concat(up))
        {
            (double low, double high) = Span(wire);
            int lane = 0;
            foreach ((Wire other, int taken) in lanes)
            {
                (double otherLow, double otherHigh) = Span(other);
                lane = otherLow <= high + Pitch && low <= otherHigh + Pitch ? Math.Max(lane, taken + 1) : lane;
            }

            lanes[wire] = lane;
        }

        return lanes;

        (double Low, double High) Span(Wire wire)
        {
            (double from, double to) = ends(wire);
            return (Math.Min(from, to), Math.Max(from, to));
        }
    }

    private void DrawRails()
    {
        foreach ((string rail, double x) in _rails.Select((r, i) => (r, _railX + (RailGap * i))))
        {
            double[] taps = [.. _wiring.Wires.Where(w => RailOf(w) == rail).Select(w => TapY(w))];
            double low = taps.Min();
            _svg.Line(RailColor(rail), 5, (x, low), (x, taps.Max()));
        }
    }

    private void DrawRailWires(double stripRight)
    {
        foreach (Wire wire in _wiring.Wires.Where(w => RailOf(w).Length > 0))
        {
            double x = _railX + (RailGap * Array.IndexOf(_rails, RailOf(wire)));
            double y = TapY(wire);
            PinRef end = wire.From.Connector.IsRail ? wire.To : wire.From;
            _svg.Line(WireColor.Rgb(wire.Color), 3, (_headerY.ContainsKey(end) ? stripRight - 4 : _cardX, y), (x, y));
            _svg.Dot(x, y, 5, RailColor(RailOf(wire)));
        }
    }

    private void DrawStrip(Strip strip)
    {
        double height = (strip.Positions.Length * Pitch) + 32;
        _svg.Box(StripLeft, strip.Top - 10, StripWidth, height, _board.Family == "esp32" ? "#24292f" : "#1b5e3a", 6);
        _svg.Text(StripLeft + 8, strip.Top + 9, strip.Title, 14, "#c9d1d9", bold: true);
        for (int i = 0; i < strip.Positions.Length; i++)
        {
            int position = strip.Positions[i];
            double y = strip.Top + 34 + (i * Pitch);
            bool used = _wiring.Connectors[strip.Header].IsUsed(_wiring, position - 1);
            _svg.Dot(StripLeft + StripWidth - 4, y, 5, used ? "#e3b341" : "#57606a");
            _svg.Text(StripLeft + 26, y + 4, position.ToString(System.Globalization.CultureInfo.InvariantCulture), 12, "#8b949e", "end");
            _svg.Text(StripLeft + 34, y + 5, Short(_board.LabelAt(strip.Header, position)), PinSize, used ? "#fff" : "#8b949e", bold: used);
        }
    }

    private static string Short(string label) => label.StartsWith("GPIO", StringComparison.Ordinal) ? "IO" + label[4..] : label;

    private void DrawCard(Card card)
    {
        _svg.Box(_cardX, card.Top, CardWidth, card.Height, "#f6f8fa", 8, "#afb8c1");
        double y = card.Top + 21;
        _svg.Text(_cardX + 12, y, card.Part.Type, 16, "#1f2328", bold: true);
        if (!card.Part.Type.StartsWith(card.Part.Name, StringComparison.OrdinalIgnoreCase))
        {
            _svg.Text(_cardX + CardWidth - 10, y, card.Part.Name, 13, "#57606a", "end");
        }

        foreach ((string note, bool warns) in card.Notes)
        {
            y += 17;
            _svg.Text(_cardX + 12, y, note, NoteSize, warns ? "#9a3412" : "#424a53");
        }

        foreach ((string label, string target, double pin, string color) in card.Rows)
        {
            _svg.Dot(_cardX, pin, 5, color.Length == 0 ? "#afb8c1" : WireColor.Rgb(color), "#fff");
            _svg.Text(_cardX + 12, pin + 5, label, PinSize, "#1f2328", bold: true);
            _svg.Text(_cardX + CardWidth - 10, pin + 5, target, 14, "#57606a", "end");
        }
    }

    private bool IsSignal(Wire wire) => RailOf(wire).Length == 0 && (_headerY.ContainsKey(wire.From) || _headerY.ContainsKey(wire.To));

    private bool IsBetweenParts(Wire wire) => RailOf(wire).Length == 0 && !IsSignal(wire);

    private double HeaderY(Wire wire) => _headerY[_headerY.ContainsKey(wire.From) ? wire.From : wire.To];

    private double PartY(Wire wire) => _partY[(wire, _headerY.ContainsKey(wire.From) ? wire.To : wire.From)];

    private double TapY(Wire wire)
    {
        PinRef end = wire.From.Connector.IsRail ? wire.To : wire.From;
        return _headerY.TryGetValue(end, out double y) ? y : _partY[(wire, end)];
    }

    private static string RailOf(Wire wire) => wire.From.Connector.IsRail ? wire.From.Connector.Rail() : wire.To.Connector.Rail();

    private static string RailColor(string rail) => WireColor.Rgb(rail switch { "3.3V" => "RD", "5V" => "OG", _ => "BK" });

    private static int Count(Dictionary<Wire, int> lanes) => lanes.Count == 0 ? 0 : lanes.Values.Max() + 1;

    private sealed record Strip(string Header, string Title, int[] Positions, double Top);

    private sealed record Card(Connector Part, double Top, double Height, List<(string Text, bool Warns)> Notes, List<(string Label, string Target, double Y, string Color)> Rows);
}
