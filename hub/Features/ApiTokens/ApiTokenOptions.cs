using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.ApiTokens;

/// <summary>Tokens for REST and for the Model Context Protocol (settings section <c>ApiTokens</c>).</summary>
public sealed class ApiTokenOptions
{
    /// <summary>Days that a token is good for where nothing else is said (90): a forgotten one ends by itself.</summary>
    [Range(1, 3650)]
    public int LifetimeDays { get; set; } = 90;

    /// <summary>Days that a token may be good for at most (366).</summary>
    [Range(1, 3650)]
    public int MaxLifetimeDays { get; set; } = 366;

    /// <summary>Tokens of one account that are good at the same time (50): more than a person can keep apart.</summary>
    [Range(1, 10_000)]
    public int MaxTokens { get; set; } = 50;

    /// <summary>True (the default): a new password ends the account's tokens. Who changes it because somebody else had it, wants what that one has made to end as well.</summary>
    public bool EndWithPassword { get; set; } = true;
}
