using System.CommandLine;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Boards;
using IotXmpp.Cli.Output;
using IotXmpp.Cli.Serial;
using IotXmpp.Virtual;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp board list|show|ports</c>: the boards that IotXmpp knows, and where one may be plugged in.</summary>
internal static class BoardCommand
{
    public static Command Create() => new("board", "Boards that can become things, and the serial ports of this machine") { List(), Show(), Ports() };

    private static Command List()
    {
        Option<bool> json = ClientArguments.JsonOption();
        var command = new Command("list", "List the boards that IotXmpp knows") { json };
        command.SetAction(parsed =>
        {
            var screen = new Screen(parsed.GetValue(json));
            foreach (BoardPinout board in BoardPinout.All)
            {
                screen.Json(() => Json(board));
            }

            screen.Table(
                ["BOARD", "CHIP", "FLASH", "PSRAM", "HOW", "WHAT"],
                [.. BoardPinout.All.Select(b => new (string, string?)[] { (b.Board, "bold"), (b.Chip, null), (Size(b.FlashBytes), null), (Size(b.PsramBytes), null), (b.Nano is null ? "iotxmpp gateway" : "iotxmpp flash", "cyan"), (b.Name, null) })]);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Show()
    {
        var name = new Argument<string>("BOARD") { Description = "the board's id, as iotxmpp board list has it" };
        Option<bool> json = ClientArguments.JsonOption();
        var command = new Command("show", "Show a board: its pins, what they can do, and which one a part uses when none is named") { name, json };
        command.SetAction(parsed =>
        {
            var screen = new Screen(parsed.GetValue(json));
            BoardPinout board = KnownBoards.Find(parsed.GetValue(name)!);
            screen.Json(() => Json(board));
            screen.Line((board.Name, "bold"));
            screen.Line($"{board.Board}{(board.Aliases.Count > 0 ? $", also {string.Join(", ", board.Aliases)}" : string.Empty)}; {board.Chip}; {Size(board.FlashBytes)} flash, {Size(board.PsramBytes)} PSRAM");
            if (board.Nano is { } nano)
            {
                screen.Line($"runtime {nano.Target} at {KnownBoards.Hex(nano.RuntimeAddress)}, firmware at {KnownBoards.Hex(nano.DeployAddress)}, settings at {KnownBoards.Hex(nano.ConfigAddress)}");
            }

            screen.Line(string.Empty);
            ILookup<int, string> roles = board.Roles.ToLookup(r => r.Value, r => r.Key);
            screen.Table(
                ["PIN", "LABEL", "WHERE", "PART", "CAN", "NOTE"],
                [.. board.Pins.Select(p => new (string, string?)[]
                {
                    ($"{p.Gpio}", p.IsReserved ? "red" : "bold"), (p.Label, null), (p.Header.Length == 0 ? "–" : $"{p.Header}-{p.Position}", "dim"), (string.Join(", ", roles[p.Gpio]), "green"), (string.Join(' ', p.Can), null),
                    (Note(p), p.IsReserved ? "red" : "dim"),
                })]);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Ports()
    {
        Option<bool> json = ClientArguments.JsonOption();
        var command = new Command("ports", "List the serial ports of this machine that a board may be plugged in at") { json };
        command.SetAction(parsed =>
        {
            var screen = new Screen(parsed.GetValue(json));
            IReadOnlyList<SerialPortName> ports = SerialPorts.List();
            foreach (SerialPortName port in ports)
            {
                string? holder = OperatingSystem.IsLinux() ? SerialPorts.Holder(port.Name) : null;
                screen.Json(() => new JsonObject { ["event"] = "port", ["port"] = port.Name, ["what"] = port.What, ["holder"] = holder });
                screen.Line((port.Name, "bold"), (port.What.Length > 0 ? $"  {port.What}" : string.Empty, null), (holder is null ? string.Empty : $"  busy: {holder}", "yellow"));
            }

            if (ports.Count == 0)
            {
                screen.Line("No serial port is there: plug the board in with a cable that carries data (many only charge).");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static string Note(BoardPin pin) => string.Join("; ", ((string[])[pin.IsReserved ? "not to be used" : string.Empty, pin.OnBoard ?? string.Empty, pin.Note]).Where(t => t.Length > 0));

    private static string Size(long bytes) => bytes switch { 0 => "–", >= 1 << 20 => $"{bytes >> 20} MB", _ => $"{bytes >> 10} KB" };

    private static JsonObject Json(BoardPinout board) => new()
    {
        ["event"] = "board",
        ["board"] = board.Board,
        ["name"] = board.Name,
        ["aliases"] = new JsonArray([.. board.Aliases.Select(a => (JsonNode)JsonValue.Create(a)!)]),
        ["family"] = board.Family,
        ["chip"] = board.Chip,
        ["flashBytes"] = board.FlashBytes,
        ["psramBytes"] = board.PsramBytes,
        ["target"] = board.Nano?.Target,
        ["deployAddress"] = board.Nano is { } nano ? KnownBoards.Hex(nano.DeployAddress) : null,
        ["roles"] = new JsonObject(board.Roles.Select(r => KeyValuePair.Create(r.Key, (JsonNode?)JsonValue.Create(r.Value)))),
    };
}
