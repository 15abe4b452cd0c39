using System.Globalization;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Sasl;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Proposals;

/// <summary>Says who may do what with a thing: <see cref="ThingAccess.MayAsync"/>.</summary>
public delegate ValueTask<bool> ProposalRight(Jid who, string thing, ThingRight right, string? parameter, CancellationToken cancel);

/// <summary>
/// Commands that programs propose: nothing is done until a person who may control the thing confirms, and then exactly what was shown, with that person's rights. A proposal expires, is decided once, and is kept.
/// </summary>
/// <param name="store">Where they are kept.</param>
/// <param name="options">Lifetimes and bounds.</param>
/// <param name="may">The one authorization point.</param>
/// <param name="control">Gives commands; null where the hub goes without: then nothing can be proposed.</param>
/// <param name="time">The clock.</param>
public sealed class ProposalService(ProposalStore store, ProposalOptions options, ProposalRight may, IThingControl? control, TimeProvider time)
{
    /// <summary>Characters of a reason, at most; default 500: what a person reads before a decision.</summary>
    public const int ReasonLimit = 500;

    /// <summary>Characters of a name or a value, at most; default 256.</summary>
    public const int ValueLimit = 256;

    /// <summary>Proposals in one list, at most; default 200.</summary>
    public const int ListLimit = 200;

    private const int IdChars = 12;

    /// <summary>Says whether who has a bare JID is who had it then (<see cref="Modules.IAccounts.IsSameAsync"/>).</summary>
    public Func<Jid, DateTimeOffset, CancellationToken, ValueTask<bool>> IsSame { get; set; } = static (_, _, _) => new(true);

    /// <summary>A proposal is new, or stands otherwise; after that is durable. Must not wait.</summary>
    public event Action<Proposal>? Changed;

    /// <summary>Marks what a hub before has left half done; before the first proposal.</summary>
    public Task StartAsync() => store.EndAllConfirmedAsync("The hub ended while it was confirmed: the list of commands says whether it was given.");

    /// <summary>Proposes a command.</summary>
    /// <param name="who">Whose token proposes.</param>
    /// <param name="token">The token.</param>
    /// <param name="thing">The thing.</param>
    /// <param name="parameters">What shall be set.</param>
    /// <param name="reason">Why, in the program's words.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async Task<ProposalResult> ProposeAsync(Jid who, string token, string thing, IReadOnlyList<ProposedParameter> parameters, string reason, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(who);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(reason);
        if (control is null)
        {
            return new ProposalResult(ProposalOutcome.Bad, null, "This hub gives no commands.");
        }

        if (Wrong(parameters, reason) is { } wrong)
        {
            return new ProposalResult(ProposalOutcome.Bad, null, wrong);
        }

        if (!await may(who, thing, ThingRight.See, null, cancel).ConfigureAwait(false))
        {
            return new ProposalResult(ProposalOutcome.NoThing, null, "There is no such thing, or you may not see it.");
        }

        foreach (ProposedParameter parameter in parameters)
        {
            if (!await may(who, thing, ThingRight.Control, parameter.Name, cancel).ConfigureAwait(false))
            {
                return new ProposalResult(ProposalOutcome.Forbidden, null, $"You may not set {parameter.Name} of this thing.");
            }
        }

        if (control.Wrong(thing, parameters) is { } misfit)
        {
            return new ProposalResult(ProposalOutcome.Bad, null, misfit);
        }

        DateTimeOffset now = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
        var proposal = new Proposal(RandomText.New(IdChars), who.Local, token, thing, parameters, reason.Trim(), now, now.AddMinutes(options.LifetimeMinutes));
        if (!await store.AddAsync(proposal, options.MaxOpen).ConfigureAwait(false))
        {
            return new ProposalResult(ProposalOutcome.TooMany, null, $"There are {options.MaxOpen} open proposals of this account: somebody has to decide some first.");
        }

