using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Hub.Addresses;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Operator;

/// <summary>An operator's session with a hub: any XMPP server will do.</summary>
internal sealed class HubClient : IAsyncDisposable
{
    /// <summary>How long leaving may take; the hub closes on its side anyway.</summary>
    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(1.5);

    private HubClient(XmppConnection connection, TimeSpan timeout)
    {
        Connection = connection;
        Timeout = timeout;
        PubSub = new Jid(string.Empty, "pubsub." + connection.Jid.Domain, string.Empty);
        Things = new Jid(string.Empty, "things." + connection.Jid.Domain, string.Empty);
    }

    /// <summary>The connection.</summary>
    public XmppConnection Connection { get; }

    /// <summary>How long an answer may take.</summary>
    public TimeSpan Timeout { get; }

    /// <summary>The hub's publish-subscribe service.</summary>
    public Jid PubSub { get; }

    /// <summary>The hub's registry of things.</summary>
    public Jid Things { get; }

    /// <summary>Connects and logs in.</summary>
    /// <param name="login">Where and who.</param>
    /// <param name="timeout">How long connecting, and later each answer, may take.</param>
    /// <param name="available">Whether presence is sent, so that presence and notifications come.</param>
    /// <param name="cancel">Stops trying.</param>
    /// <param name="prepare">Called before anything is received, to listen.</param>
    /// <exception cref="CliException">It cannot be reached, or does not take the log-in.</exception>
    public static async Task<HubClient> ConnectAsync(Login login, TimeSpan timeout, bool available, CancellationToken cancel, Action<XmppConnection>? prepare = null)
    {
        var options = ClientOptions.ForTool(login.Account, login.Password);
        options.IqTimeoutSeconds = Math.Max(1, (int)Math.Ceiling(timeout.TotalSeconds));
        options.CloseTimeoutSeconds = 1;
        var connection = new XmppConnection(new HostOptions { Client = options, Server = login.Server, Authorities = login.Authorities(), AnnouncePresence = available });
        prepare?.Invoke(connection);
        using Progress progress = Screen.Wait($"connecting to {login.Server} as {login.Account}");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(timeout);
        try
        {
            await connection.ConnectAsync(failFast: true, limit.Token);
            return new HubClient(connection, timeout);
        }
        catch (ConnectionException e)
        {
            await LeaveAsync(connection);
            throw Refused(login, e.Error);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            await LeaveAsync(connection);
            throw new CliException(ExitCode.Unreachable, $"no session with {login.Server} within {Words.Span(timeout)}; is this the hub, and does it run? --timeout gives more time");
        }
        catch (OperationCanceledException)
        {
            await LeaveAsync(connection);
            throw;
        }
    }

    /// <summary>A request to a thing or a service.</summary>
    public async Task<Element> AskAsync(string type, Jid? to, Element payload, CancellationToken cancel)
    {
        Element iq = await Connection.SendIqAsync(type, to, payload, Timeout, cancel);
        return iq;
    }

    /// <summary>A request whose error is wanted as it came: the answer is the <c>iq</c> element, a result or an error.</summary>
    /// <exception cref="TimeoutException">No answer in time.</exception>
    /// <exception cref="ConnectionException">The session was lost.</exception>
    public async Task<Element> AskWholeAsync(string type, Jid to, Element payload, CancellationToken cancel)
    {
        var answer = new WholeAnswer();
        int seconds = Math.Max(1, (int)Math.Ceiling(Timeout.TotalSeconds));
        await Connection.SubmitAsync(client => client.SendIq(type, to, payload, answer, string.Empty, seconds), cancel);
        return await answer.Task.WaitAsync(cancel);
    }

    /// <summary>The full JID of a thing that the operator names: by id, by bare or by full JID.</summary>
    /// <exception cref="CliException">It is no address.</exception>
    public Jid ThingOf(string name)
    {
        string text = name.Contains('@', StringComparison.Ordinal) ? name : $"{name}@{Connection.Jid.Domain}";
        if (!JidPrep.TryParse(text, out Jid? jid) || jid.Local.Length == 0)
        {
            throw new CliException(ExitCode.Usage, $"'{name}' names no thing: an id such as relay-1, or name@domain, is expected");
        }

        return jid.Resource.Length > 0 ? jid : new Jid(jid.Local, jid.Domain, "thing");
    }

