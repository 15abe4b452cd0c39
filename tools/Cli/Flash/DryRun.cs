using System.Text;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Boards;
using IotXmpp.Cli.Flash.Nanoff;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Cli.Serial;
using IotXmpp.Esp32;

namespace IotXmpp.Cli.Flash;

/// <summary>Prints every command that a flash would run and every file that it would write; nothing is done, no board or hub is needed, and secrets are hidden.</summary>
internal sealed class DryRun(FlashWish wish, Login login, string nanoffProgram, NanoffSyntax syntax, Screen screen)
{
    private const string Hidden = "(hidden)";

    /// <summary>Prints it.</summary>
    public int Run()
    {
        HubAddress address = HubAddress.Of(wish.HubAddress, login.Server, HubAddress.OwnAddresses());
        string owner = wish.Owner ?? login.Account.ToString();
        BoardConfig config = BoardFiles.ConfigOf(wish, login.Account, address, owner);
        byte[] authority = BoardFiles.AuthorityOf(login);
        string target = wish.Target ?? wish.Board.Nano!.Target;
        string image = wish.Image ?? Path.Combine(FirmwareBuild.Project, "bin/Release/IotXmpp.Esp32.bin");
        Remark($"{wish.Board.Name} at {wish.Port}; nothing is done, this is what would be:");
        if (!wish.SettingsOnly && !wish.Improv)
        {
            Command("asks the chip what it is; goes on only with " + wish.Board.Nano!.ChipFamily, nanoffProgram, syntax.Details(target, wish.Port));
            if (wish.Image is null)
            {
                Command("builds the firmware", FirmwareBuild.Call(FirmwareBuild.Root() ?? ".", FirmwareBuild.PropertiesOf(wish.Board)));
            }

        }

        Do("at the hub", $"{login.Account} at {login.Server} runs {ThingProvisioning.Node} at things.{login.Account.Domain}: thing={wish.Thing} owner={owner} model={wish.Board.Board}, and the hub's part of new keys");
        if (!wish.SettingsOnly && !wish.Improv)
        {
            Command("writes the runtime", nanoffProgram, syntax.Update(target, wish.Port));
            Command("writes the firmware", nanoffProgram, syntax.Deploy(target, wish.Port, image, KnownBoards.Hex(wish.Board.Nano!.DeployAddress)));
        }

        if (wish.Improv)
        {
            foreach ((string destination, byte[] bytes) in Files(config, authority))
            {
                Do("by Improv", $"{destination}, {bytes.Length} bytes, at {wish.Port}");
                Contents(destination, bytes);
            }

            Do("by Improv", $"Wi-Fi {wish.Ssid}, password {(wish.Password.Length > 0 ? Hidden : "none")}");
        }
        else
        {
            Command("writes the Wi-Fi settings", nanoffProgram, syntax.Network("network.json"));
            Contents("network.json", Encoding.UTF8.GetBytes(NanoffFiles.Network(wish.Port, wish.Ssid, wish.Password.Length > 0 ? Hidden : string.Empty)));
            Command("writes the files", nanoffProgram, syntax.Files("files.json"));
            Contents("files.json", Encoding.UTF8.GetBytes(NanoffFiles.Files(wish.Port, Files(config, authority).Select(f => (f.Destination, f.Destination[(f.Destination.LastIndexOf('\\') + 1)..])))));
            foreach ((string destination, byte[] bytes) in Files(config, authority))
            {
                Contents(destination, bytes);
            }

            Do("reset", $"RTS of {wish.Port} low for {BoardReset.Hold.TotalMilliseconds:0} ms");
        }

        if (wish.Wait)
        {
            Do("wait", $"until {wish.Thing} is online and has sent a sample, {Words.Span(wish.OnlineLimit)} at most; meanwhile what it says at {wish.Port}");
        }

        return ExitCode.Ok;
    }

    private static IEnumerable<(string Destination, byte[] Bytes)> Files(BoardConfig config, byte[] authority) =>
    [
        (BoardConfig.DefaultCaPath, authority),
        (BoardConfig.Path, config.Write()),
        (DeviceKey.Path, Encoding.ASCII.GetBytes($"salt={Hidden}\niterations={BoardFiles.Iterations}\nclientKey={Hidden}\nserverKey={Hidden}\n")),
    ];

    private void Remark(string text)
    {
        screen.Json(() => new JsonObject { ["event"] = "note", ["text"] = text });
        screen.Line((text, "bold"));
    }

    private void Command(string why, string program, IReadOnlyList<string> arguments) => Command(why, new ProcessCall(program, arguments));

    private void Command(string why, ProcessCall call)
    {
        screen.Json(() => new JsonObject { ["event"] = "command", ["why"] = why, ["program"] = call.Program, ["arguments"] = new JsonArray([.. call.Arguments.Select(a => (JsonNode)JsonValue.Create(a)!)]) });
        screen.Line(($"# {why}", "dim"));
        screen.Line((call.ToString(), "cyan"));
    }

    private void Do(string name, string what)
    {
        screen.Json(() => new JsonObject { ["event"] = "step", ["step"] = name, ["text"] = what });
        screen.Line(($"# {name}: {what}", "dim"));
    }

    private void Contents(string name, byte[] bytes)
    {
        string text = Encoding.UTF8.GetString(bytes);
        screen.Json(() => new JsonObject { ["event"] = "file", ["file"] = name, ["bytes"] = bytes.Length, ["text"] = text });
        screen.Line(($"  {name}", "bold"), ($", {bytes.Length} bytes{(text.EndsWith('\0') ? ", the last one NUL" : string.Empty)}:", "dim"));
        foreach (string line in text.TrimEnd('\0', '\n').Split('\n'))
        {
            screen.Line("    " + line);
        }
    }
}
