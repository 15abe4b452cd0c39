using System.Globalization;
using System.Text.Json;

namespace IotXmpp.Gateway;

/// <summary>How a thing behind the gateway is, as <see cref="GatewayStatus"/> tells it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="State"><c>online</c>, <c>sleeping</c>, <c>overdue</c> or <c>offline</c>.</param>
/// <param name="Since">Since when.</param>
/// <param name="Reason">Why it is offline; "" for none.</param>
/// <param name="Peer">How it is reached; null when it is not.</param>
/// <param name="Waiting">Samples of it that wait for the hub.</param>
public sealed record NodeStatus(string Id, string State, DateTimeOffset Since, string Reason, string? Peer, long Waiting);

/// <summary>How a running gateway is: what <c>iotxmpp gateway status</c> shows, and the line of <c>systemctl status</c>.</summary>
/// <param name="Time">When it was told.</param>
/// <param name="Jid">The gateway's account.</param>
/// <param name="Hub">Where its hub is.</param>
/// <param name="Online">Whether it has a session there.</param>
/// <param name="Since">Since when it has one, or has none.</param>
/// <param name="Trouble">Why it has none; "" when it has.</param>
/// <param name="Waiting">Samples that wait for the hub.</param>
/// <param name="Published">Samples that the hub has acknowledged since the start.</param>
/// <param name="Dropped">Samples that were lost, ever.</param>
/// <param name="Nodes">The things behind it.</param>
public sealed record GatewayStatus(DateTimeOffset Time, string Jid, string Hub, bool Online, DateTimeOffset Since, string Trouble, long Waiting, long Published, long Dropped, IReadOnlyList<NodeStatus> Nodes)
{
    /// <summary>Its file in the service's runtime folder.</summary>
    public const string FileName = "status.json";

    /// <summary>How old a status may be before nobody should believe it. Default 60 s: it is written every five.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(60);

    private static readonly JsonSerializerOptions Form = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>In one line.</summary>
    public string Line => string.Create(
        CultureInfo.InvariantCulture,
        $"{(Online ? "online" : $"offline{(Trouble.Length > 0 ? ": " + Trouble : string.Empty)}")}; {Waiting} samples wait; {Nodes.Count(n => n.State == "online")} of {Nodes.Count} things online");

    /// <summary>Writes it to a file; a reader sees the old or the new one.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(string path)
    {
        string next = path + ".new";
        File.WriteAllText(next, JsonSerializer.Serialize(this, Form));
        if (!OperatingSystem.IsWindows())
        {
            // No secrets: whoever may look at the service may look at this.
            File.SetUnixFileMode(next, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }

        File.Move(next, path, overwrite: true);
    }

    /// <summary>Reads what a gateway has written; null when there is nothing.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">It is none.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static GatewayStatus? Read(string path)
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<GatewayStatus>(File.ReadAllText(path), Form) : null;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path} is no status of a gateway: {e.Message}", e);
        }
    }
}

/// <summary>Tells how the gateway is: every <see cref="Interval"/>, and at once when its session or a thing changes.</summary>
/// <param name="systemd">Gets the line; it is shown by <c>systemctl status</c>.</param>
/// <param name="folder">The service's runtime folder (<c>RUNTIME_DIRECTORY</c>); null for none, and then no file is written.</param>
/// <param name="log">Takes a line when the file cannot be written; the same trouble once.</param>
public sealed class StatusReport(Systemd systemd, string? folder, Action<string> log)
{
    /// <summary>Time between two reports. Default 5 s: the file is in memory, and a person sees what is.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private GatewayStatus? _told;
    private string? _trouble;

    /// <summary>Reports, when it is time or something has changed.</summary>
    /// <param name="status">How the gateway is now.</param>
    public void Tell(GatewayStatus status)
    {
        ArgumentNullException.ThrowIfNull(status);
        if (_told is { } before && status.Time - before.Time < Interval && status.Time >= before.Time && status.Online == before.Online && Same(status.Nodes, before.Nodes))
        {
            return;
        }

        if (_told?.Line != status.Line)
        {
            systemd.Status(status.Line);
        }

        _told = status;
        if (folder is null)
        {
            return;
        }

        try
        {
            status.Write(Path.Combine(folder, GatewayStatus.FileName));
            _trouble = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (_trouble != e.Message)
            {
                _trouble = e.Message;
                log($"the status cannot be written: {e.Message}");
            }
        }
    }

    private static bool Same(IReadOnlyList<NodeStatus> a, IReadOnlyList<NodeStatus> b) => a.Select(n => (n.Id, n.State)).SequenceEqual(b.Select(n => (n.Id, n.State)));
}
