using IotXmpp.Fuzz.Engine;
using IotXmpp.Fuzz.Targets;
using Xunit;

namespace IotXmpp.Hub.Tests.Fuzz;

/// <summary>The targets of tests/Fuzz, each for a number of inputs that is tried in a second or two. Longer runs, which watch branches: tests/Fuzz/README.md.</summary>
public sealed class FuzzTests
{
    private const int Inputs = 4000;

    /// <summary>The same inputs each time: what fails here fails again.</summary>
    private const int Seed = 20_261_126;

    public static TheoryData<string> Targets() => [.. AllTargets.Create().Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Hostile_bytes_do_no_harm(string name)
    {
        var run = new FuzzRun(AllTargets.Create().Single(t => t.Name == name), Seed);
        Assert.Null(run.Go(() => run.Inputs < Inputs)?.ToString());
        Assert.True(run.Kinds > 10, $"the inputs of {name} are all of the same few kinds: {run.Kinds}");
    }

    [Fact]
    public void A_fault_is_found_and_made_short()
    {
        var run = new FuzzRun(new Faulty(), Seed);
        var finding = run.Go(() => run.Inputs < 200_000);
        Assert.Equal("<<", Escapes.Write(finding!.Input));
        Assert.Equal("a<b>c\\x00\\x5C"u8.ToArray(), Escapes.Read(Escapes.Write("a<b>c\\x00\\x5C"u8)));
    }

    // Breaks on "<<" only.
    private sealed class Faulty : FuzzTarget
    {
        public override string Name => "faulty";

        public override string Holds => "no \"<<\"";

        public override IEnumerable<byte[]> Seeds() => [Utf8("<a>some text that has nothing to do with it</a>")];

        public override ulong Run(byte[] input, Random dice)
        {
            Hold(input.AsSpan().IndexOf("<<"u8) < 0, "broken");
            return Kind(input.Length);
        }
    }
}
