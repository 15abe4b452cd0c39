using System.Text.Json.Nodes;
using IotXmpp.Cli.Commands;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Hub.Server;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Cli.Up;

/// <summary>Hub, things and a view of what happens, in one process; all of them speak XMPP over TLS with each other.</summary>
internal sealed class UpRun(Screen screen, TimeSpan? length)
{
    /// <summary>How long things and view may take to leave; with the hub's own bound the whole is under 3 s.</summary>
    private static readonly TimeSpan LeaveLimit = TimeSpan.FromSeconds(1.2);

    /// <summary>How long the hub may take to stop.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(1.3);

    /// <summary>How long an answer may take, in one process: a hang is told by it, not a machine that does much else.</summary>
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(60);

    private readonly LiveView _view = new(screen);
    private readonly Fleet _fleet = new(TimeProvider.System);
    private readonly HashSet<string> _online = [];
    private readonly HashSet<string> _published = [];
    private readonly HashSet<string> _subscribed = [];
    private readonly List<Task> _work = [];
    private readonly Lock _gate = new();
    private int _samples;

    /// <summary>Runs until the time is over or it is cancelled.</summary>
    /// <returns>The exit code: with a length, whether all came online and published.</returns>
    public async Task<int> RunAsync(HubSettings settings, CancellationToken cancel)
    {
        HubServer server;
        using (Screen.Wait("starting the hub"))
        {
            server = await HubArguments.StartAsync(settings, cancel, logging => logging.AddProvider(new UpLog(Warn)));
        }

        try
        {
            return await RunAsync(server, cancel);
        }
        finally
        {
            await Bounded(server.StopAsync(), StopLimit);
        }
    }

    // What the hub cannot finish any more when all leave is not acknowledged either; nobody has to read about it.
    private void Warn(string line) => _view.Note(line, "yellow");

    // What happens while all leave is no news, and the sum stands last.
    private void Leave() => _view.Close();

    private static async Task Bounded(Task task, TimeSpan limit)
    {
        try
        {
            await task.WaitAsync(limit);
        }
        catch (TimeoutException)
        {
            // The process ends now; what was acknowledged is durable already.
        }
    }

