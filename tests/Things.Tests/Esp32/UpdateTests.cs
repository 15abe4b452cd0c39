using System.Security.Cryptography;
using IotXmpp.Features;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Things.Tests.Esp32;

public sealed class UpdateTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public void An_image_is_fetched_checked_tried_and_confirmed_beside_the_telemetry()
    {
        using var bench = new UpdateBench();
        Assert.True(bench.Bench.WaitOnline());
        Assert.Equal("confirmed", bench.Play(Hour));
        bench.AssertSound("confirmed");
        Assert.Equal(["restarting", "trial", "confirmed"], bench.Hub.Progress.Select(p => p.State));
        Assert.Equal([0, 2048, 4096, 6144, 8192], bench.Hub.Chunks);
        Assert.Single(bench.Loaded);
        bench.Bench.WaitDrained();
        bench.Bench.AssertNothingMissing();

        // It stays: also over a power cut.
        bench.Bench.Run.PowerOn();
        Assert.True(bench.Bench.WaitOnline());
        Assert.Equal("1.5.0", bench.Version);
        Assert.Equal(3, bench.Hub.Progress.Count);
    }

    [Fact]
    public void What_is_not_for_this_thing_is_refused_with_the_reason()
    {
        using var bench = new UpdateBench();
        Assert.True(bench.Bench.WaitOnline());
        UpdateOffer other = UpdateBench.Offer(bench.Image);
        other.Target = "linux-arm64";
        Assert.Equal("not-authorized", bench.Offered(other));
        other.Manifest = other.Sign(IotXmpp.Host.DotNetHash.Instance, UpdateBench.FleetKey);
        Assert.Equal("not-acceptable", bench.Offered(other));
        Assert.Equal("not-acceptable", bench.Offered(UpdateBench.Offer(bench.Image, "1.0.0")));
        Assert.Equal("not-acceptable", bench.Offered(UpdateBench.Offer(bench.Image, "0.9")));
        UpdateOffer down = UpdateBench.Offer(bench.Image, "0.9");
        down.Downgrade = true;
        Assert.Equal("not-authorized", bench.Offered(down));
        Assert.Equal("resource-constraint", bench.Offered(UpdateBench.Offer(new byte[16385])));
        Assert.Equal("forbidden", bench.Offered(UpdateBench.Offer(bench.Image), "alice@hub.example/cli"));
        Assert.Equal("bad-request", UpdateBench.Outcome(bench.Ask("x", "<update xmlns='urn:iotxmpp:ota:1' id='../..' image='a'/>")));
        Assert.Equal("item-not-found", UpdateBench.Outcome(bench.Ask("y", "<commit xmlns='urn:iotxmpp:ota:1' id='R1'/>")));
        Assert.Equal(UpdateState.None, bench.Record.State);
        down.Manifest = down.Sign(IotXmpp.Host.DotNetHash.Instance, UpdateBench.FleetKey);
        Assert.Equal("result", bench.Offered(down));
        Assert.Equal("result", bench.Offered(down));
        Assert.Equal("conflict", bench.Offered(UpdateBench.Offer(bench.Image, "1.5.0", "R2")));
    }

    [Fact]
    public void A_board_without_the_fleets_key_takes_nothing()
    {
        using var bench = new Esp32Bench();
        Assert.True(bench.WaitOnline());
        bench.Hub.Send($"<iq type='set' id='o' from='things.hub.example' to='t1@hub.example/thing'>{UpdateBench.Xml(UpdateBench.Offer([1]))}</iq>");
        Assert.True(bench.Run.RunUntil(() => bench.Hub.Others.Any(o => o.Attribute("id") == "o"), Esp32Bench.Seconds(5)));
        Assert.NotNull(bench.Hub.Others[^1].Child("error")!.Child("urn:ietf:params:xml:ns:xmpp-stanzas", "not-authorized"));
    }

    [Fact]
    public void An_image_with_another_hash_never_runs()
    {
        using var bench = new UpdateBench();
        bench.Hub.Image = new VirtualModule(ModuleFault.None).ToImage(9000, "another");
        Assert.True(bench.Bench.WaitOnline());
        Assert.Equal("failed", bench.Play(Hour));
        bench.AssertSound("failed");
        Assert.Empty(bench.Loaded);
        Assert.Contains("hash", bench.Hub.Progress[^1].Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ModuleFault.Refuses, "parts: this image has no parts", 1)]
    [InlineData(ModuleFault.Throws, "3 starts failed", 3)]
    [InlineData(ModuleFault.Hangs, "3 starts failed", 3)]
    [InlineData(ModuleFault.Panics, "3 starts failed", 3)]
    public void An_image_that_does_not_stay_up_is_given_up_and_the_hub_learns_why(ModuleFault fault, string reason, int starts)
    {
        using var bench = new UpdateBench(fault);
        Assert.True(bench.Bench.WaitOnline());
        Assert.Equal("reverted", bench.Play(Hour));
        bench.AssertSound("reverted");
        Assert.Contains(reason, bench.Hub.Progress[^1].Reason, StringComparison.Ordinal);
        Assert.Equal(starts, bench.Loaded.Count);
        bench.Bench.WaitDrained();
        Assert.NotEmpty(bench.Bench.Sampled);
    }

    [Fact]
    public void A_trial_that_nobody_confirms_ends_by_itself()
    {
        using var bench = new UpdateBench();
        Assert.True(bench.Bench.WaitOnline());
        Assert.Equal("result", bench.Offered(UpdateBench.Offer(bench.Image)));
        Assert.True(bench.Bench.Run.RunUntil(() => bench.Hub.Progress.Any(p => p.State == "trial"), Hour));
        bench.Bench.Network.TakeDown();
        bench.Bench.Run.RunFor(TimeSpan.FromSeconds(590));
        Assert.Equal(UpdateState.Trial, bench.Record.State);
        bench.Bench.Run.RunFor(TimeSpan.FromSeconds(30));
        bench.Bench.Network.BringUp();
        Assert.True(bench.Bench.Run.RunUntil(() => bench.Hub.Progress[^1].State == "reverted", Hour));
        Assert.Equal("the hub did not confirm it within 600 s", bench.Hub.Progress[^1].Reason);
        bench.AssertSound("reverted");
    }

    [Fact]
    public void An_offer_that_is_withdrawn_ends_in_a_failure_and_another_one_may_come()
    {
        using var bench = new UpdateBench();
        bench.Hub.Image = null;
        Assert.True(bench.Bench.WaitOnline());
        Assert.Equal("failed", bench.Play(Hour));
        bench.Hub.Image = bench.Image;
        Assert.Equal("result", bench.Offered(UpdateBench.Offer(bench.Image, "1.5.0", "R2")));
        Assert.True(bench.Bench.Run.RunUntil(() => bench.Hub.Progress[^1].State == "trial", Hour));
    }

    [Fact]
    public void A_download_goes_on_where_a_lost_network_left_it()
    {
        using var bench = new UpdateBench(bytes: 16384);
        Assert.True(bench.Bench.WaitOnline());
        bench.Hub.Boundary = after =>
        {
            if (after && bench.Hub.Chunks.Count == 3)
            {
                bench.Hub.Boundary = null;
                bench.Bench.Network.Cut();
            }
        };
        Assert.Equal("confirmed", bench.Play(Hour));
        Assert.Single(bench.Hub.Chunks, 0);
        bench.AssertSound("confirmed");
    }

    [Fact]
    public void A_sleeper_stays_awake_for_its_update_and_sleeps_again_afterwards()
    {
        using var bench = new UpdateBench(kind: "battery", config: c => c.SleepSeconds = 60);
        Assert.Equal("confirmed", bench.Play(Hour));
        bench.AssertSound("confirmed");
        Assert.True(bench.Bench.Run.RunUntil(() => bench.Bench.Run.IsAsleep, Hour));
    }

    [Fact]
    public void An_image_that_flash_has_damaged_later_does_not_run_and_the_flashed_one_does()
    {
        using var bench = new UpdateBench();
        Assert.True(bench.Bench.WaitOnline());
        Assert.Equal("confirmed", bench.Play(Hour));
        ISegmentStore images = bench.Bench.Board.Flash.Images;
        byte[] segment = new byte[images.Length(1)];
        images.Read(1, 0, segment, 0, segment.Length);
        segment[77] ^= 1;
        images.Delete(1);
        images.TryAppend(1, segment, 0, segment.Length);
        bench.Bench.Run.PowerOn();
        Assert.True(bench.Bench.WaitOnline());
        Assert.Equal("1.0.0", bench.Version);
        Assert.Single(bench.Loaded);
    }

    [Fact]
    public void The_manifest_and_the_record_are_frozen()
    {
        var offer = new UpdateOffer { Image = "sensor", Version = "1.5.0", Target = "nano", Size = 123456, Sha256 = SHA256.HashData([]) };
        Assert.Equal("iotxmpp-firmware 1\nimage=sensor\nversion=1.5.0\ntarget=nano\nsize=123456\nsha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\ndowngrade=false\n", offer.Canonical());
        Assert.Equal(HMACSHA256.HashData(UpdateBench.FleetKey, System.Text.Encoding.UTF8.GetBytes(offer.Canonical())), offer.Sign(new IotXmpp.Sasl.PortableHash(), UpdateBench.FleetKey));
        var settings = new VirtualSettings();
        UpdateRecord record = UpdateRecord.Load(settings);
        offer.Id = "R1";
        offer.TrialSeconds = 600;
        record.Accept(offer);
        Assert.Equal(
            "0101020000005802000040E20100E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B85505312E352E300673656E736F720000000000000000000000000000000000000000000000000000000000000000000000000000025231" + "00",
            Convert.ToHexString(settings.Read(UpdateRecord.Key)!));
        Assert.Equal("1.5.0", UpdateRecord.Load(settings).VersionOf(0));
    }

    [Theory]
    [InlineData("1.10", "1.9", 1)]
    [InlineData("1.0.0", "1", 0)]
    [InlineData("1.2.3", "1.2.3.1", -1)]
    [InlineData("1.x", "0.0.1", -1)]
    [InlineData("", "1", -1)]
    public void Versions_compare_by_number(string first, string second, int sign) => Assert.Equal(sign, Math.Sign(UpdateOffer.Compare(first, second)));

    [Theory]
    [InlineData("1.5.0", true)]
    [InlineData("1..0", false)]
    [InlineData(".1", false)]
    [InlineData("1.", false)]
    [InlineData("1.2.3.4.5", false)]
    [InlineData("v1", false)]
    [InlineData("123456789", false)]
    public void What_a_version_is(string text, bool good) => Assert.Equal(good, UpdateOffer.IsVersion(text));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(1000)]
    public void A_hash_in_pieces_is_the_hash(int bytes)
    {
        byte[] data = RandomNumberGenerator.GetBytes(bytes);
        foreach (int piece in new[] { 1, 7, 64, 1000 })
        {
            var hash = new IotXmpp.Sasl.Sha256();
            for (int at = 0; at < bytes; at += piece)
            {
                hash.Add(data, at, Math.Min(piece, bytes - at));
            }

            Assert.Equal(SHA256.HashData(data), hash.Finish());
        }
    }
}
