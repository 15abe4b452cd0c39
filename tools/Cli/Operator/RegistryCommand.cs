using IotXmpp.Host;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Operator;

/// <summary>The commands of the hub's registry of things: <c>urn:iotxmpp:thing:1#…</c> at <c>things.DOMAIN</c>.</summary>
internal static class RegistryCommand
{
    /// <summary>Runs a command.</summary>
    /// <param name="hub">The session.</param>
    /// <param name="name">The command, such as <c>revoke</c>.</param>
    /// <param name="fields">What its form is filled in with; fields that are null are left out.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <returns>The fields of the result, by name.</returns>
    /// <exception cref="CliException">The hub refuses it, or it has failed.</exception>
    public static Task<IReadOnlyDictionary<string, string>> RunAsync(HubClient hub, string name, IEnumerable<(string Var, string? Value)> fields, CancellationToken cancel) =>
        RunAsync(hub, name, [fields.Where(f => f.Value is not null).ToDictionary(f => f.Var, f => f.Value!)], cancel);

    /// <summary>Runs a command of several forms.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> RunAsync(HubClient hub, string name, IReadOnlyList<IReadOnlyDictionary<string, string>> stages, CancellationToken cancel)
    {
        try
        {
            return await AdHocCommand.RunAsync(hub, hub.Things, Ns.Thing + "#" + name, stages, cancel);
        }
        catch (StanzaException e)
        {
            throw e.Error.Condition switch
            {
                "forbidden" => new CliException(ExitCode.Forbidden, $"the hub forbids you to {name} things ({e.Error.Condition}); log in as an administrator"),
                "remote-server-not-found" or "service-unavailable" or "item-not-found" or "feature-not-implemented" => new CliException(
                    ExitCode.Failed, $"{hub.Things} does not know the command {name} ({e.Error.Condition}): the server is no IotXmpp hub, or an older one"),
                // A value of the form is wrong: the hub's text says which.
                "bad-request" => new CliException(ExitCode.Usage, Errors.Describe(e.Error).TrimEnd('.')),
                _ => new CliException(Errors.CodeOf(e.Error), Errors.Describe(e.Error).TrimEnd('.')),
            };
        }
    }
}