        Changed?.Invoke(proposal);
        return new ProposalResult(ProposalOutcome.Done, proposal);
    }

    /// <summary>The latest proposals that somebody may decide, or whose token made them; the latest first.</summary>
    /// <param name="who">Who asks.</param>
    /// <param name="isOpen">The open ones only.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async ValueTask<IReadOnlyList<Proposal>> ListAsync(Jid who, bool isOpen, CancellationToken cancel = default)
    {
        var mine = new List<Proposal>();
        foreach (Proposal proposal in await store.ListAsync(isOpen, time.GetUtcNow(), ListLimit, cancel).ConfigureAwait(false))
        {
            if (await MaySeeAsync(who, proposal, cancel).ConfigureAwait(false))
            {
                mine.Add(Now(proposal));
            }
        }

        return mine;
    }

    /// <summary>A proposal; null where there is none, or not for who asks.</summary>
    public async ValueTask<Proposal?> FindAsync(Jid who, string id, CancellationToken cancel = default) =>
        await store.FindAsync(id, cancel).ConfigureAwait(false) is { } found && await MaySeeAsync(who, found, cancel).ConfigureAwait(false) ? Now(found) : null;

    /// <summary>Does what was proposed, in the name of a person who may control the thing.</summary>
    public async Task<ProposalResult> ConfirmAsync(Jid who, string id, CancellationToken cancel = default)
    {
        ProposalResult decided = await DecideAsync(who, id, ProposalState.Confirmed, cancel).ConfigureAwait(false);
        if (decided is not { Outcome: ProposalOutcome.Done, Proposal: { } proposal })
        {
            return decided;
        }

        GivenCommand given;
        try
        {
            // What is decided is done whether or not who decided waits for it.
            given = control is null ? new GivenCommand(null, "This hub gives no commands.") : await control.SetAsync(who.Bare, proposal.Thing, proposal.Parameters, "proposal-" + id, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Storage.StorageException)
        {
            given = new GivenCommand(null, "The hub's storage has failed: the list of commands says whether it was given.");
        }

        Proposal ended = proposal with { State = given.Command is null ? ProposalState.Failed : ProposalState.Given, Command = given.Command ?? string.Empty, Text = given.Text };
        await store.EndAsync(id, ended.State, ended.Command, ended.Text).ConfigureAwait(false);
        Changed?.Invoke(ended);
        return given.Command is null ? new ProposalResult(ProposalOutcome.Failed, ended, given.Text) : new ProposalResult(decided.Outcome, ended);
    }

    /// <summary>Rejects it: nothing is done.</summary>
    public async Task<ProposalResult> RejectAsync(Jid who, string id, CancellationToken cancel = default)
    {
        ProposalResult result = await DecideAsync(who, id, ProposalState.Rejected, cancel).ConfigureAwait(false);
        if (result is { Outcome: ProposalOutcome.Done, Proposal: { } rejected })
        {
            Changed?.Invoke(rejected);
        }

        return result;
    }

    /// <summary>Notes what has expired, and forgets what is older than it is kept.</summary>
    public Task SweepAsync() => store.SweepAsync(time.GetUtcNow(), time.GetUtcNow().AddDays(-options.KeptDays));

    /// <summary>An account or a thing is gone.</summary>
    public Task ForgetAsync(string name) => store.CloseAsync(name);

    private async Task<ProposalResult> DecideAsync(Jid who, string id, ProposalState state, CancellationToken cancel)
    {
        if (await FindAsync(who, id, cancel).ConfigureAwait(false) is not { } proposal)
        {
            return new ProposalResult(ProposalOutcome.NotFound, null, "There is no such proposal, or not for you.");
        }

        foreach (ProposedParameter parameter in proposal.Parameters)
        {
            // Rejecting is deciding as well: who may not control the thing leaves it to who may.
            if (!await may(who, proposal.Thing, ThingRight.Control, parameter.Name, cancel).ConfigureAwait(false))
            {
                return new ProposalResult(ProposalOutcome.Forbidden, proposal, $"You may not set {parameter.Name} of this thing.");
            }
        }

        DateTimeOffset now = time.GetUtcNow();
        return await store.DecideAsync(id, state, who, now).ConfigureAwait(false)
            ? new ProposalResult(ProposalOutcome.Done, proposal with { State = state, DecidedBy = who.Bare, Decided = now })
            : new ProposalResult(ProposalOutcome.TooLate, await FindAsync(who, id, cancel).ConfigureAwait(false), "It was decided already, or its time is over.");
    }

    private async ValueTask<bool> MaySeeAsync(Jid who, Proposal proposal, CancellationToken cancel) =>
        await may(who, proposal.Thing, ThingRight.See, null, cancel).ConfigureAwait(false)
        && ((proposal.Account == who.Local && await IsSame(who.Bare, proposal.Created, cancel).ConfigureAwait(false)) || await may(who, proposal.Thing, ThingRight.Control, proposal.Parameters[0].Name, cancel).ConfigureAwait(false));

    private Proposal Now(Proposal proposal) => proposal.State == ProposalState.Open && proposal.Expires <= time.GetUtcNow() ? proposal with { State = ProposalState.Expired } : proposal;

    private string? Wrong(IReadOnlyList<ProposedParameter> parameters, string reason)
    {
        if (parameters.Count == 0 || parameters.Count > options.MaxParameters)
        {
            return $"A proposal sets 1 to {options.MaxParameters} parameters.";
        }

        if (reason.Length > ReasonLimit || reason.Any(IsHidden))
        {
            return $"A reason has at most {ReasonLimit} characters, none of them hidden.";
        }

        foreach (ProposedParameter parameter in parameters)
        {
            if (parameter.Name.Length is 0 or > ValueLimit || parameter.Value.Length > ValueLimit || parameter.Name.Any(IsHidden) || parameter.Value.Any(IsHidden))
            {
                return $"A name has 1 to {ValueLimit} characters and a value at most {ValueLimit}, none of them hidden.";
            }
        }

        return parameters.Select(p => p.Name).Distinct(StringComparer.Ordinal).Count() == parameters.Count ? null : "A parameter is there twice.";
    }

    // What people confirm must be what they see: no line breaks, nothing that turns the direction of the text, nothing without width.
    private static bool IsHidden(char c) => char.IsControl(c) || char.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse;
}
