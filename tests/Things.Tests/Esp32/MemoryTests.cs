using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Things.Tests.Esp32;

/// <summary>What the whole application takes, estimated by nanoFramework's rules; the real runtime is measured by firmware/Nano. Alone: what other tests make static counts too.</summary>
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
[Collection(nameof(MemoryTests))]
public sealed class MemoryTests(ITestOutputHelper output)
{
    // As many parts as a thing has at most, each of another kind; the ninth kind is in the other case.
    private const string AllParts = "dht22 ds18b20 soil pir relay servo led button";

    [Theory]
    [InlineData("bme280")]
    [InlineData(AllParts)]
    public void Forty_kilobytes_after_a_thousand_stanzas_and_no_growth_over_ten_thousand(string parts)
    {
        using var bench = new Esp32Bench(parts, config: c => c.IntervalSeconds = 1);
        Assert.True(bench.WaitOnline());
        bench.Run.RunFor(Esp32Bench.Seconds(5));
        long start = Measure(bench).Bytes;
        Stanzas(bench, 1000);
        HeapEstimate first = Measure(bench);
        Stanzas(bench, 10_000);
        HeapEstimate last = Least(bench);
        output.WriteLine($"at the start {start} bytes, after 1,000 stanzas {first.Bytes}, after 11,000 {last.Bytes}, {last.Literals} of them literals; largest array {last.LargestArray}");
        output.WriteLine(string.Join(", ", last.ByType.OrderByDescending(t => t.Value).Take(8).Select(t => $"{t.Key} {t.Value}")));
        Assert.InRange(first.Bytes, 1, 40 * 1024);
        // The table of commands and a sample's texts come and go: nothing that adds up.
        Assert.InRange(last.Bytes, 1, first.Bytes + 256);
        Assert.InRange(last.LargestArray, 1, 4096);
    }

    // What waits for an acknowledgement comes and goes in blocks of half a kilobyte: what adds up is in every look. A sample is taken each second: the looks are at different moments of it.
    private static HeapEstimate Least(Esp32Bench bench)
    {
        HeapEstimate least = Measure(bench);
        for (int i = 0; i < 12; i++)
        {
            bench.Run.RunFor(Esp32Bench.Seconds(1.3));
            HeapEstimate now = Measure(bench);
            least = now.Bytes < least.Bytes ? now : least;
        }

        return least;
    }

    [Fact]
    public void No_step_allocates_more_than_a_buffer()
    {
        using var bench = new Esp32Bench(config: c => c.IntervalSeconds = 1);
        Assert.True(bench.WaitOnline());
        bench.Run.RunFor(Esp32Bench.Seconds(30));
        // The first round is a warm-up: what .NET itself makes when code runs for the first time is not the firmware's. Of the others the least counts, since a collection within a step
        // makes .NET count up to a whole allocation context that nobody took; the firmware does the same in each round, so what it takes is in all of them.
        long most = long.MaxValue;
        for (int round = 0; round < 4; round++)
        {
            long inRound = LargestStep(bench);
            most = round == 0 ? most : Math.Min(most, inRound);
        }

        output.WriteLine($"the largest step allocated {most} bytes in all, the simulated network included");
        // All that one step allocates, many objects together, with 64-bit references and UTF-16: a single allocation over 4 KB would not fit beside the rest.
        Assert.InRange(most, 1, 16 * 1024);
    }

    // Bytes of the largest step while the thing is asked and publishes, goes away and comes back: negotiation, SCRAM, presence, a batch.
    private static long LargestStep(Esp32Bench bench)
    {
        long most = 0;
        bench.Hub.Forget();
        bench.Run.Stepped = bytes => most = Math.Max(most, bytes);
        Stanzas(bench, 200);
        bench.Network.TakeDown();
        bench.Run.RunFor(Esp32Bench.Seconds(60));
        bench.Network.BringUp();
        Assert.True(bench.WaitDrained());
        bench.Run.Stepped = null;
        return most;
    }

    private static HeapEstimate Measure(Esp32Bench bench) => HeapEstimate.Of(bench.Run.Application!);

    // Each second a sample, its result; and between them what a thing is asked.
    private static void Stanzas(Esp32Bench bench, int count)
    {
        int asked = 0;
        for (int done = 0; done < count; asked++)
        {
            string id = $"s{asked % 100}";
            bench.Hub.Forget();
            switch (asked % 4)
            {
                case 0:
                    bench.Ask("get", id, $"<query xmlns='{Ns.DiscoInfo}'/>");
                    break;
                case 1:
                    bench.Ask("get", id, "<ping xmlns='urn:xmpp:ping'/>");
                    break;
                case 2:
                    bench.Ask("set", id, $"<set xmlns='{Ns.Control}'><int name='sampleInterval' value='1000'/></set>");
                    break;
                default:
                    bench.Ask("set", id, $"<command xmlns='{Ns.Command}' id='q{asked}'><set xmlns='{Ns.Control}'><int name='sampleInterval' value='{1000 + (asked % 2)}'/></set></command>");
                    break;
            }

            // Request, answer, publish, result.
            bench.Run.RunFor(Esp32Bench.Seconds(0.3));
            done += 2 + (2 * bench.Hub.Publishes.Count);
        }

        bench.Run.RunFor(Esp32Bench.Seconds(3));
    }
}