    private async Task<int> RunAsync(HubServer server, CancellationToken cancel)
    {
        var plan = new UpPlan(server);
        Login login = await plan.ProvisionAsync(cancel);
        Greet(server, plan, login);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        HubClient? operatorClient = null;
        try
        {
            operatorClient = await HubClient.ConnectAsync(login, AnswerLimit, available: true, cancel, Listen);
            await _fleet.LoadAsync(operatorClient, cancel);
            foreach (UpThing thing in plan.Things)
            {
                Follow(thing, operatorClient, end.Token);
                Work(thing.RunAsync(end.Token));
            }

            await Task.Delay(length ?? Timeout.InfiniteTimeSpan, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return Sum(plan, cancel.IsCancellationRequested);
        }
        finally
        {
            Leave();
            await end.CancelAsync();
            Task[] work;
            lock (_gate)
            {
                work = [.. _work];
            }

            await Bounded(Task.WhenAll(work), LeaveLimit);
            if (operatorClient is not null)
            {
                await operatorClient.DisposeAsync();
            }
        }
    }

    private void Listen(XmppConnection connection)
    {
        _fleet.Attach(connection);
        _fleet.Changed += thing =>
        {
            bool seen;
            lock (_gate)
            {
                seen = (thing.IsOnline && _online.Add(thing.Id)) || _online.Contains(thing.Id);
            }

            // How a thing went in the run before is not news.
            if (seen)
            {
                _view.Presence(thing);
            }
        };
        connection.MessageReceived += message =>
        {
            foreach ((string thing, ThingSample sample) in ThingSample.ReadEvent(message))
            {
                lock (_gate)
                {
                    _published.Add(thing);
                    _samples++;
                }

                _view.Sample(thing, sample);
            }
        };
        connection.ConnectionLost += error => _view.Note($"the view lost the hub: {error}; trying again", "yellow");
        connection.SessionStarted += _view.Reconnected;
    }

    private void Follow(UpThing thing, HubClient hub, CancellationToken cancel)
    {
        thing.Commanded += command => _view.Command(thing.Id, Jid.TryParse(command.From, out Jid? jid) ? jid.Bare.ToString() : command.From, command.Parameter, command.Value, command.Error);
        thing.Troubled += what => _view.Note($"{thing.Id}: {what}", "yellow");
        thing.Published += Follow;
        void Follow(string id)
        {
            lock (_gate)
            {
                if (!_subscribed.Add(id))
                {
                    return;
                }
            }

            // Its node is there now. The last item comes with the subscription.
            Work(SubscribeAsync(id, hub, cancel));
        }
    }

    private async Task SubscribeAsync(string thing, HubClient hub, CancellationToken cancel)
    {
        try
        {
            await hub.Connection.SubscribeNodeAsync(hub.PubSub, $"things/{thing}/telemetry", cancel);
            if (thing == "relay-1")
            {
                // One command, to show that it obeys; what came of it is told by the thing.
                Element set = new(Ns.Control, "set");
                set.Add("boolean").Set("name", "relay").Set("value", "true");
                await hub.AskAsync("set", new Jid(thing, hub.Connection.Jid.Domain, "thing"), set, cancel);
            }
        }
        catch (Exception e) when (e is StanzaException or ConnectionException or TimeoutException)
        {
            _view.Note($"{thing}: {(e is StanzaException refused ? Errors.Describe(refused.Error) : e.Message)}", "yellow");
            lock (_gate)
            {
                _subscribed.Remove(thing); // tried again with its next samples
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    private void Work(Task task)
    {
        lock (_gate)
        {
            _work.RemoveAll(t => t.IsCompletedSuccessfully);
            _work.Add(task);
        }
    }

    private void Greet(HubServer server, UpPlan plan, Login login)
    {
        string domain = server.Services.Domain.Domain;
        string data = Path.GetFullPath(server.Services.Settings.Hub.Data);
        screen.Json(() => new JsonObject
        {
            ["event"] = "up",
            ["domain"] = domain,
            ["c2s"] = plan.StartTls?.ToString(),
            ["c2sTls"] = plan.Direct?.ToString(),
            ["http"] = server.Http?.ToString(),
            ["https"] = server.Https?.ToString(),
            ["data"] = data,
            ["profile"] = plan.ProfileFile,
            ["operator"] = login.Account.ToString(),
        });
        if (server.Administrator is { } first)
        {
            screen.Json(() => new JsonObject { ["event"] = "administrator", ["jid"] = first.Jid, ["password"] = first.Password });
        }

        string ways = string.Join("  ", new[] { plan.StartTls is { } s ? $"STARTTLS {s}" : null, plan.Direct is { } d ? $"TLS {d}" : null, server.Http is { } h ? $"HTTP http://{h}" : null, server.Https is { } t ? $"HTTPS https://{t}" : null }.OfType<string>());
        screen.Line(("The hub serves ", null), (domain, "bold"), ($"   {ways}", null));
        screen.Line(($"data in {data}", "dim"));
        if (server.Administrator is { } administrator)
        {
            screen.Line(($"administrator {administrator.Jid}, one-time password {administrator.Password} (shown this once: change it)", "yellow"));
        }

        string profile = plan.UsualProfile is null ? $" --profile {plan.ProfileFile}" : string.Empty;
        screen.Line(($"In a second terminal: iotxmpp things{profile} · iotxmpp watch{profile} · iotxmpp set relay-1 relay=false{profile}", "dim"));
        screen.Line((length is { } span ? $"Ends by itself after {Words.Span(span)}; Ctrl-C ends it now." : "Ctrl-C ends it.", "dim"));
        screen.Line(string.Empty);
    }

    private int Sum(UpPlan plan, bool interrupted)
    {
        string[] notOnline;
        string[] notPublished;
        int samples;
        string[] all = [.. plan.Things.SelectMany(t => t.Ids)];
        int things = all.Length;
        lock (_gate)
        {
            notOnline = [.. all.Where(id => !_online.Contains(id))];
            notPublished = [.. all.Where(id => !_published.Contains(id))];
            samples = _samples;
        }

        Leave();
        screen.Json(() => new JsonObject
        {
            ["event"] = "end",
            ["online"] = things - notOnline.Length,
            ["published"] = things - notPublished.Length,
            ["things"] = things,
            ["samples"] = samples,
            ["notOnline"] = new JsonArray([.. notOnline.Select(n => (JsonNode)n)]),
            ["notPublished"] = new JsonArray([.. notPublished.Select(n => (JsonNode)n)]),
        });
        screen.Line(string.Empty);
        screen.Line($"{things - notOnline.Length} of {things} things came online, {things - notPublished.Length} published, {samples} samples came through the hub.");
        if (length is null || notOnline.Length + notPublished.Length == 0)
        {
            return ExitCode.Ok; // ended by the one who watched, or all is well
        }

        string missing = string.Join("; ", new[]
        {
            notOnline.Length > 0 ? $"not online: {string.Join(", ", notOnline)}" : null,
            notPublished.Length > 0 ? $"not published: {string.Join(", ", notPublished)}" : null,
        }.OfType<string>());
        throw new CliException(interrupted ? ExitCode.Interrupted : ExitCode.Failed, $"{missing}{(interrupted ? " (interrupted)" : "; give it more time with --for")}");
    }
}
