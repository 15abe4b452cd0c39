using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.Invitations;

/// <summary>Who may invite contacts who have no account yet.</summary>
public enum Inviters
{
    /// <summary>Administrators.</summary>
    Administrators,

    /// <summary>Everybody who has an account; things do not.</summary>
    Accounts,
}

/// <summary>Settings of section <c>Invitations</c>.</summary>
public sealed class InvitationOptions : IValidatableObject
{
    /// <summary>Who may invite; default <c>administrators</c>. Accounts with a name of their own are administrators' to invite, always.</summary>
    public Inviters Who { get; set; } = Inviters.Administrators;

    /// <summary>How long an invitation may be taken up; default 7 days (XEP-0379 §5.2).</summary>
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Invitations of one account that are open at a time; default 50: more than a person has on the way. Administrators have ten times as many.</summary>
    [Range(1, 10_000)]
    public int MaxOpen { get; set; } = 50;

    /// <summary>Accounts that one invitation may make; default 100: a class, not a crowd. One unless its maker says more.</summary>
    [Range(1, 100_000)]
    public int MaxUses { get; set; } = 100;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Lifetime < TimeSpan.FromMinutes(1) || Lifetime > TimeSpan.FromDays(365))
        {
            yield return new("allowed: 1m to 365d", [nameof(Lifetime)]);
        }
    }
}
