using IotXmpp.Features;
using IotXmpp.Gateway;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.Things.Tests.Gateway;

public sealed class SampleStoreTests : IDisposable
{
    private const long Start = 1_764_158_400_000;
    private readonly TempFolder _folder = new("store");

    public void Dispose() => _folder.Dispose();

    private string File => _folder.File("samples.db");

    private static Sample Climate(long time, long temperature)
    {
        var sample = new Sample();
        sample.Clear(time);
        sample.AddNumeric("temperature", "°C", temperature, 1);
        sample.AddNumeric("humidity", "%", 480 + (temperature % 20), 1);
        sample.AddNumeric("pressure", "hPa", 10025 - (temperature % 7), 1);
        return sample;
    }

    private static List<long> Times(SampleStore store, string thing) => [.. store.Oldest(thing, 0, int.MaxValue).Select(s => s.Sample.TimeMs)];

    [Fact]
    public void What_was_committed_is_there_again_with_its_time_and_form()
    {
        using (var store = new SampleStore(File))
        {
            var sample = new Sample();
            sample.Clear(Start);
            sample.AddNumeric("temperature", "°C", -2140, 2);
            sample.AddBoolean("relay", true, FieldFlags.Status);
            sample.AddString("mode", "heiß & \"kalt\"");
            sample.AddLong("count", long.MinValue);
            Assert.True(store.Add("node-1", sample));
            Assert.Empty(store.Oldest("node-1", 0, 10));
            store.Commit();
        }

        using var again = new SampleStore(File);
        (_, Sample read) = Assert.Single(again.Oldest("node-1", 0, 10));
        Assert.Equal(Start, read.TimeMs);
        Assert.Equal(["temperature", "relay", "mode", "count"], Enumerable.Range(0, read.Count).Select(read.Name));
        Assert.Equal(["-21.4", "true", "heiß & \"kalt\"", "-9223372036854775808"], Enumerable.Range(0, read.Count).Select(read.Value));
        Assert.Equal("°C", read.Text(0));
        Assert.Equal(FieldFlags.Status, read.Flags(1));
        Assert.Equal(1, again.Count);
    }

    [Fact]
    public void Late_samples_come_in_their_order_and_the_same_one_is_kept_once()
    {
        using var store = new SampleStore(File);
        foreach (long time in (long[])[5000, 1000, 3000, 3000, 1000])
        {
            store.Add("node-1", Climate(Start + time, 214));
        }

        store.Add("node-1", Climate(Start + 3000, 999));
        store.Commit();
        Assert.Equal([Start + 1000, Start + 3000, Start + 3000, Start + 5000], Times(store, "node-1"));
        Assert.Equal(4, store.Count);
    }

    [Fact]
    public void What_the_hub_has_leaves_and_stays_away()
    {
        using (var store = new SampleStore(File))
        {
            for (int i = 0; i < 10; i++)
            {
                store.Add("node-1", Climate(Start + i, i));
            }

            store.Commit();
            store.Remove("node-1", [.. store.Oldest("node-1", 0, 4).Select(s => s.Key)]);
            // Not committed yet, and not read again either.
            Assert.Equal(Start + 4, Times(store, "node-1")[0]);
            store.Commit();
            Assert.Equal(6, store.Count);
        }

        using var again = new SampleStore(File);
        Assert.Equal(6, again.CountOf("node-1"));
        Assert.Equal(Start + 4, Times(again, "node-1")[0]);
        Assert.Equal(0, again.Dropped);
    }

