namespace IotXmpp.Hub.Features.Access;

/// <summary>All that somebody may do with a thing.</summary>
/// <param name="Highest">The highest right; 0 for none.</param>
/// <param name="Parameters">What he may set; <see cref="ParameterLimit.None"/> below <see cref="ThingRight.Control"/>, all above.</param>
public readonly record struct ThingGrant(ThingRight Highest, ParameterLimit Parameters)
{
    /// <summary>Nothing.</summary>
    public static ThingGrant Nothing => new(0, ParameterLimit.None);

    /// <summary>A right without limits.</summary>
    public static ThingGrant Of(ThingRight right) => new(right, right >= ThingRight.Control ? ParameterLimit.All : ParameterLimit.None);

    /// <summary>Whether anything at all may be set.</summary>
    public bool ControlsAnything => Highest >= ThingRight.Control && !Parameters.IsNone;

    /// <summary>Whether it holds a right.</summary>
    /// <param name="right">Which.</param>
    /// <param name="parameter">The parameter that is meant (<see cref="ThingRight.Control"/>); null for all of them.</param>
    public bool Allows(ThingRight right, string? parameter = null) => Highest >= right && (right != ThingRight.Control || Parameters.Allows(parameter));

    /// <summary>What one or the other allows.</summary>
    public ThingGrant Union(ThingGrant other) => new(Highest > other.Highest ? Highest : other.Highest, Parameters.Union(other.Parameters));

    /// <summary>What a role is.</summary>
    public static ThingGrant Of(GroupMember member) => member.Role switch
    {
        GroupRole.Administrator => Of(ThingRight.Maintain),
        GroupRole.Operator => new(ThingRight.Control, member.Parameters),
        _ => Of(ThingRight.See),
    };
}