    /// <summary>Where a thing that the operator names is reached: itself, or the gateway that it is behind and its node id (wire profile, addresses).</summary>
    /// <param name="name">What the operator wrote.</param>
    /// <param name="node">The node id that the operator gave beside it, or null.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="CliException">It is no address.</exception>
    public async Task<(Jid Thing, string? Node)> FindAsync(string name, string? node, CancellationToken cancel)
    {
        Jid thing = ThingOf(name);
        if (node is not null || name.Contains('@', StringComparison.Ordinal))
        {
            return (thing, node);
        }

        try
        {
            IReadOnlyDictionary<string, string> known = await AdHocCommand.RunAsync(
                this, Things, Ns.Thing + "#show", new Dictionary<string, string> { ["thing"] = thing.Local }, cancel);
            return known.TryGetValue("nodeId", out string? id) && id.Length > 0 && Jid.TryParse(known["jid"], out Jid? gateway) ? (new Jid(gateway.Local, gateway.Domain, "thing"), id) : (thing, null);
        }
        catch (Exception e) when (e is StanzaException or CliException)
        {
            // A hub without a registry, or a thing that is somebody else's to show: it is asked itself.
            return (thing, null);
        }
    }

    /// <summary>The id of a thing that the operator names: by id or by JID.</summary>
    /// <exception cref="CliException">It is no address.</exception>
    public string IdOf(string name) => ThingOf(name).Local;

    /// <summary>The node that a thing publishes its samples to.</summary>
    public static string TelemetryNode(Jid thing) => $"things/{thing.Local}/telemetry";

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => new(LeaveAsync(Connection));

    private static async Task LeaveAsync(XmppConnection connection)
    {
        try
        {
            await connection.DisposeAsync().AsTask().WaitAsync(LeaveTimeout);
        }
        catch (TimeoutException)
        {
            // The process ends, and the socket with it.
        }
    }

    private static CliException Refused(Login login, ClientError error)
    {
        string detail = error.Text.Length > 0 ? error.Text : error.Condition;
        return error.Kind switch
        {
            ClientErrorKind.Authentication when error.Condition is "not-authorized" or "account-disabled" or "credentials-expired" => new CliException(
                ExitCode.Unreachable, $"the hub does not take this name and password for {login.Account} ({error.Condition}); give the right ones with --jid and IOTXMPP_PASSWORD, or write them with: iotxmpp login"),
            ClientErrorKind.Authentication => new CliException(ExitCode.Unreachable, $"the hub refused the log-in of {login.Account}: {error}"),
            ClientErrorKind.Connection when detail.Contains("TLS handshake", StringComparison.Ordinal) => new CliException(
                ExitCode.Unreachable, $"{detail}; is the hub's authority trusted? --ca ca.pem (from the hub's data folder) names it"),
            ClientErrorKind.Connection => new CliException(ExitCode.Unreachable, $"the hub cannot be reached: {detail}; does it run, and is --hub right?"),
            ClientErrorKind.Policy => new CliException(ExitCode.Unreachable, $"{login.Server} was left: {error}; nothing is sent without TLS"),
            ClientErrorKind.Stream when error.Condition == "host-unknown" => new CliException(
                ExitCode.Unreachable, $"{login.Server} does not serve {login.Account.Domain}; give the account of a domain it serves with --jid"),
            _ => new CliException(ExitCode.Unreachable, $"no session with {login.Server}: {error}"),
        };
    }

    private sealed class WholeAnswer : IIqCallback
    {
        private readonly TaskCompletionSource<Element> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<Element> Task => _source.Task;

        public void IqCompleted(XmppClient client, IqOutcome outcome, Stanza? answer, object state)
        {
            switch (outcome)
            {
                case IqOutcome.Result or IqOutcome.Error:
                    _source.TrySetResult(answer!.ToElement());
                    break;
                case IqOutcome.TimedOut:
                    _source.TrySetException(new TimeoutException("no answer within the time limit"));
                    break;
                case IqOutcome.TooLarge:
                    _source.TrySetException(new StanzaException(StanzaError.ResourceConstraint.WithText("the answer is larger than the receive buffer"), string.Empty));
                    break;
                default:
                    _source.TrySetException(new ConnectionException(client.LastError ?? new ClientError(ClientErrorKind.Connection, "disconnected", "the session was lost")));
                    break;
            }
        }
    }
}
