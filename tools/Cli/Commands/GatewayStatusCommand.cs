using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Flash;
using IotXmpp.Cli.Gateway;
using IotXmpp.Cli.Output;
using IotXmpp.Gateway;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp gateway status</c>: the unit, the session at the hub, what waits, the things behind it.</summary>
internal static class GatewayStatusCommand
{
    private static readonly string[] Properties = ["LoadState", "ActiveState", "SubState", "Result", "NRestarts", "ExecMainStatus"];

    public static Command Create()
    {
        Option<string?> root = GatewayCommand.RootOption();
        Option<bool> json = ClientArguments.JsonOption();
        var command = new Command("status", "Show how the gateway of this machine is: its service, its session, what waits for the hub, the things behind it") { root, json };
        command.SetAction(async (parsed, cancel) => await RunAsync(new GatewayPaths(parsed.GetValue(root)), new ProcessRunner(), new Screen(parsed.GetValue(json)), cancel));
        return command;
    }

    /// <summary>The account in an installed gateway's settings; null when it cannot be read.</summary>
    public static string? JidOf(GatewayPaths paths)
    {
        try
        {
            return File.Exists(paths.SettingsFile) ? (string?)JsonNode.Parse(File.ReadAllText(paths.SettingsFile))?["jid"] : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            return null; // only root may read it; the status has the account, too
        }
    }

    private static async Task<int> RunAsync(GatewayPaths paths, IProcessRunner runner, Screen screen, CancellationToken cancel)
    {
        if (!File.Exists(paths.UnitFile))
        {
            throw new CliException(ExitCode.NotFound, $"no gateway is installed{(paths.Root is null ? " on this machine; iotxmpp gateway install makes one" : $" in {paths.Root}")}");
        }

        var call = new ProcessCall("systemctl", ["show", GatewayPaths.Unit, .. Properties.Select(p => "--property=" + p)]);
        ProcessResult? result = await runner.RunAsync(call, null, TimeSpan.FromSeconds(30), cancel);
        Dictionary<string, string> unit = result is { Code: 0 }
            ? result.Output.Split('\n').Select(l => l.Split('=', 2)).Where(p => p.Length == 2).GroupBy(p => p[0]).ToDictionary(p => p.Key, p => p.Last()[1].Trim())
            : [];
        string active = unit.GetValueOrDefault("ActiveState", "unknown");
        GatewayStatus? status = ReadStatus(paths);
        bool fresh = status is not null && active != "inactive" && DateTimeOffset.UtcNow - status.Time < GatewayStatus.MaxAge;
        screen.Json(() => ToJson(unit, active, fresh ? status : null, JidOf(paths)));
        string more = active switch
        {
            "unknown" => "systemctl does not answer",
            "failed" => $"{unit.GetValueOrDefault("Result")}, exit code {unit.GetValueOrDefault("ExecMainStatus")}; journalctl -u {GatewayService.Name} says why",
            _ => $"{unit.GetValueOrDefault("SubState")}{(unit.GetValueOrDefault("NRestarts", "0") is not ("0" or "") and var times ? $", restarted {times} times" : string.Empty)}",
        };
        screen.Line(("service  ", "dim"), (active, active == "active" ? "green" : "red"), ($"  {more}", null));
        if (!fresh)
        {
            screen.Line(("hub      ", "dim"), (status is null ? "the gateway has said nothing of itself yet" : $"the gateway said something last at {status.Time.ToLocalTime():yyyy-MM-dd HH:mm:ss}", "red"));
            return ExitCode.Failed;
        }

        screen.Line(("hub      ", "dim"), (status!.Online ? "online" : "offline", status.Online ? "green" : "red"), ($"  {status.Jid} at {status.Hub} since {status.Since.ToLocalTime():yyyy-MM-dd HH:mm:ss}{(status.Trouble.Length > 0 ? $": {status.Trouble}" : string.Empty)}", null));
        screen.Line(("samples  ", "dim"), (string.Create(CultureInfo.InvariantCulture, $"{status.Waiting} wait, {status.Published} acknowledged since the start, {status.Dropped} lost"), null));
        screen.Table(["THING", "STATE", "SINCE", "REASON", "BY", "WAITING"], [.. status.Nodes.Select(n => new (string, string?)[]
        {
            (n.Id, null), (n.State, n.State == "online" ? "green" : null), (n.Since.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture), null), (n.Reason, null), (n.Peer ?? string.Empty, null),
            (n.Waiting.ToString(CultureInfo.InvariantCulture), null),
        })]);
        return status.Online ? ExitCode.Ok : ExitCode.Failed;
    }

    private static GatewayStatus? ReadStatus(GatewayPaths paths)
    {
        try
        {
            return GatewayStatus.Read(paths.StatusFile);
        }
        catch (InvalidDataException e)
        {
            throw new CliException(ExitCode.Failed, e.Message);
        }
    }

    private static JsonObject ToJson(Dictionary<string, string> unit, string active, GatewayStatus? status, string? jid) => new()
    {
        ["event"] = "gateway",
        ["service"] = active,
        ["sub"] = unit.GetValueOrDefault("SubState"),
        ["jid"] = status?.Jid ?? jid,
        ["hub"] = status?.Hub,
        ["online"] = status?.Online,
        ["trouble"] = status?.Trouble,
        ["waiting"] = status?.Waiting,
        ["published"] = status?.Published,
        ["dropped"] = status?.Dropped,
        ["nodes"] = status is null ? null : new JsonArray([.. status.Nodes.Select(n => (JsonNode)new JsonObject { ["thing"] = n.Id, ["state"] = n.State, ["reason"] = n.Reason, ["by"] = n.Peer, ["waiting"] = n.Waiting })]),
    };
}
