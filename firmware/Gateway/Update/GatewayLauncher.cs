using System.Collections;
using System.Globalization;
using System.Runtime.InteropServices;
using IotXmpp.Features;
using IotXmpp.Host;

namespace IotXmpp.Gateway;

/// <summary>
/// The first thing that the installed program does: it chooses which image runs, counts the start where one is on trial, and becomes that program (execve), under the same process id, so that systemd sees no
/// difference. The installed program itself is root's and never written: it is what runs when nothing else can.
/// </summary>
public sealed partial class GatewayLauncher : IDisposable
{
    /// <summary>Tells the program that was launched which slot it is; nobody else sets it. It is no setting, so it has not their prefix.</summary>
    public const string SlotVariable = "IOTXMPP_UPDATE_SLOT";

    private GatewayLauncher(FileUpdateStore store, UpdateBoot boot)
    {
        Store = store;
        Boot = boot;
    }

    /// <summary>The images.</summary>
    public FileUpdateStore Store { get; }

    /// <summary>Which one runs.</summary>
    public UpdateBoot Boot { get; }

    /// <summary>The version that runs.</summary>
    public string Version => Boot.Version.Length == 0 ? GatewayThing.Version : Boot.Version;

    /// <summary>The exit code for settings that are wrong: 2 ends the service for good (<c>RestartPreventExitStatus=</c>), which an image that came by an update must not do.</summary>
    public static int SettingsExit => Environment.GetEnvironmentVariable(SlotVariable) is { Length: > 0 } ? 1 : 2;

    /// <summary>The file with settings of the gateway that survive a restart.</summary>
    public static string SettingsFile(string data) => Path.Combine(data, "settings.json");

    /// <summary>Looks which image is to run.</summary>
    /// <param name="data">The data folder.</param>
    /// <param name="kept">The settings in it.</param>
    public static GatewayLauncher Open(string data, FileSettings kept)
    {
        var store = new FileUpdateStore(Path.Combine(data, "updates"));
        // Who was launched is told what was chosen and counted; looking again would count the start twice.
        bool launched = int.TryParse(Environment.GetEnvironmentVariable(SlotVariable), NumberStyles.None, CultureInfo.InvariantCulture, out int slot) && slot is 0 or 1;
        return new GatewayLauncher(store, launched ? new UpdateBoot(kept, store, slot) : new UpdateBoot(kept, store, isSafe: false));
    }

    /// <summary>Becomes the image that was chosen. Returns only where the installed program itself is to run.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="log">Is told in a line what fails.</param>
    public void Launch(IReadOnlyList<string> arguments, Action<string> log)
    {
        if (Boot.Slot == UpdateRecord.Base || Environment.GetEnvironmentVariable(SlotVariable) is { Length: > 0 } || ArchiveUnpacker.Program(Store.FolderOf(Boot.Slot)) is not { } program)
        {
            return;
        }

        string[] command = program.EndsWith(".dll", StringComparison.Ordinal) ? ["/usr/bin/env", "dotnet", program, .. arguments] : [program, .. arguments];
        var environment = new List<string>();
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            environment.Add($"{entry.Key}={entry.Value}");
        }

        environment.Add($"{SlotVariable}={Boot.Slot.ToString(CultureInfo.InvariantCulture)}");
        Execute(command[0], [.. command, null], [.. environment, null]);
        // Only where it failed: a trial is given up at once, what holds is tried again by the next start.
        string wrong = Marshal.GetLastPInvokeErrorMessage();
        log($"version {Boot.Version} cannot be started: {wrong}");
        Boot.Revert("it cannot be started: " + wrong);
    }

    /// <inheritdoc/>
    public void Dispose() => Store.Dispose();

    [LibraryImport("libc", EntryPoint = "execve", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Execute(string path, string?[] arguments, string?[] environment);
}