    [Fact]
    public void A_full_store_takes_from_who_has_most_and_counts_it()
    {
        using (var store = new SampleStore(File, new StoreLimits { MaxSamples = 1000, DropAtOnce = 10 }))
        {
            for (int i = 0; i < 100; i++)
            {
                store.Add("quiet", Climate(Start + i, 1));
            }

            for (int i = 0; i < 5000; i++)
            {
                store.Add("noisy", Climate(Start + i, 2));
                if (i % 500 == 0)
                {
                    store.Commit();
                }
            }

            store.Commit();
            Assert.InRange(store.Count, 900, 1000);
            Assert.Equal(100, store.CountOf("quiet"));
            Assert.Equal(Start + 4999, Times(store, "noisy")[^1]);
            Assert.Equal(5000, store.CountOf("noisy") + store.DroppedOf("noisy"));
            Assert.Equal(0, store.DroppedOf("quiet"));
        }

        using var again = new SampleStore(File);
        Assert.Equal(5000, again.CountOf("noisy") + again.DroppedOf("noisy"));
    }

    [Fact]
    public void A_disk_that_is_full_costs_the_oldest_and_nothing_else()
    {
        using var store = new SampleStore(File, new StoreLimits { MaxBytes = 64 * 4096 });
        int added = 0;
        for (int round = 0; round < 40; round++)
        {
            for (int i = 0; i < 500; i++)
            {
                store.Add("node-1", Climate(Start + (added * 1000L), added++));
            }

            store.Commit();
        }

        Assert.True(store.Dropped > 0);
        Assert.Equal(added, store.Count + store.Dropped);
        Assert.Equal(Start + ((added - 1) * 1000L), Times(store, "node-1")[^1]);
        Assert.True(new FileInfo(File).Length <= 64 * 4096);
    }

    [Fact]
    public void A_thing_that_makes_up_names_is_refused_its_new_ones_and_hurts_nobody()
    {
        using var store = new SampleStore(File);
        int refused = 0;
        for (int i = 0; i < 5000; i++)
        {
            var sample = new Sample();
            sample.Clear(Start + i);
            sample.AddBoolean("field-" + i, true);
            refused += store.Add("liar", sample) ? 0 : 1;
        }

        Assert.True(refused > 0);
        var old = new Sample();
        old.Clear(Start);
        old.AddBoolean("field-1", false);
        Assert.True(store.Add("honest", old));
        store.Commit();
        Assert.Single(store.Oldest("honest", 0, 10));
    }

    [Fact]
    public void A_file_that_is_no_store_is_told()
    {
        System.IO.File.WriteAllText(File, new string('x', 8192));
        Assert.True(Assert.Throws<SampleStoreException>(() => new SampleStore(File)).IsDamaged);
    }

    /// <summary>Seven days at one sample a second of twenty things, a hundredth of it; what a sample costs tells that the whole fits.</summary>
    [Fact]
    public void Seven_days_of_twenty_things_fit()
    {
        const int Things = 20;
        const int Seconds = 7 * 86400 / 100;
        var limits = new StoreLimits();
        using var store = new SampleStore(File, limits with { MaxPending = 100_000 });
        var random = new Random(7);
        long[] temperatures = new long[Things];
        for (int second = 0; second < Seconds; second++)
        {
            for (int thing = 0; thing < Things; thing++)
            {
                temperatures[thing] += random.Next(-2, 3);
                store.Add($"node-{thing}", Climate(Start + (second * 1000L), 214 + temperatures[thing]));
            }

            if (second % 60 == 0)
            {
                store.Commit();
            }
        }

        store.Commit();
        Assert.Equal(Things * Seconds, store.Count);
        Assert.Equal(0, store.Dropped);
        double bytes = (double)new FileInfo(File).Length / store.Count;
        TestContext.Current.SendDiagnosticMessage($"{bytes:F1} bytes a sample; seven days of twenty things are {bytes * Things * 7 * 86400 / 1e6:F0} MB");
        Assert.True(bytes < 32, $"{bytes:F1} bytes a sample");
        // And the gateway's own, at its usual interval of 30 s, with some for what its rules did.
        Assert.True((Things * 7L * 86400) + (2 * 7 * 86400 / 30) <= limits.MaxSamples);
        Assert.True(bytes * limits.MaxSamples < limits.MaxBytes);
        Assert.All(store.Things, thing => Assert.Equal(Start, store.Oldest(thing, 0, 1)[0].Sample.TimeMs));
    }
}
