using System.Globalization;
using System.Text;
using IotXmpp.Host;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Sasl;
using IotXmpp.TestKit.Servers;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Page.Dashboard;

/// <summary>Things on a hub, as its pages show them: some that are told to be so, some that run the firmware.</summary>
internal sealed class FleetScene(HubHost hub) : IAsyncDisposable
{
    private readonly VirtualFleet _fleet = new();

    // A bound for waits of Playwright's assertions, not a measure: the machine may be busy.
    static FleetScene() => Microsoft.Playwright.Assertions.SetDefaultExpectTimeout(60_000);

    public LivenessService Liveness => hub.Server.FleetServices.Liveness!;

    public HistoryService History => hub.Server.FleetServices.History!;

    private RegistryModule Registry => hub.Server.Hub.Modules.OfType<RegistryModule>().First();

    public Jid Of(string name) => new(name, hub.Domain, "");

    /// <summary>A thing with an owner; its code.</summary>
    public async Task<string> AddAsync(string id, string owner = "operator", string model = "greenhouse", params (string Name, string Value)[] tags)
    {
        var keys = new ScramCredentials(ScramHash.Sha256, new byte[16], 4096, new byte[32], new byte[32]);
        ThingResult made = await Registry.Provisioning.ProvisionAsync(null, new Provision(id, Of(owner), keys) { Model = model });
        Assert.Equal(RegistryOutcome.Done, made.Outcome);
        if (tags.Length > 0)
        {
            var set = new MetaTags();
            foreach ((string name, string value) in tags)
            {
                Assert.Null(set.Add(name, value, isNumeric: false));
            }

            await hub.Server.FleetServices.Registry.ChangeAsync(id, t => (t! with { Tags = t.Tags.Values.Concat(set.Tags).GroupBy(x => x.Name).ToDictionary(g => g.Key, g => g.Last()).ToFrozen() }, true));
            hub.Server.FleetServices.Board.RegistryChanged();
        }

        return made.ClaimText!;
    }

    /// <summary>Lets somebody see a thing who does not own it.</summary>
    public Task ShowAsync(string id, string to) => hub.Server.Services.RosterLinks.LinkAsync(Of(id), Of(to), id);

    /// <summary>Samples, as if the thing had published them.</summary>
    public async Task MeasureAsync(string thing, DateTimeOffset at, params (string Field, string Value, string Unit)[] fields)
    {
        var text = new StringBuilder($"<fields xmlns='urn:xmpp:iot:sensordata' seqnr='1'><node nodeId='{thing}'><timestamp value='{TimeFormat.Text(at.ToUnixTimeMilliseconds())}'>");
        foreach ((string field, string value, string unit) in fields)
        {
            string element = value is "true" or "false" ? "boolean" : double.TryParse(value, CultureInfo.InvariantCulture, out _) ? "numeric" : "enum";
            text.Append(CultureInfo.InvariantCulture, $"<{element} name='{System.Security.SecurityElement.Escape(field)}' value='{System.Security.SecurityElement.Escape(value)}'{(element == "numeric" ? $" unit='{System.Security.SecurityElement.Escape(unit)}'" : "")}/>");
        }

        SampleBatch batch = History.Read(thing, Encoding.UTF8.GetBytes(text.Append("</timestamp></node></fields>").ToString()))!;
        await hub.Server.Services.Database.WriteAsync(
            session =>
            {
                History.Write(session, batch);
                return true;
            },
            _ => History.Committed(batch),
            inOrder: true);
    }

    /// <summary>A thing that runs the firmware of the boards, online.</summary>
    public async Task<VirtualThing> RunAsync(string id, string kind, string owner = "operator")
    {
        await AddAsync(id, owner, kind);
        await hub.Server.Services.Accounts.ChangePasswordAsync(id, DashboardFixture.Password);
        return await RunAgainAsync(id, kind);
    }

    /// <summary>A thing that there is already: another board with its account, online.</summary>
    public async Task<VirtualThing> RunAgainAsync(string id, string kind)
    {
        VirtualThing thing = _fleet.Add(new VirtualThingOptions
        {
            Kind = kind,
            Account = Of(id),
            Password = DashboardFixture.Password,
            Hub = new ServerAddress("127.0.0.1", hub.Server.C2sTls!.Port, true),
            Authorities = HostOptions.ReadAuthorities(hub.Server.AuthorityFile!),
            Interval = TimeSpan.FromSeconds(1),
            Sleep = TimeSpan.FromSeconds(1),
        });
        thing.Start();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        await _fleet.WaitPublishedAsync(limit.Token);
        return thing;
    }

    /// <summary>All things that run take their leave.</summary>
    public Task StopAsync() => _fleet.StopAsync();

    public ValueTask DisposeAsync() => _fleet.DisposeAsync();
}

/// <summary>Tags as the registry has them.</summary>
internal static class TagSet
{
    public static System.Collections.Frozen.FrozenDictionary<string, MetaTag> ToFrozen(this IReadOnlyDictionary<string, MetaTag> tags) => System.Collections.Frozen.FrozenDictionary.ToFrozenDictionary(tags, StringComparer.Ordinal);
}
