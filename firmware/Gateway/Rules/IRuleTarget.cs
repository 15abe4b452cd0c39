namespace IotXmpp.Gateway;

/// <summary>What rules see and move.</summary>
public interface IRuleTarget
{
    /// <summary>Sets a parameter of a thing.</summary>
    /// <param name="thing">The thing; "" is the gateway's own.</param>
    /// <param name="parameter">The parameter.</param>
    /// <param name="value">The value as on the wire.</param>
    /// <param name="done">Is called once with null, or with why not.</param>
    void Set(string thing, string parameter, string value, Action<string?> done);

    /// <summary>A rule has acted, or could not: for the log and as a sample.</summary>
    /// <param name="rule">The rule's name.</param>
    /// <param name="active">Whether its condition holds now.</param>
    /// <param name="outcome">What came of it, for people.</param>
    void Tell(string rule, bool active, string outcome);
}
