using System.Diagnostics;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.EndToEnd.SelfTest;

/// <summary>nanoFramework.props says in one line what is wrong when a project was restored for the other kind of references (<c>--no-restore</c>).</summary>
public sealed class NanoRestoreTests : IDisposable
{
    private readonly TempFolder _folder = new("nano-restore");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("stubs", "packages")]
    [InlineData("packages", "stubs")]
    public void A_build_after_the_other_restore_says_so(string restored, string built)
    {
        var (code, output) = Check(restored, built);
        Assert.NotEqual(0, code);
        Assert.Contains($"error NANO001: It was restored with NanoReferences={restored} and is built with NanoReferences={built}.", output, StringComparison.Ordinal);
        Assert.Contains($"-p:NanoReferences={built}", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("stubs")]
    [InlineData("packages")]
    public void A_build_after_its_own_restore_goes_on(string both)
    {
        var (code, output) = Check(both, both);
        Assert.True(code == 0, output);
    }

    private (int Code, string Output) Check(string restored, string built)
    {
        var assets = _folder.File("project.assets.json");
        File.WriteAllText(assets, restored == "packages" ? """{ "libraries": { "nanoFramework.CoreLibrary/1.0.0": {} } }""" : """{ "libraries": {} }""");
        using var process = Process.Start(new ProcessStartInfo("dotnet")
        {
            ArgumentList = { "msbuild", Repository.Path("firmware", "Nano", "Core", "IotXmpp.Nano.Core.csproj"), "-nologo", "-t:NanoRestored", $"-p:NanoReferences={built}", $"-p:ProjectAssetsFile={assets}" },
            RedirectStandardOutput = true,
        })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
