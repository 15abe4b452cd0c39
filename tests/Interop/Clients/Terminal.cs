using System.Diagnostics;
using System.Globalization;
using IotXmpp.TestKit.Net;

namespace IotXmpp.Interop.Tests.Clients;

/// <summary>A terminal that a test types into and reads: tmux with a socket of its own.</summary>
internal sealed class Terminal : IAsyncDisposable
{
    /// <summary>Columns and rows; enough that nothing of what is looked for is broken over lines.</summary>
    public const int Columns = 110, Rows = 32;

    private const string Tmux = "/usr/bin/tmux";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);
    private readonly string socket;

    private Terminal(string socket) => this.socket = socket;

    /// <summary>Why there is none here, or null.</summary>
    public static string? Missing => File.Exists(Tmux) ? null : "tmux is not installed";

    /// <summary>Starts a program in a terminal.</summary>
    /// <param name="socket">A file that this terminal's server will listen at.</param>
    /// <param name="program">The program's command line, for a shell.</param>
    public static async Task<Terminal> StartAsync(string socket, string program)
    {
        var terminal = new Terminal(socket);
        await terminal.CallAsync("-f", "/dev/null", "new-session", "-d", "-x", Columns.ToString(CultureInfo.InvariantCulture), "-y", Rows.ToString(CultureInfo.InvariantCulture), "-s", "t", program);
        return terminal;
    }

    /// <summary>Types a line.</summary>
    public async Task TypeAsync(string line)
    {
        await CallAsync("send-keys", "-t", "t", "-l", line);
        await CallAsync("send-keys", "-t", "t", "Enter");
    }

    /// <summary>What stands on the screen now.</summary>
    public Task<string> ScreenAsync() => CallAsync("capture-pane", "-p", "-t", "t");

    /// <summary>Waits until the screen has this text, and returns the screen.</summary>
    /// <exception cref="TimeoutException">It never did; the message has the screen.</exception>
    public async Task<string> SeesAsync(string text)
    {
        var since = Stopwatch.StartNew();
        while (true)
        {
            var screen = await ScreenAsync();
            if (screen.Contains(text, StringComparison.Ordinal))
            {
                return screen;
            }

            if (since.Elapsed > RawClient.DefaultWait)
            {
                throw new TimeoutException($"the screen does not have \"{text}\":\n{screen}");
            }

            await Task.Delay(100);
        }
    }

    /// <summary>Waits until the program has ended, and the terminal with it.</summary>
    public async Task EndsAsync()
    {
        var since = Stopwatch.StartNew();
        while ((await ClientScene.RunAsync(Tmux, ["-S", socket, "has-session"], Limit)).Code == 0)
        {
            if (since.Elapsed > RawClient.DefaultWait)
            {
                throw new TimeoutException($"the program goes on:\n{await ScreenAsync()}");
            }

            await Task.Delay(100);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await ClientScene.RunAsync(Tmux, ["-S", socket, "kill-server"], Limit);

    private async Task<string> CallAsync(params string[] arguments)
    {
        var (code, said) = await ClientScene.RunAsync(Tmux, ["-S", socket, .. arguments], Limit);
        return code == 0 ? said : throw new InvalidOperationException($"tmux {string.Join(' ', arguments)}: {said}");
    }
}
