using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.WebSessions;

/// <summary>Settings of section <c>WebSessions</c>: how long somebody stays signed in at the pages.</summary>
public sealed class WebSessionOptions : IValidatableObject
{
    /// <summary>How long a session lasts without anybody doing anything; default 30 minutes: somebody walks away from an open page.</summary>
    public TimeSpan Idle { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a session lasts in any case; default 12 hours: a shift.</summary>
    public TimeSpan Absolute { get; set; } = TimeSpan.FromHours(12);

    /// <summary>Sessions of one account; default 20: each browser of each device of a person. One more ends the one that was used longest ago.</summary>
    [Range(1, 1000)]
    public int MaxPerAccount { get; set; } = 20;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Idle < TimeSpan.FromMinutes(1) || Idle > TimeSpan.FromDays(30))
        {
            yield return new("allowed: 1m to 30d", [nameof(Idle)]);
        }

        if (Absolute < Idle || Absolute > TimeSpan.FromDays(90))
        {
            yield return new("allowed: from Idle to 90d", [nameof(Absolute)]);
        }
    }
}
