using System.Collections.Concurrent;
using System.Security.Cryptography;
using IotXmpp.Hub.Features.Firmware;
using IotXmpp.Hub.Storage;
using IotXmpp.TestKit;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Firmware;

/// <summary>Images and roll-outs on a real database, with a clock that the test moves and things that answer as the test says.</summary>
public abstract class FirmwareHarness : IAsyncLifetime
{
    internal static readonly Jid Alice = new("alice", "hub.test", "pc");
    internal static readonly Jid Mallory = new("mallory", "hub.test", "pc");

    private readonly TempFolder _folder = new("firmware");
    private ISqlDatabase _database = null!;

    internal TestKit.ManualTime Time { get; } = new();

    internal FirmwareOptions Options { get; } = new() { MaxImageBytes = 100_000, TotalBytes = 150_000, MaxImages = 5, MaxRollouts = 3, KeptRollouts = 2 };

    internal FirmwareService Images { get; private set; } = null!;

    internal RolloutService Rollouts { get; private set; } = null!;

    internal Contact Things { get; } = new();

    internal string Folder => _folder.File("images");

    public async ValueTask InitializeAsync()
    {
        _database = await OpenDatabaseAsync();
        await OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_database is not null)
        {
            // Skipped where there is no PostgreSQL.
            await CloseAsync();
            await _database.DisposeAsync();
        }

        _folder.Dispose();
    }

    /// <summary>A database with the tables.</summary>
    protected abstract Task<ISqlDatabase> OpenDatabaseAsync();

    /// <summary>The services anew on the same database: nothing in memory.</summary>
    internal async Task RestartAsync()
    {
        await CloseAsync();
        await OpenAsync();
    }

    internal static FirmwareManifest Manifest(byte[] content, string version = "1.5.0", string name = "sensor") =>
        new(name, version, "nano", content.Length, Convert.ToHexStringLower(SHA256.HashData(content)), Convert.ToBase64String(SHA256.HashData([1])));

    internal static byte[] Content(int bytes, byte seed = 1) => [.. Enumerable.Range(0, bytes).Select(i => (byte)(i * seed))];

    internal async Task<FirmwareImage> AddAsync(int bytes = 10_000, string version = "1.5.0")
    {
        byte[] content = Content(bytes);
        (FirmwareOutcome outcome, FirmwareImage? image) = await Images.AddAsync(Alice, Manifest(content, version), new MemoryStream(content));
        Assert.Equal(FirmwareOutcome.Done, outcome);
        return image!;
    }

    internal async Task<Rollout> StartAsync(RolloutPlan plan)
    {
        FirmwareImage image = await AddAsync();
        RolloutResult result = await Rollouts.StartAsync(Alice, image.Id, plan);
        Assert.Equal(RolloutOutcome.Done, result.Outcome);
        return result.Rollout!;
    }

    /// <summary>Lets time pass, with a look every few seconds, and everything that follows from it be done.</summary>
    internal async Task PassAsync(TimeSpan time)
    {
        for (TimeSpan left = time; left > TimeSpan.Zero; left -= TimeSpan.FromSeconds(30))
        {
            Time.Advance(left < TimeSpan.FromSeconds(30) ? left : TimeSpan.FromSeconds(30));
            await LookAsync();
        }
    }

    internal async Task LookAsync()
    {
        for (int i = 0; i < 3; i++)
        {
            await Rollouts.LookAsync();
            await Rollouts.SettledAsync();
        }
    }

    internal async Task<RolloutThing> ThingAsync(long id, string thing) => (await Rollouts.FindAsync(Alice, id))!.Things.Single(t => t.Thing == thing);

    internal async Task<string> StepsAsync(long id) => string.Join(' ', (await Rollouts.FindAsync(Alice, id))!.Things.Select(t => $"{t.Thing}={t.Step.ToString().ToLowerInvariant()}"));

    internal async Task<bool> SayAsync(long id, string thing, string word, string reason = "")
    {
        bool known = await Rollouts.ReportAsync(thing, new UpdateReport("R" + id, word, reason));
        await LookAsync();
        return known;
    }

    private async Task OpenAsync()
    {
        Images = new FirmwareService(new FirmwareStore(_database), Options, Folder, who => new(who.Local == "alice"), Time, NullLogger.Instance);
        Rollouts = new RolloutService(
            new RolloutStore(_database),
            Images,
            Options,
            new RolloutSurroundings
            {
                MayMaintain = (who, thing, _) => new(who.Local == "alice" && thing.StartsWith('t')),
                WhyNot = (thing, _) => new(thing == "tnode" ? "is behind tgate" : null),
                ThingsOf = (who, group, _) => new(who.Local == "alice" && group == "roof" ? ["t1", "t2", "tnode"] : null),
                IsThere = thing => !Things.Away.ContainsKey(thing),
                VersionOf = thing => Things.Versions.GetValueOrDefault(thing, ""),
                Contact = Things,
            },
            Time,
            NullLogger.Instance);
        await Images.StartAsync(CancellationToken.None);
        await Rollouts.StartAsync(CancellationToken.None);
    }

    private async Task CloseAsync()
    {
        await Rollouts.DisposeAsync();
        Images.Dispose();
    }

    /// <summary>Things that say yes unless they were told otherwise.</summary>
    internal sealed class Contact : IUpdateContact
    {
        public ConcurrentDictionary<string, bool> Away { get; } = new();

        public ConcurrentDictionary<string, string> Versions { get; } = new();

        public ConcurrentDictionary<string, (UpdateAnswer, string)> Answers { get; } = new();

        public ConcurrentQueue<string> Offers { get; } = new();

        public ConcurrentQueue<string> Commits { get; } = new();

        public Task<(UpdateAnswer Answer, string Text)> OfferAsync(string thing, string offerId, FirmwareManifest manifest, int trialSeconds, CancellationToken cancel)
        {
            Offers.Enqueue(thing);
            return AnswerAsync(thing);
        }

        public Task<(UpdateAnswer Answer, string Text)> CommitAsync(string thing, string offerId, CancellationToken cancel)
        {
            Commits.Enqueue(thing);
            return AnswerAsync(thing);
        }

        private async Task<(UpdateAnswer, string)> AnswerAsync(string thing)
        {
            await Task.Yield();
            return Answers.GetValueOrDefault(thing, (UpdateAnswer.Accepted, ""));
        }
    }
}
