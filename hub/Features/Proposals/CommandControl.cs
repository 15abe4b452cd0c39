using IotXmpp.Hub.Features.Commands;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Proposals;

/// <summary>The way to the things by the queue of commands.</summary>
/// <param name="commands">The queue; asked when something is proposed, since it begins after us.</param>
public sealed class CommandControl(CommandsModule commands) : IThingControl
{
    private const string NoCommands = "This hub gives no commands.";

    /// <summary>How long a confirmed command waits for its thing; default 15 minutes: who confirms means now, not tomorrow.</summary>
    private static readonly TimeSpan s_ttl = TimeSpan.FromMinutes(15);

    /// <inheritdoc/>
    public string? Wrong(string thing, IReadOnlyList<ProposedParameter> parameters)
    {
        // A hub goes without it where a setting says so.
        if (commands.Service is not { } service)
        {
            return NoCommands;
        }

        if (service.KnownForm(thing) is not { } form)
        {
            return null;
        }

        // What nobody may read cannot be shown to who decides.
        return parameters.FirstOrDefault(p => form.Find(p.Name) is { IsSecret: true }) is { } secret
            ? $"{secret.Name} is secret: it is set by a person."
            : parameters.Select(p => form.Wrong(form.Typed(Of(p)))).FirstOrDefault(wrong => wrong is not null);
    }

    /// <inheritdoc/>
    public async Task<GivenCommand> SetAsync(Jid who, string thing, IReadOnlyList<ProposedParameter> parameters, string key, CancellationToken cancel)
    {
        if (commands.Service is not { } service)
        {
            return new GivenCommand(null, NoCommands);
        }

        CommandResult result = await service.QueueAsync(who, new CommandRequest(thing, [.. parameters.Select(Of)], s_ttl, key), cancel).ConfigureAwait(false);
        return result is { Outcome: CommandOutcome.Done, Command: { } command }
            ? new GivenCommand(command.Id)
            : new GivenCommand(null, result.Text.Length > 0 ? result.Text : result.Outcome == CommandOutcome.TooMany ? "Too many commands wait." : "The command was refused.");
    }

    private static CommandParameter Of(ProposedParameter parameter) => new(parameter.Name, parameter.Type, parameter.Value);
}
