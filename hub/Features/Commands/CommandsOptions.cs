namespace IotXmpp.Hub.Features.Commands;

/// <summary>Settings of section <c>Commands</c>.</summary>
public sealed class CommandsOptions
{
    /// <summary>Seconds that a command waits for its thing where its sender says nothing; default 3,600.</summary>
    public int DefaultTtlSeconds { get; set; } = 3_600;

    /// <summary>Seconds that a command may wait at most; default 2,592,000 (30 days): what is older is not what anybody still wants.</summary>
    public int MaxTtlSeconds { get; set; } = 2_592_000;

    /// <summary>Open commands of one thing; default 64: more than a person gives, and a thing that comes back works them off in seconds.</summary>
    public int OpenPerThing { get; set; } = 64;

    /// <summary>Open commands of one account; default 10,000: a command to each thing of a fleet.</summary>
    public int OpenPerAccount { get; set; } = 10_000;

    /// <summary>Open commands in all; default 50,000, about 1 KB each in memory.</summary>
    public int OpenCommands { get; set; } = 50_000;

    /// <summary>Bytes of the <c>set</c> of one command; default 3,072: with its wrapper it fits the 4 KiB that a thing receives (wire profile, limits).</summary>
    public int PayloadBytes { get; set; } = 3_072;

    /// <summary>Seconds that a thing has to answer; default 30: a slow radio link behind a gateway.</summary>
    public int AnswerSeconds { get; set; } = 30;

    /// <summary>How often a command is sent over streams that last, before it counts as not answered; default 3.</summary>
    public int Attempts { get; set; } = 3;

    /// <summary>Commands on their way over one session at a time, those of things behind a gateway together; default 8: half of the ids that a thing remembers, so that none is forgotten before it could be sent again.</summary>
    public int ParallelPerSession { get; set; } = 8;

    /// <summary>Days for which commands and what came of them are kept; default 400.</summary>
    public int AuditDays { get; set; } = 400;

    /// <summary>Commands that have come to their end and are kept; default 1,000,000, about 400 bytes each. The oldest go.</summary>
    public int MaxAudit { get; set; } = 1_000_000;

    /// <summary>Notes of direct commands that wait to be stored; default 1,000. Beyond it direct commands are refused: what cannot be noted is not done.</summary>
    public int PendingNotes { get; set; } = 1_000;

    /// <summary>Refused attempts of one account that are noted a minute; default 20: what comes beyond stands in the log alone, so that nobody pushes the truth out of the audit with noise.</summary>
    public int RefusalsPerMinute { get; set; } = 20;

    /// <summary>Things of one batch; default 10,000.</summary>
    public int BatchThings { get; set; } = 10_000;

    /// <summary>Batches that run at a time; default 20.</summary>
    public int RunningBatches { get; set; } = 20;

    /// <summary>What is wrong with these settings, one line each.</summary>
    public IEnumerable<string> Validate()
    {
        foreach ((string name, int value, int least, int most) in new (string, int, int, int)[]
        {
            (nameof(DefaultTtlSeconds), DefaultTtlSeconds, 1, MaxTtlSeconds),
            (nameof(MaxTtlSeconds), MaxTtlSeconds, 60, 31_536_000),
            (nameof(OpenPerThing), OpenPerThing, 1, 10_000),
            (nameof(OpenPerAccount), OpenPerAccount, 1, 1_000_000),
            (nameof(OpenCommands), OpenCommands, 1, 1_000_000),
            (nameof(PayloadBytes), PayloadBytes, 256, 3_584),
            (nameof(AnswerSeconds), AnswerSeconds, 1, 600),
            (nameof(Attempts), Attempts, 1, 100),
            (nameof(ParallelPerSession), ParallelPerSession, 1, 8),
            (nameof(AuditDays), AuditDays, 1, 36_500),
            (nameof(MaxAudit), MaxAudit, 100, 100_000_000),
            (nameof(PendingNotes), PendingNotes, 1, 100_000),
            (nameof(RefusalsPerMinute), RefusalsPerMinute, 0, 10_000),
            (nameof(BatchThings), BatchThings, 1, 100_000),
            (nameof(RunningBatches), RunningBatches, 1, 1_000),
        })
        {
            if (value < least || value > most)
            {
                yield return $"Commands:{name} must be {least} to {most}.";
            }
        }
    }
}
