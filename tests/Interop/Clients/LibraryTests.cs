using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.Interop.Tests.Clients;

/// <summary>Client libraries that nobody here wrote, from Debian. What each does is told in the script beside this file; the last word of each is <c>ok</c>.</summary>
public sealed class LibraryTests
{
    private const string Python = "/usr/bin/python3"; // the one that Debian's packages are for

    /// <summary>How long a conversation may take: it is over in seconds on a machine that has nothing else to do.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(180);

    [Fact]
    public Task Aioxmpp_does_what_it_can() => PythonAsync("aioxmpp_client.py", "import aioxmpp", "python3-aioxmpp");

    [Fact]
    public Task Nbxmpp_does_what_it_can() => PythonAsync("nbxmpp_client.py", "import gi; gi.require_version('Soup', '3.0'); import nbxmpp.client", "python3-nbxmpp");

    [Fact]
    public Task Libstrophe_does_what_it_can() => CompiledAsync("gcc", "strophe_client.c", "libstrophe", "libstrophe-dev");

    [Fact]
    public Task QXmpp_does_what_it_can() => CompiledAsync("g++", "qxmpp_client.cpp", "qxmpp Qt5Core Qt5Network Qt5Xml", "libqxmpp-dev", "-std=c++17", "-fPIC");

    private static async Task CompiledAsync(string compiler, string source, string library, string package, params string[] more)
    {
        var (known, flags) = File.Exists("/usr/bin/pkg-config") && File.Exists($"/usr/bin/{compiler}")
            ? await ClientScene.RunAsync("/usr/bin/pkg-config", ["--cflags", "--libs", .. library.Split(' ')], Limit)
            : (-1, $"{compiler} or pkg-config is not there");
        Assert.SkipUnless(known == 0, $"{package} is not installed: {flags.TrimEnd().Split('\n')[^1]}");
        using var folder = new TempFolder("compiled");
        var program = folder.File("client");
        string[] arguments = ["-Wall", "-Wextra", "-o", program, Repository.Path("tests", "Interop", "Clients", source), .. flags.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries), .. more];
        var (compiled, said) = await ClientScene.RunAsync($"/usr/bin/{compiler}", arguments, Limit);
        Assert.True(compiled == 0, said);
        await TalkAsync(program, []);
    }

    private static async Task PythonAsync(string script, string import, string package)
    {
        var (code, said) = File.Exists(Python) ? await ClientScene.RunAsync(Python, ["-c", import], Limit) : (-1, "there is no python3");
        Assert.SkipUnless(code == 0, $"{package} is not installed: {said.TrimEnd().Split('\n')[^1]}");
        await TalkAsync(Python, ["-W", "ignore", Repository.Path("tests", "Interop", "Clients", script)]);
    }

    private static async Task TalkAsync(string program, string[] arguments)
    {
        await using var scene = await ClientScene.StartAsync("--Registration:Mode", "open");
        var (code, said) = await ClientScene.RunAsync(program, arguments, Limit, scene.Environment());
        Assert.True(code == 0 && said.Split('\n').Any(line => line == "ok"), $"{string.Join(' ', arguments)} ended with {code}:\n{said}\nthe hub:\n{scene.Hub.Process.Output}");
        TestContext.Current.TestOutputHelper?.WriteLine(said);
    }
}
