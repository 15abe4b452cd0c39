using System.CommandLine;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp watch</c> and <c>iotxmpp subscribe THING</c>: presence and samples as they come.</summary>
internal static class WatchCommand
{
    public static Command Create()
    {
        var names = new Argument<string[]>("THING") { Description = "only these; all without", Arity = ArgumentArity.ZeroOrMore };
        var length = Durations.Optional("--for", "end after this time");
        var command = new Command("watch", "Show presence and samples as they come, until Ctrl-C") { names, length };
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) => RunAsync(client, parsed, new Wanted(parsed.GetValue(names) ?? [], true, null, parsed.GetValue(length)), cancel));
        return command;
    }

    /// <summary>What shall be shown.</summary>
    /// <param name="Names">Things; none for all.</param>
    /// <param name="Presence">Whether presence is shown, too.</param>
    /// <param name="Count">Samples after which it ends; null for no end.</param>
    /// <param name="Length">Time after which it ends; null for no end.</param>
    internal sealed record Wanted(string[] Names, bool Presence, int? Count, TimeSpan? Length);

    /// <summary>Shows until the end. Ctrl-C is an end in good order.</summary>
    internal static async Task<int> RunAsync(ClientArguments client, ParseResult parsed, Wanted wanted, CancellationToken cancel)
    {
        Screen screen = client.ScreenOf(parsed);
        var view = new LiveView(screen);
        var fleet = new Fleet(TimeProvider.System);
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        HashSet<string> only = [];
        // The last item comes by request and perhaps by notification, too: a sample is known by thing, node and time, and shown once.
        var shown = new Dictionary<(string Thing, string Node), DateTimeOffset>();
        var gate = new Lock();
        int samples = 0;
        bool leaving = false;
        void Show(string thing, ThingSample sample)
        {
            lock (gate)
            {
                bool isNew = !shown.TryGetValue((thing, sample.Node), out DateTimeOffset last) || sample.Time > last;
                if (!isNew || (only.Count > 0 && !only.Contains(thing)) || (wanted.Count is { } most && samples >= most))
                {
                    return;
                }

                shown[(thing, sample.Node)] = sample.Time;
                samples++;
                view.Sample(thing, sample);
                if (wanted.Count is { } count && samples >= count)
                {
                    end.TrySetResult();
                }
            }
        }

        fleet.Changed += thing =>
        {
            if (wanted.Presence && !leaving && (only.Count == 0 || only.Contains(thing.Id)))
            {
                view.Presence(thing);
            }
        };
        void Prepare(XmppConnection connection)
        {
            fleet.Attach(connection);
            connection.MessageReceived += message =>
            {
                foreach ((string thing, ThingSample sample) in ThingSample.ReadEvent(message))
                {
                    Show(thing, sample);
                }
            };
            connection.ConnectionLost += error =>
            {
                if (error.Kind != ClientErrorKind.Stopped && !leaving)
                {
                    view.Note($"connection lost: {error}; trying again", "yellow");
                }
            };
            connection.SessionStarted += view.Reconnected;
        }

        await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel, Prepare);
        only = [.. wanted.Names.Select(n => hub.ThingOf(n).Local)];
        await fleet.LoadAsync(hub, cancel);
        hub.Connection.Invoke(c => SendPresence(c));
        // A new session after a loss says so by itself.
        hub.Connection.SessionStarted += resumed =>
        {
            if (!resumed)
            {
                hub.Connection.Invoke(c => SendPresence(c));
            }
        };
        try
        {
            return await ShowAsync();
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested && wanted.Count is null)
        {
            return ExitCode.Ok; // it goes on until Ctrl-C, and here that is
        }
        finally
        {
            leaving = true;
        }

        async Task<int> ShowAsync()
        {
            IEnumerable<Jid> things = wanted.Names.Length > 0 ? wanted.Names.Select(n => hub.ThingOf(n).Bare) : fleet.Things.Select(t => t.Jid);
            int subscribed = await SubscribeAsync(hub, [.. things], mustAll: wanted.Names.Length > 0, view, Show, cancel);
            if (subscribed == 0 && wanted.Names.Length == 0)
            {
                view.Note("no thing publishes to you yet; presence is shown as it comes", "dim");
            }

            try
            {
                await end.Task.WaitAsync(wanted.Length ?? Timeout.InfiniteTimeSpan, cancel);
            }
            catch (TimeoutException) when (wanted.Count is { } missing)
            {
                throw new CliException(ExitCode.TimedOut, $"{samples} of {missing} samples came within {wanted.Length!.Value.TotalSeconds:0.###} s");
            }
            catch (TimeoutException)
            {
                // The time that was asked for is over.
            }

            return ExitCode.Ok;
        }
    }

    private static SendResult SendPresence(XmppClient client)
    {
        client.BeginPresence(null, null);
        return client.Commit();
    }

    /// <summary>Subscribes to the telemetry of things and shows the last sample of each; one subscription of the account serves all its terminals, so it is kept.</summary>
    private static async Task<int> SubscribeAsync(HubClient hub, Jid[] things, bool mustAll, LiveView view, Action<string, ThingSample> show, CancellationToken cancel)
    {
        int subscribed = 0;
        using Progress progress = Screen.Wait("subscribing");
        foreach (Jid thing in things)
        {
            try
            {
                await hub.Connection.SubscribeNodeAsync(hub.PubSub, HubClient.TelemetryNode(thing), cancel);
                subscribed++;
                foreach (PubSubItem item in await hub.Connection.ItemsAsync(hub.PubSub, HubClient.TelemetryNode(thing), 1, cancel))
                {
                    foreach (ThingSample sample in item.Payload is { } fields ? ThingSample.Read(fields) : [])
                    {
                        show(thing.Local, sample);
                    }
                }
            }
            catch (StanzaException e) when (!mustAll)
            {
                view.Note($"no samples of {thing.Local}: {Errors.Describe(e.Error)}", "yellow");
            }
            catch (StanzaException e)
            {
                throw Errors.CodeOf(e.Error) switch
                {
                    ExitCode.NotFound => new CliException(ExitCode.NotFound, $"{thing.Local} has no telemetry yet, or there is no such thing; `iotxmpp things` lists those you see"),
                    ExitCode.Forbidden => new CliException(ExitCode.Forbidden, $"the hub forbids you the telemetry of {thing.Local} ({e.Error.Condition}); log in as its owner or as an administrator"),
                    int code => new CliException(code, $"no subscription to {thing.Local}: {Errors.Describe(e.Error)}"),
                };
            }
        }

        return subscribed;
    }
}
