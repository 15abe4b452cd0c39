using System.Device.Gpio;
using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Virtual;

/// <summary>A virtual thing made of a part list, on a bench where something happens to every part.</summary>
internal class PartsKind : VirtualKind
{
    private readonly string _text;

    /// <summary>Makes a kind.</summary>
    /// <param name="text">The part list; it has been parsed.</param>
    public PartsKind(string text) => _text = text;

    public override string Name => _text;

    public override string Summary => "what the part list says";

    public override VirtualBoard CreateBoard()
    {
        var board = new VirtualBoard("virtual-parts");
        PartList list = PartList.Parse(_text, out _)!;
        for (int i = 0; i < list.Count; i++)
        {
            PartSpec spec = list[i];
            int where = spec.Where >= 0 ? spec.Where : spec.Kind.Address >= 0 ? spec.Kind.Address : board.Table.Role(spec.Kind.Role);
            Surround(board, spec, where, i);
        }

        return board;
    }

    public override ThingPart[] CreateParts(VirtualBoard board, ISettings settings)
        => PartList.Parse(_text, out _)!.Make(board, settings, out string? wrong) ?? throw new ArgumentException($"These parts do not fit the board {board.Table.Board}: {wrong}");

    private static void Surround(VirtualBoard board, PartSpec spec, int where, int index)
    {
        string id = $"{spec.Kind.Name}-{index}";
        switch (spec.Kind.Name)
        {
            case "bme280":
                Wave(board, board.AddBme280(where), ("temperature", 21.4, 2.5), ("humidity", 48, -6), ("pressure", 1002.5, 1.5));
                break;
            case "dht22":
                Wave(board, board.AddDht22(where, id), ("temperature", 24, 4), ("humidity", 65, -12));
                break;
            case "ds18b20":
                // The part that is meant has the serial number of its ROM code.
                byte[]? rom = RomText.Parse(spec.Option("rom"));
                long serial = rom is null ? 1 + index : Enumerable.Range(0, 6).Sum(k => (long)rom[1 + k] << (8 * k));
                Wave(board, board.AddDs18b20(where, serial, id), ("temperature", 18, 1.5));
                break;
            case "soil":
                Wave(board, board.AddSoilProbe(where, id), ("moisture", 45, 20));
                break;
            case "battery":
                board.Adc.SetRatio(PinCan.Channel(board.Table.Can(where)), 3.9 / 6.6);
                break;
            case "pir":
                // Somebody walks by, and for five seconds is seen.
                board.Every(TimeSpan.FromSeconds(5), (b, since) => b.Pins.SetInput(where, (long)since.TotalSeconds % 40 is >= 15 and < 20 ? PinValue.High : PinValue.Low));
                break;
            case "button":
                board.NamePin(id, where);
                for (int i = 0; i < 100; i++)
                {
                    board.PressAt(TimeSpan.FromSeconds(12 + (45 * i)), id);
                }

                break;
            default:
                break;
        }
    }

    // A day of ten minutes, so that somebody who watches sees something move.
    private static void Wave(VirtualBoard board, IVirtualPart part, params (string Of, double Mean, double Amplitude)[] waves)
        => board.Every(TimeSpan.FromSeconds(1), (_, since) =>
        {
            double phase = 2 * Math.PI * since.TotalSeconds / 600;
            foreach ((string of, double mean, double amplitude) in waves)
            {
                part.Set(of, mean + (amplitude * Math.Sin(phase)));
            }
        });
}
