using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;

namespace IotXmpp.Hub.Tests.Hostile;

/// <summary>Two honest clients that talk all the while: whatever a hostile peer does, their messages go on, in order, none lost.</summary>
internal sealed class Witness : IAsyncDisposable
{
    private readonly RawClient ping;
    private readonly RawClient pong;
    private readonly CancellationTokenSource stop = new();
    private readonly Task talk;

    private Witness(RawClient ping, RawClient pong)
    {
        this.ping = ping;
        this.pong = pong;
        talk = TalkAsync();
    }

    /// <summary>How many messages went there and back.</summary>
    public int Rounds { get; private set; }

    public static async Task<Witness> StartAsync(HubProcess hub, string one, string other) =>
        new(await hub.LoginAsync(one, "witness"), await hub.LoginAsync(other, "witness"));

    /// <summary>Waits until some more rounds have been made: the hub serves others now, not only before.</summary>
    public async Task MoreAsync(int rounds = 20)
    {
        var goal = Rounds + rounds;
        while (Rounds < goal)
        {
            if (talk.IsCompleted)
            {
                await talk;
            }

            await Task.Delay(5);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await talk;
        await ping.DisposeAsync();
        await pong.DisposeAsync();
        stop.Dispose();
    }

    private async Task TalkAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            await ping.SendAsync($"<message to='{pong.Jid}' type='chat' id='w{Rounds}'><body>there</body></message>");
            await ExpectAsync(pong, $"w{Rounds}");
            await pong.SendAsync($"<message to='{ping.Jid}' type='chat' id='w{Rounds}'><body>back</body></message>");
            await ExpectAsync(ping, $"w{Rounds}");
            Rounds++;
        }
    }

    private static async Task ExpectAsync(RawClient client, string id)
    {
        var element = await client.ReadAsync();
        if ((string?)element.Attribute("id") != id || (string?)element.Attribute("type") != "chat")
        {
            throw new DialogueException($"the witness expected message {id}, got {element}");
        }
    }
}
