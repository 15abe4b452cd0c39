using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.SecondFactor;

/// <summary>Who must have a second factor at the pages.</summary>
public enum SecondFactorRequired
{
    /// <summary>Nobody must; everybody may.</summary>
    Nobody,

    /// <summary>Administrators of the hub.</summary>
    Administrators,

    /// <summary>Everybody who signs in at the pages.</summary>
    Everybody,
}

/// <summary>Settings of section <c>SecondFactor</c>: codes of an authenticator at the pages' sign-in (RFC 6238).</summary>
public sealed class SecondFactorOptions
{
    /// <summary>Who must have one; default <c>nobody</c>. Who must and has none is led to it at the next sign-in, and sees nothing else before.</summary>
    public SecondFactorRequired Required { get; set; } = SecondFactorRequired.Nobody;

    /// <summary>Codes for the day on which the authenticator is lost; default 10. Each counts once.</summary>
    [Range(4, 50)]
    public int RecoveryCodes { get; set; } = 10;

    /// <summary>Codes that may be wrong before the account has to wait; default 5: typing errors, not guesses.</summary>
    [Range(1, 20)]
    public int FreeFailures { get; set; } = 5;
}
