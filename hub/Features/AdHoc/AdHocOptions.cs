namespace IotXmpp.Hub.Features.AdHoc;

/// <summary>Settings of section <c>AdHoc</c>.</summary>
public sealed class AdHocOptions
{
    /// <summary>Command sessions of one account at a time; default 8: more dialogs than a person has open. The oldest gives way.</summary>
    public int SessionsPerAccount { get; set; } = 8;

    /// <summary>Command sessions in all; default 10,000 (some 2 KB each): one for each session of the hub. More are refused until others end.</summary>
    public int Sessions { get; set; } = 10_000;

    /// <summary>How long a session waits for its next stage; default 10 minutes: a person fetches a cable meanwhile.</summary>
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Bytes of one submitted stage; default 32,768: some hundred fields.</summary>
    public int FormBytes { get; set; } = 32_768;

    /// <summary>Stages of one session that can be gone back to; default 16.</summary>
    public int Stages { get; set; } = 16;

    /// <summary>What is wrong with these settings, one line each.</summary>
    public IEnumerable<string> Validate()
    {
        if (SessionsPerAccount is < 1 or > 1_000)
        {
            yield return "AdHoc:SessionsPerAccount must be 1 to 1000.";
        }

        if (Sessions is < 1 or > 1_000_000)
        {
            yield return "AdHoc:Sessions must be 1 to 1000000.";
        }

        if (SessionLifetime < TimeSpan.FromSeconds(1) || SessionLifetime > TimeSpan.FromDays(1))
        {
            yield return "AdHoc:SessionLifetime must be 1 s to 1 day.";
        }

        if (FormBytes is < 1_024 or > 1_048_576)
        {
            yield return "AdHoc:FormBytes must be 1024 to 1048576.";
        }

        if (Stages is < 1 or > 1_000)
        {
            yield return "AdHoc:Stages must be 1 to 1000.";
        }
    }
}
