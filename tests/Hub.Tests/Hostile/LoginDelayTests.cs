using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Hostile;

/// <summary>Who guesses passwords waits longer and longer. The hub's clock stands still, so the delays are read off, not waited for.</summary>
public sealed class LoginDelayTests
{
    [Fact]
    public async Task Wrong_passwords_are_answered_later_and_later_and_another_account_is_not_held_up()
    {
        var time = new ManualTime();
        await using var hub = await HubHost.StartAsync("{ }", time);
        await hub.AddAccountAsync("alice", "right");
        await hub.AddAccountAsync("bob", "right");
        var delays = new List<TimeSpan>();
        for (var attempt = 0; attempt < 8; attempt++)
        {
            delays.Add(await DelayAsync(hub, time, "wrong"));
        }

        // Typing errors are free, guessing is not; and no answer is held back longer than a stream may take to log in.
        Assert.Equal(TimeSpan.Zero, delays[0]);
        Assert.Equal(delays.Order(), delays);
        Assert.True(delays[^1] >= 4 * delays.First(d => d > TimeSpan.Zero), string.Join(' ', delays));
        Assert.All(delays, d => Assert.InRange(d, TimeSpan.Zero, TimeSpan.FromSeconds(30)));

        await using var other = await RawClient.ConnectAsync(hub.Plain, "bob");
        await other.LoginAsync("hub.test", "bob", "right");
        Assert.Empty(await other.PingAsync());
    }

    /// <summary>Tries to log in; the time for which the hub holds its answer back.</summary>
    private static async Task<TimeSpan> DelayAsync(HubHost hub, ManualTime time, string password)
    {
        // What is left of the attempt before has its own waits, which end when they do.
        await Wait.UntilAsync(() => hub.Server.Connections == 0);
        await using var client = await RawClient.ConnectAsync(hub.Plain, "alice");
        await client.OpenStreamAsync("hub.test");
        var others = time.Waiting;
        var answer = client.AuthenticateAsync("alice", password, "PLAIN");
        var held = TimeSpan.Zero;
        while (!answer.IsCompleted)
        {
            // The clock stands, so the waits of others are as they were.
            if (time.Waiting.Except(others).Cast<TimeSpan?>().FirstOrDefault() is { } next)
            {
                held += next;
                time.Advance(next);
                await answer.WaitAsync(RawClient.DefaultWait);
            }

            await Task.WhenAny(answer, Task.Delay(1));
        }

        var failure = await answer;
        Assert.NotNull(failure);
        Assert.Contains(failure.Elements(), e => e.Name.LocalName == "not-authorized");
        return held;
    }
}
