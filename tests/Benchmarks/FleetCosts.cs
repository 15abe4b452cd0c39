using System.Globalization;
using IotXmpp.Hub.Dashboard;
using IotXmpp.Hub.Dashboard.Fleet;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.TestKit.Servers;
using IotXmpp.Xmpp;

namespace IotXmpp.Benchmarks;

/// <summary>What the fleet's page costs the hub, without a browser: <c>fleet [things]</c>. All things came online a moment ago, as after a restart of the hub.</summary>
internal static class FleetCosts
{
    public static async Task<int> RunAsync(string[] args)
    {
        int things = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 10_000;
        await using HubHost hub = await HubHost.StartAsync().ConfigureAwait(false);
        FleetServices fleet = hub.Server.FleetServices;
        Jid boss = new("boss", hub.Domain, "");
        Jid owner = new("operator", hub.Domain, "");
        await hub.AddAccountAsync("boss", "a pass word").ConfigureAwait(false);
        await hub.AddAccountAsync("operator", "a pass word").ConfigureAwait(false);
        await hub.SetAdministratorAsync("boss").ConfigureAwait(false);
        await Task.WhenAll(Enumerable.Range(0, things).Select(i => fleet.Registry.ChangeAsync(
            Id(i), _ => ((Thing?)new Thing(Id(i), Id(i)) { Owner = owner, State = ThingState.Private, Registered = DateTimeOffset.UtcNow }, true)))).ConfigureAwait(false);
        LivenessService liveness = fleet.Liveness!;
        for (int i = 0; i < things; i++)
        {
            liveness.Online(Id(i), new ThingStatus("1.4.0", Signal: -40 - (i % 60), Battery: i % 101));
        }

        await liveness.StepsAsync(Id(0), DateTimeOffset.UnixEpoch, DateTimeOffset.UtcNow).ConfigureAwait(false); // all are written
        for (int round = 1; round <= 3; round++)
        {
            Console.WriteLine($"round {round}, {things} things");
            FleetView? first = null;
            FleetView? second = null;
            FleetView? other = null;
            await CostMeter.TellAsync("the first page that is opened", async () => first = await FleetView.OpenAsync(fleet, boss, new FleetFilter()).ConfigureAwait(false)).ConfigureAwait(false);
            await CostMeter.TellAsync("  and what goes on behind it for two seconds", () => Task.Delay(TimeSpan.FromSeconds(2))).ConfigureAwait(false);
            await CostMeter.TellAsync("another page of the same person", async () => second = await FleetView.OpenAsync(fleet, boss, new FleetFilter()).ConfigureAwait(false)).ConfigureAwait(false);
            await CostMeter.TellAsync("a page of somebody who owns all of them", async () => other = await FleetView.OpenAsync(fleet, owner, new FleetFilter()).ConfigureAwait(false)).ConfigureAwait(false);
            await CostMeter.TellAsync("a word that is looked for", () => ShowAsync(first!, new FleetFilter { Text = "thing-09999" })).ConfigureAwait(false);
            foreach (FleetOrder order in Enum.GetValues<FleetOrder>())
            {
                await CostMeter.TellAsync($"order by {order}", () => ShowAsync(first!, new FleetFilter { Order = order, IsReversed = true })).ConfigureAwait(false);
            }

            await CostMeter.TellAsync("a thing that has changed, for all three", async () =>
            {
                var seen = new TaskCompletionSource();
                int left = 3;
                void Seen()
                {
                    if (Interlocked.Decrement(ref left) == 0)
                    {
                        seen.TrySetResult();
                    }
                }

                FleetView[] views = [first!, second!, other!];
                Array.ForEach(views, v => v.Changed += Seen);
                liveness.Online(Id(round), new ThingStatus("1.4.0", Signal: -30, Battery: 50 + round));
                await seen.Task.WaitAsync(TimeSpan.FromSeconds(60)).ConfigureAwait(false);
                Array.ForEach(views, v => v.Changed -= Seen);
            }).ConfigureAwait(false);
            first!.Dispose();
            second!.Dispose();
            other!.Dispose();
        }

        return 0;
    }

    private static Task ShowAsync(FleetView view, FleetFilter filter)
    {
        view.Show(filter);
        return Task.CompletedTask;
    }

    private static string Id(int i) => "thing-" + i.ToString("00000", CultureInfo.InvariantCulture);
}
