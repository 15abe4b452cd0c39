using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Archive;

/// <summary>What an account wants kept (XEP-0441).</summary>
/// <param name="Default">For addresses in neither list: <c>always</c>, <c>never</c> or <c>roster</c> (§2.1.1).</param>
/// <param name="Always">Addresses with which all is kept (§2.1.2).</param>
/// <param name="Never">Addresses with which nothing is kept (§2.1.3).</param>
public sealed record ArchivePreferences(string Default, IReadOnlySet<Jid> Always, IReadOnlySet<Jid> Never)
{
    /// <summary>Makes preferences out of lists.</summary>
    public static ArchivePreferences Of(string fallback, IEnumerable<Jid> always, IEnumerable<Jid> never) => new(fallback, always.ToHashSet(), never.ToHashSet());

    /// <summary>Whether messages with an address are kept; null where its place in the roster decides (§2.3: a bare JID in a list stands for all its resources).</summary>
    public bool? Keeps(Jid other)
    {
        // "Never" is what somebody asked for who wants no record: it wins.
        if (Never.Contains(other) || Never.Contains(other.Bare))
        {
            return false;
        }

        return Always.Contains(other) || Always.Contains(other.Bare) ? true : Default switch
        {
            "always" => true,
            "never" => false,
            _ => null,
        };
    }
}
