using System.Text;
using IotXmpp.Cli.Flash;
using IotXmpp.Cli.Output;
using IotXmpp.Gateway;

namespace IotXmpp.Cli.Gateway;

/// <summary>What installing and taking away a gateway does to a machine, step by step.</summary>
internal static class InstallPlan
{
    private const UnixFileMode Secret = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Open = Secret | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>The steps of an installation.</summary>
    /// <param name="wish">What it shall be.</param>
    /// <param name="paths">Where.</param>
    /// <param name="password">The account's password; null when it is not known yet (a dry run).</param>
    public static IReadOnlyList<InstallStep> Install(InstallWish wish, GatewayPaths paths, string? password)
    {
        var steps = new List<InstallStep>
        {
            new InstallStep.CopyFolder("the program", wish.Program, paths.Program),
            new InstallStep.WriteFile("its user, with the groups of pins, buses and serial lines", paths.UsersFile, Open, Encoding.UTF8.GetBytes(GatewayService.SystemUsers)),
            new InstallStep.WriteFile("its settings", paths.SettingsFile, Secret, wish.SettingsJson()),
            new InstallStep.WriteFile("its password", paths.PasswordFile, Secret, Encoding.UTF8.GetBytes((password ?? "(hidden)") + "\n"), IsSecret: true),
        };
        if (wish.Authority is not null)
        {
            steps.Add(new InstallStep.WriteFile("the hub's authority", Path.Combine(paths.Settings, "ca.pem"), Open, wish.Authority));
        }

        steps.Add(new InstallStep.WriteFile("the service", paths.UnitFile, Open, Encoding.UTF8.GetBytes(GatewayService.Unit(wish.Exec, wish.Beacons is not null))));
        if (paths.Root is not null)
        {
            // An image: its own systemd makes the user and starts the service when it boots.
            steps.Add(new InstallStep.MakeLink("starts it when the machine boots", paths.WantsLink, "/etc/systemd/system/" + GatewayPaths.Unit));
            return steps;
        }

        steps.Add(Run("makes the user", "systemd-sysusers", paths.UsersFile));
        steps.Add(Run("lets systemd read the service", "systemctl", "daemon-reload"));
        steps.Add(Run("starts it when the machine boots", "systemctl", "enable", GatewayPaths.Unit));
        steps.Add(Run("starts it now, anew when it runs", "systemctl", "restart", GatewayPaths.Unit));
        return steps;
    }

    /// <summary>The steps that take a gateway away.</summary>
    /// <param name="paths">Where it is.</param>
    /// <param name="purge">Whether what it keeps goes, too: samples that the hub does not have, the keys of the things behind it.</param>
    public static IReadOnlyList<InstallStep> Uninstall(GatewayPaths paths, bool purge)
    {
        var steps = new List<InstallStep>();
        if (paths.Root is null)
        {
            steps.Add(new InstallStep.RunProgram("stops it, and lets it not start again", new ProcessCall("systemctl", ["disable", "--now", GatewayPaths.Unit]), MayFail: true));
        }
        else
        {
            steps.Add(new InstallStep.RemovePath("lets it not start again", paths.WantsLink));
        }

        steps.Add(new InstallStep.RemovePath("the service", paths.UnitFile));
        steps.Add(new InstallStep.RemovePath("its user's entry", paths.UsersFile));
        steps.Add(new InstallStep.RemovePath("settings, password and authority", paths.Settings));
        steps.Add(new InstallStep.RemovePath("the program", paths.Program));
        if (purge)
        {
            steps.Add(new InstallStep.RemovePath("what it keeps", paths.Data));
        }

        if (paths.Root is null)
        {
            steps.Add(Run("lets systemd forget the service", "systemctl", "daemon-reload"));
            if (purge)
            {
                steps.Add(new InstallStep.RunProgram("its user", new ProcessCall("userdel", [GatewayService.Name]), MayFail: true));
            }
        }

        return steps;
    }

    /// <summary>Does or shows the steps.</summary>
    public static async Task RunAsync(IEnumerable<InstallStep> steps, bool dry, IProcessRunner runner, Screen screen, CancellationToken cancel)
    {
        foreach (InstallStep step in steps)
        {
            if (dry)
            {
                step.Show(screen);
            }
            else
            {
                await step.DoAsync(runner, cancel);
                Screen.Note(step.Why);
            }
        }
    }

    /// <summary>Refuses a machine that cannot be installed to.</summary>
    /// <exception cref="CliException">It has no systemd, or who asks is not root.</exception>
    public static async Task CheckMachineAsync(GatewayPaths paths, IProcessRunner runner, string what, CancellationToken cancel)
    {
        if (paths.Root is not null)
        {
            return;
        }

        if (await runner.RunAsync(new ProcessCall("systemctl", ["--version"]), null, TimeSpan.FromSeconds(30), cancel) is not { Code: 0 })
        {
            throw new CliException(ExitCode.Failed, "this machine has no systemd (no systemctl that answers): run the gateway by hand as firmware/Gateway/README.md says, or install into an image with --root DIR");
        }

        if (!Environment.IsPrivilegedProcess)
        {
            throw new CliException(ExitCode.Failed, $"{what} changes /etc, /opt and the services, so it needs root: run it with sudo, or see what it does with --dry-run");
        }
    }

    private static InstallStep.RunProgram Run(string why, string program, params string[] arguments) => new(why, new ProcessCall(program, arguments));
}
