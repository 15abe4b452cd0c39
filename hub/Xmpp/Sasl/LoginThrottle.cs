using System.Net;

namespace IotXmpp.Hub.Sasl;

/// <summary>Settings of the log-in throttle (<c>Security:LoginThrottle</c>).</summary>
public sealed class LoginThrottleOptions
{
    /// <summary>False switches the delays off.</summary>
    public bool Enabled { get; set; } = true;
}

/// <summary>
/// The growing delay after failed log-ins: per address, per (address, account) and, mild and capped, per account, so that who guesses from elsewhere
/// does not keep a device out. Bounded tables. Thread-safe.
/// </summary>
public sealed class LoginThrottle
{
    /// <summary>Makes a throttle.</summary>
    public LoginThrottle(LoginThrottleOptions options, TimeProvider time)
    {
    }

    /// <summary>How long the answer to an attempt must be held back now.</summary>
    public TimeSpan DelayFor(IPAddress address, string account) => throw new NotImplementedException();

    /// <summary>An attempt failed.</summary>
    public void Failed(IPAddress address, string account) => throw new NotImplementedException();

    /// <summary>An attempt succeeded.</summary>
    public void Succeeded(IPAddress address, string account) => throw new NotImplementedException();
}
