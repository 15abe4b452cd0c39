using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace IotXmpp.Hub.Dashboard.SignIn;

/// <summary>People who have shown their password and not yet their code. Nothing of it outlives the process: who is caught by a restart begins again.</summary>
/// <param name="time">The clock.</param>
public sealed class PendingSignIns(Func<TimeProvider> time)
{
    /// <summary>How long a code is waited for (5 minutes): the authenticator lies in another room.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>People at a time (1,000): each of them has shown a right password. One more has to come again later.</summary>
    public const int Max = 1000;

    private readonly ConcurrentDictionary<string, (string Account, long Since)> _all = new(StringComparer.Ordinal);

    /// <summary>Remembers somebody; null where too many are remembered.</summary>
    public string? Add(string account)
    {
        foreach (KeyValuePair<string, (string, long Since)> old in _all.Where(p => time().GetElapsedTime(p.Value.Since) > Lifetime))
        {
            _all.TryRemove(old.Key, out _);
        }

        if (_all.Count >= Max)
        {
            return null;
        }

        string token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        _all[token] = (account, time().GetTimestamp());
        return token;
    }

    /// <summary>Who it was, or null.</summary>
    public string? Find(string? token) => token is not null && _all.TryGetValue(token, out (string Account, long Since) found) && time().GetElapsedTime(found.Since) <= Lifetime ? found.Account : null;

    /// <summary>Forgets somebody; false where he was not known any more: a token admits once.</summary>
    public bool Remove(string token) => _all.TryRemove(token, out _);
}
