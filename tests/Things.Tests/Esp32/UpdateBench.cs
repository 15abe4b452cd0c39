using System.Security.Cryptography;
using IotXmpp.Esp32;
using IotXmpp.Features;
using IotXmpp.Host;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Things.Tests.Esp32;

/// <summary>A virtual board with a fleet's key, and a hub that offers it an image, confirms it after a minute and keeps what the board says.</summary>
internal sealed class UpdateBench : IDisposable
{
    public static readonly byte[] FleetKey = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    private const int Trial = 600;

    public UpdateBench(ModuleFault fault = ModuleFault.None, int bytes = 9000, string kind = "bme280", Action<BoardConfig>? config = null)
    {
        Bench = new Esp32Bench(kind, config, start: false);
        Bench.Board.Provision(Bench.Run.Board.Flash is { } flash ? BoardConfig.Parse(((IBoardFiles)flash).Read(BoardConfig.Path), out _) : null!, new DeviceKey(Esp32Bench.Key.Keys) { Update = FleetKey });
        Image = new VirtualModule(fault).ToImage(bytes);
        Bench.Hub.Image = Image;
        Bench.Board.Loaded = image => Loaded.Add(Convert.ToHexString(SHA256.HashData(image)));
        Bench.Run.PowerOn();
    }

    public Esp32Bench Bench { get; }

    public FakeHub Hub => Bench.Hub;

    public byte[] Image { get; }

    /// <summary>Hashes of the images that were run, one for each start.</summary>
    public List<string> Loaded { get; } = [];

    public UpdateRecord Record => UpdateRecord.Load(new FlashSettings(Bench.Board.Flash));

    /// <summary>The version that the board told last.</summary>
    public string? Version => Bench.Status.Attribute("fw");

    public static UpdateOffer Offer(byte[] image, string version = "1.5.0", string id = "R1")
    {
        var offer = new UpdateOffer { Id = id, Image = "sensor", Version = version, Target = "nano", Size = image.Length, Sha256 = SHA256.HashData(image), TrialSeconds = Trial };
        offer.Manifest = offer.Sign(DotNetHash.Instance, FleetKey);
        return offer;
    }

    public static string Xml(UpdateOffer o)
        => $"<update xmlns='{Ns.Ota}' id='{o.Id}' image='{o.Image}' version='{o.Version}' target='{o.Target}' size='{o.Size}' sha256='{Convert.ToHexStringLower(o.Sha256)}' manifest='{Convert.ToBase64String(o.Manifest)}' trial='{o.TrialSeconds}'{(o.Downgrade ? " downgrade='true'" : "")}/>";

    /// <summary>Sends an IQ as the registry and gives the answer; null when none comes.</summary>
    public Element? Ask(string id, string payload, string from = "things.hub.example")
    {
        if (!Bench.Run.IsOnline)
        {
            return null;
        }

        int before = Hub.Others.Count;
        Hub.Send($"<iq type='set' id='{id}' from='{from}' to='t1@hub.example/thing'>{payload}</iq>");
        Bench.Run.RunUntil(() => Hub.Others.Skip(before).Any(e => e.Name == "iq" && e.Attribute("id") == id), Esp32Bench.Seconds(5));
        return Hub.Others.Skip(before).FirstOrDefault(e => e.Name == "iq" && e.Attribute("id") == id);
    }

    /// <summary>The offer's answer: <c>result</c>, or the error's condition.</summary>
    public string Offered(UpdateOffer offer, string from = "things.hub.example") => Outcome(Ask("offer", Xml(offer), from));

    public static string Outcome(Element? answer)
        => answer is null ? "nothing" : answer.Attribute("type") == "result" ? "result" : answer.Child("error")!.ChildAt(0).Name;

    /// <summary>Plays the hub until the board says how it ended: offers until that was answered, confirms a trial of a minute, gives power back where it failed.</summary>
    public string Play(TimeSpan limit)
    {
        bool accepted = false;
        int trials = 0;
        long trialMs = -1;
        long end = Bench.Clock.NowMs + (long)limit.TotalMilliseconds;
        while (Bench.Clock.NowMs < end)
        {
            Power();
            if (!accepted && Bench.Run.IsOnline)
            {
                accepted = Offered(Offer(Image)) == "result";
            }

            Bench.Run.RunFor(Esp32Bench.Seconds(1));
            if (Hub.Progress.Count(p => p.State == "trial") is int count && count != trials)
            {
                trials = count;
                trialMs = Bench.Clock.NowMs;
            }

            if (trialMs >= 0 && Bench.Clock.NowMs - trialMs >= 60_000 && Bench.Run.IsOnline && Outcome(Ask("commit", $"<commit xmlns='{Ns.Ota}' id='R1'/>")) != "nothing")
            {
                trialMs = -1;
            }

            if (Bench.Run.Application is not null && accepted && Hub.Progress.Count > 0 && Hub.Progress[^1].State is "confirmed" or "failed" or "reverted" && Record.IsTold)
            {
                return Hub.Progress[^1].State;
            }
        }

        return "nothing";
    }

    /// <summary>Gives the board its power back, where it failed.</summary>
    public void Power()
    {
        if (Bench.Run.Application is null)
        {
            Bench.Run.PowerOn();
        }
    }

    public void Dispose() => Bench.Dispose();

    /// <summary>Everything that must hold however it went: the board is there, it ran nothing but what was checked, and the hub knows which image it has.</summary>
    public void AssertSound(string ended)
    {
        string good = Convert.ToHexString(SHA256.HashData(Image));
        Assert.All(Loaded, hash => Assert.Equal(good, hash));
        Power();
        Assert.True(Bench.WaitOnline(), "the board does not come back");
        Assert.Contains(ended, (string[])["confirmed", "failed", "reverted"]);
        Assert.Equal(ended == "confirmed" ? "1.5.0" : "1.0.0", Version);
        Assert.Equal(ended, Record.State.ToString().ToLowerInvariant());
        Assert.Equal(BoardState.Running, Bench.Run.Application!.State);
    }
}
