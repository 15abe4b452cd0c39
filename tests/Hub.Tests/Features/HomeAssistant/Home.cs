using System.Collections.Concurrent;
using System.Text;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using MQTTnet;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.HomeAssistant;

/// <summary>Debian's mosquitto, and a home at it that remembers what it was told.</summary>
internal sealed class Home : IAsyncDisposable
{
    private const string Program = "/usr/sbin/mosquitto";

    private readonly TempFolder _folder = new("mosquitto");
    private readonly ConcurrentDictionary<string, string> _told = new();
    private readonly string _scheme;
    private readonly string? _password;
    private ServerProcess? _broker;
    private IMqttClient? _client;

    private Home(string scheme, string? password)
    {
        _scheme = scheme;
        _password = password;
    }

    /// <summary>The broker's port.</summary>
    public int Port { get; } = Ports.Free();

    /// <summary>The setting of the hub.</summary>
    public string Broker => $"{_scheme}://{(_scheme == "mqtts" ? "localhost" : "127.0.0.1")}:{Port}";

    /// <summary>What the home was told last of a topic; null: nothing, or nothing any more.</summary>
    public string? this[string topic] => _told.GetValueOrDefault(topic);

    /// <summary>All topics that have something.</summary>
    public IEnumerable<string> Topics => _told.Keys.Order();

    /// <summary>Starts a broker and a home.</summary>
    /// <param name="settings">Lines of mosquitto's configuration beside the listener's; null for a broker that lets everybody in.</param>
    /// <param name="scheme"><c>mqtt</c> or <c>mqtts</c>.</param>
    /// <param name="password">The password of the user <c>hub</c>; null for none.</param>
    public static async Task<Home> StartAsync(string? settings = null, string scheme = "mqtt", string? password = null)
    {
        Assert.SkipUnless(File.Exists(Program), "mosquitto is not installed (Debian's package)");
        var home = new Home(scheme, password);
        string persistence = $"persistence true\npersistence_location {home._folder.Path}/\nuser {Environment.UserName}\n";
        await File.WriteAllTextAsync(home._folder.File("mosquitto.conf"), persistence + (settings ?? "allow_anonymous true\n") + "\n");
        await home.StartBrokerAsync();
        return home;
    }

    /// <summary>Starts the broker, again with what it had kept.</summary>
    public async Task StartBrokerAsync()
    {
        string text = await File.ReadAllTextAsync(_folder.File("mosquitto.conf"));
        string main = _folder.File("run.conf");
        await File.WriteAllTextAsync(main, $"listener {Port} 127.0.0.1\n{text}");
        _broker = await ServerProcess.StartAsync(Program, ["-c", main, "-v"], line => line.Contains("running", StringComparison.Ordinal));
        _client = new MqttClientFactory().CreateMqttClient();
        IMqttClient client = _client;
        client.ApplicationMessageReceivedAsync += message =>
        {
            // What comes late by a connection that has ended is not told any more.
            if (client != _client)
            {
                return Task.CompletedTask;
            }

            string payload = Encoding.UTF8.GetString(message.ApplicationMessage.Payload);
            if (payload.Length == 0)
            {
                _told.TryRemove(message.ApplicationMessage.Topic, out _);
            }
            else
            {
                _told[message.ApplicationMessage.Topic] = payload;
            }

            return Task.CompletedTask;
        };
        MqttClientOptionsBuilder options = new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", Port).WithClientId("home");
        if (_scheme == "mqtts")
        {
            options.WithTlsOptions(tls => tls.UseTls().WithCertificateValidationHandler(_ => true));
        }

        if (_password is not null)
        {
            options.WithCredentials("hub", _password);
        }

        await _client.ConnectAsync(options.Build());
        await _client.SubscribeAsync(new MqttClientFactory().CreateSubscribeOptionsBuilder().WithTopicFilter("#", MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce).Build());
    }

    /// <summary>Ends the broker; what it has kept stays.</summary>
    public async Task StopBrokerAsync()
    {
        _client?.Dispose();
        _client = null;
        if (_broker is not null)
        {
            await _broker.DisposeAsync();
        }

        _told.Clear();
    }

    /// <summary>The broker begins anew, and has kept nothing.</summary>
    public async Task EmptyBrokerAsync()
    {
        await StopBrokerAsync();
        File.Delete(_folder.File("mosquitto.db"));
        await StartBrokerAsync();
    }

    /// <summary>The home says something.</summary>
    public Task SayAsync(string topic, string payload, bool retain = false) =>
        _client!.PublishAsync(new MqttApplicationMessageBuilder().WithTopic(topic).WithPayload(payload).WithRetainFlag(retain).WithQualityOfServiceLevel(MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce).Build());

    /// <summary>Waits until a topic has a value.</summary>
    public Task HasAsync(string topic, string? payload) => Wait.UntilAsync(() => this[topic] == payload);

    public async ValueTask DisposeAsync()
    {
        await StopBrokerAsync();
        _folder.Dispose();
    }
}
