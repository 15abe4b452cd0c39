using System.Buffers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging;
using MQTTnet;
using MQTTnet.Exceptions;
using MQTTnet.Protocol;

namespace IotXmpp.Hub.Features.HomeAssistant;

/// <summary>What comes from the broker.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Payload">The payload.</param>
/// <param name="IsRetained">Whether the broker had kept it: a command that was kept is nobody's wish of now.</param>
internal readonly record struct MqttNews(string Topic, byte[] Payload, bool IsRetained);

/// <summary>
/// The connection with the broker: kept up with growing waits, with a will that says that the bridge is gone. It sends what stands in the outbox, each message acknowledged before the next, and never waits for anybody else.
/// </summary>
internal sealed class MqttLink(HomeAssistantOptions options, X509Certificate2Collection? trusted, Topics topics, Outbox outbox, TimeProvider time, ILogger log)
{
    /// <summary>Largest message that is taken from the broker (4 KiB): a command is a few bytes; configurations that are gone are looked at by their topic alone.</summary>
    private const int MaxIncoming = 4_096;

    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(10);

    /// <summary>Told after each time the broker was reached, before anything is sent.</summary>
    public required Action Connected { get; init; }

    /// <summary>Told of what comes. Must not wait.</summary>
    public required Action<MqttNews> Received { get; init; }

    /// <summary>Keeps the connection up until it is told to stop.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        double wait = 1;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                // The client goes first: it tells of its end.
                using var lost = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                using IMqttClient client = new MqttClientFactory().CreateMqttClient();
                await ServeAsync(client, lost, () => wait = 1, cancel).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                HomeAssistantLog.Lost(log, options.Broker, wait, (e.InnerException ?? e).Message);
            }

            // Full jitter, so that hubs that lost one broker do not come back together.
            await Task.Delay(TimeSpan.FromSeconds(wait * (0.5 + (Random.Shared.NextDouble() / 2))), time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            wait = Math.Min(wait * 2, options.MaxRetrySeconds);
        }
    }

    private async Task ServeAsync(IMqttClient client, CancellationTokenSource lost, Action reached, CancellationToken cancel)
    {
        client.DisconnectedAsync += _ => lost.CancelAsync();
        client.ApplicationMessageReceivedAsync += message =>
        {
            MqttApplicationMessage told = message.ApplicationMessage;
            Received(new MqttNews(told.Topic, told.Payload.Length <= MaxIncoming ? told.Payload.ToArray() : [], told.Retain));
            return Task.CompletedTask;
        };
        MqttClientConnectResult result = await client.ConnectAsync(Options(), lost.Token).ConfigureAwait(false);
        if (result.ResultCode != MqttClientConnectResultCode.Success)
        {
            throw new MqttCommunicationException($"the broker says {result.ResultCode}");
        }

        HomeAssistantLog.Reached(log, options.Broker);
        reached();
        await client.SubscribeAsync(
            new MqttClientFactory().CreateSubscribeOptionsBuilder()
                .WithTopicFilter(topics.AllCommands, MqttQualityOfServiceLevel.AtLeastOnce)
                .WithTopicFilter(topics.AllConfigs, MqttQualityOfServiceLevel.AtMostOnce)
                .Build(),
            lost.Token).ConfigureAwait(false);
        Connected();
        outbox.Put(topics.Bridge, "online"u8.ToArray());
        try
        {
            while (true)
            {
                await outbox.WaitAsync(lost.Token).ConfigureAwait(false);
                while (outbox.TryTake(out string? topic, out byte[]? payload))
                {
                    await SendAsync(client, topic, payload, lost.Token).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            await LeaveAsync(client).ConfigureAwait(false);
            throw;
        }
        catch (OperationCanceledException)
        {
            throw new MqttCommunicationException("the connection was lost");
        }
    }

    private async Task SendAsync(IMqttClient client, string topic, byte[] payload, CancellationToken lost)
    {
        try
        {
            using var late = CancellationTokenSource.CreateLinkedTokenSource(lost);
            late.CancelAfter(s_timeout);
            await client.PublishAsync(Message(topic, payload), late.Token).ConfigureAwait(false);
        }
        catch
        {
            outbox.PutBack(topic, payload);
            throw;
        }
    }

    // An orderly end has no will: the bridge says itself that it goes.
    private async Task LeaveAsync(IMqttClient client)
    {
        try
        {
            using var late = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            await client.PublishAsync(Message(topics.Bridge, "offline"u8.ToArray()), late.Token).ConfigureAwait(false);
            await client.DisconnectAsync(new MqttClientDisconnectOptions(), late.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is MqttCommunicationException or OperationCanceledException or IOException or InvalidOperationException)
        {
            HomeAssistantLog.Lost(log, options.Broker, 0, e.Message);
        }
    }

    private static MqttApplicationMessage Message(string topic, byte[] payload) => new MqttApplicationMessageBuilder()
        .WithTopic(topic).WithPayload(payload).WithRetainFlag().WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build();

    private MqttClientOptions Options()
    {
        Uri address = options.Address;
        MqttClientOptionsBuilder builder = new MqttClientOptionsBuilder()
            .WithTcpServer(address.Host.Trim('[', ']'), address.IsDefaultPort || address.Port < 0 ? options.IsSecure ? 8883 : 1883 : address.Port)
            .WithClientId(options.BaseTopic + "-hub")
            .WithProtocolVersion(MQTTnet.Formatter.MqttProtocolVersion.V311) // what every broker speaks; nothing newer is needed
            .WithCleanSession()
            .WithKeepAlivePeriod(TimeSpan.FromSeconds(30))
            .WithTimeout(s_timeout)
            .WithWillTopic(topics.Bridge)
            .WithWillPayload("offline")
            .WithWillRetain()
            .WithWillQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce);
        if (options.User.Length > 0)
        {
            builder.WithCredentials(options.User, Encoding.UTF8.GetBytes(options.Password));
        }

        if (options.IsSecure)
        {
            builder.WithTlsOptions(tls =>
            {
                tls.UseTls().WithTargetHost(address.Host);
                if (trusted is not null)
                {
                    tls.WithTrustChain(trusted).WithRevocationMode(X509RevocationMode.NoCheck);
                }
            });
        }

        return builder.Build();
    }
}
