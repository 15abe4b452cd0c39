using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Things.Tests.Esp32;

/// <summary>What the whole application takes, estimated by nanoFramework's rules; the real runtime is measured by firmware/Nano.</summary>
public sealed class MemoryTests(ITestOutputHelper output)
{
    [Fact]
    public void Forty_kilobytes_after_a_thousand_stanzas_and_no_growth_over_ten_thousand()
    {
        using var bench = new Esp32Bench(config: c => c.IntervalSeconds = 1);
        Assert.True(bench.WaitOnline());
        bench.Run.RunFor(Esp32Bench.Seconds(5));
        long start = Measure(bench).Bytes;
        Stanzas(bench, 1000);
        HeapEstimate first = Measure(bench);
        Stanzas(bench, 10_000);
        HeapEstimate last = Measure(bench);
        output.WriteLine($"at the start {start} bytes, after 1,000 stanzas {first.Bytes}, after 11,000 {last.Bytes}; largest array {last.LargestArray}");
        output.WriteLine(string.Join(", ", last.ByType.OrderByDescending(t => t.Value).Take(8).Select(t => $"{t.Key} {t.Value}")));
        Assert.InRange(first.Bytes, 1, 40 * 1024);
        // The table of commands and a sample's texts come and go: nothing that adds up.
        Assert.InRange(last.Bytes, 1, first.Bytes + 256);
        Assert.InRange(last.LargestArray, 1, 4096);
    }

    [Fact]
    public void No_step_allocates_more_than_a_buffer()
    {
        using var bench = new Esp32Bench(config: c => c.IntervalSeconds = 1);
        Assert.True(bench.WaitOnline());
        bench.Run.RunFor(Esp32Bench.Seconds(30));
        bench.Hub.Forget();
        long most = 0;
        bench.Run.Stepped = bytes => most = Math.Max(most, bytes);
        Stanzas(bench, 200);
        // Away and back: negotiation, SCRAM, presence, a batch.
        bench.Network.TakeDown();
        bench.Run.RunFor(Esp32Bench.Seconds(60));
        bench.Network.BringUp();
        Assert.True(bench.WaitDrained());
        output.WriteLine($"the largest step allocated {most} bytes in all, the simulated network included");
        // All that one step allocates, many objects together, with 64-bit references and UTF-16: a single allocation over 4 KB would not fit beside the rest.
        Assert.InRange(most, 1, 16 * 1024);
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
