using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Things.Tests.Esp32;

/// <summary>
/// The power fails at each write to flash (before it, in the middle of it, with rubbish left behind) and at each stanza (before the hub has it, after the hub has answered), once in each run and again in
/// the next life. Whatever it hits: the board comes back, runs nothing unchecked, ends confirmed or with its old image, and the hub knows which.
/// </summary>
public sealed class UpdatePowerTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromHours(3);

    [Theory]
    [InlineData(ModuleFault.None, 0)]
    [InlineData(ModuleFault.None, 1)]
    [InlineData(ModuleFault.None, 2)]
    [InlineData(ModuleFault.Panics, 1)]
    [InlineData(ModuleFault.Refuses, 0)]
    public void At_each_write(ModuleFault fault, int where)
    {
        int writes = Count(fault);
        Assert.InRange(writes, 10, 2000);
        for (int k = 1; k <= writes; k++)
        {
            int at = k;
            Run(fault, $"write {k} of {writes}", bench =>
            {
                int seen = 0;
                VirtualFlash flash = bench.Bench.Board.Flash;
                flash.CutLeavesErased = where == 2;
                flash.Writing = () =>
                {
                    // Once, and once more soon after in the life that follows.
                    seen++;
                    if (seen == at || seen == at + 3)
                    {
                        if (where == 0)
                        {
                            flash.CutPower();
                        }

                        flash.CutPowerAfter(7);
                    }
                };
            });
        }
    }

    [Theory]
    [InlineData(ModuleFault.None, false)]
    [InlineData(ModuleFault.None, true)]
    [InlineData(ModuleFault.Refuses, true)]
    public void At_each_stanza(ModuleFault fault, bool after)
    {
        int stanzas = 0;
        Run(fault, "no cut", bench => bench.Hub.Boundary = isAfter => stanzas += isAfter ? 1 : 0);
        Assert.InRange(stanzas, 10, 500);
        for (int k = 1; k <= stanzas; k++)
        {
            int at = k;
            Run(fault, $"stanza {k} of {stanzas}", bench =>
            {
                int seen = 0;
                bench.Hub.Boundary = isAfter =>
                {
                    if (isAfter == after && ++seen == at)
                    {
                        throw new PowerCutException();
                    }
                };
            });
        }
    }

    private static int Count(ModuleFault fault)
    {
        int writes = 0;
        Run(fault, "no cut", bench => bench.Bench.Board.Flash.Writing = () => writes++);
        return writes;
    }

    private static void Run(ModuleFault fault, string what, Action<UpdateBench> prepare)
    {
        using var bench = new UpdateBench(fault);
        Assert.True(bench.Bench.WaitOnline());
        prepare(bench);
        string ended = bench.Play(Limit);
        bench.Bench.Board.Flash.Writing = null;
        bench.Hub.Boundary = null;
        try
        {
            // Two cuts cost neither the image nor its trial.
            Assert.Equal(fault == ModuleFault.None ? "confirmed" : "reverted", ended);
            bench.AssertSound(ended);
        }
        catch (Xunit.Sdk.XunitException e)
        {
            Assert.Fail($"{what}: {e.Message}\n{string.Join('\n', bench.Hub.Progress)}\n{string.Join('\n', bench.Bench.Board.Serial.TakeLast(30))}");
        }
    }
}
