using IotXmpp.Hub.Dashboard.Web;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.SecondFactor;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Transport;
using Microsoft.AspNetCore.Http;

namespace IotXmpp.Hub.Dashboard.SignIn;

/// <summary>How a sign-in ended.</summary>
public enum SignInOutcome
{
    /// <summary>Signed in; the cookie is set.</summary>
    Done,

    /// <summary>The password is right, and a code is asked for; the cookie of that step is set.</summary>
    CodeNeeded,

    /// <summary>No such account, or not its password, or not its code: nobody is told which.</summary>
    Wrong,

    /// <summary>The account may not log in.</summary>
    Disabled,

    /// <summary>It is a thing's account: its keys are for streams.</summary>
    Thing,

    /// <summary>Too many attempts, or the store does not answer: later.</summary>
    Later,

    /// <summary>The password was shown too long ago: from the beginning.</summary>
    Again,
}

/// <summary>Signs people in at the pages: the password is verified by the code that verifies it on streams, with the same throttle.</summary>
/// <param name="holder">The services.</param>
/// <param name="pending">Who has shown a password and not yet a code.</param>
public sealed class SignInService(FleetHolder holder, PendingSignIns pending)
{
    private const string StepCookie = "iotxmpp-step";

    /// <summary>Verifies a password and signs the person in, or asks for the code. The answer comes as late as the throttle wants it.</summary>
    /// <param name="context">The request, whose answer has not begun.</param>
    /// <param name="name">What was typed as the name: a localpart, or a bare JID of this domain.</param>
    /// <param name="password">What was typed as the password.</param>
    public async Task<SignInOutcome> SignInAsync(HttpContext context, string name, string password)
    {
        (SignInOutcome outcome, string? account) = await VerifyAsync(context, name, password).ConfigureAwait(false);
        if (account is null)
        {
            return outcome;
        }

        FleetServices fleet = holder.Fleet;
        if (fleet.SecondFactor is { } factor && await factor.IsOnAsync(account, context.RequestAborted).ConfigureAwait(false))
        {
            if (pending.Add(account) is not { } step)
            {
                return SignInOutcome.Later;
            }

            context.Response.Cookies.Append(StepCookie, step, new CookieOptions { HttpOnly = true, Secure = IsTls(context), SameSite = SameSiteMode.Strict, Path = "/sign-in", MaxAge = PendingSignIns.Lifetime });
            return SignInOutcome.CodeNeeded;
        }

        await AdmitAsync(context, account).ConfigureAwait(false);
        return SignInOutcome.Done;
    }

    /// <summary>Looks at the code of who has shown the password.</summary>
    public async Task<SignInOutcome> ShowCodeAsync(HttpContext context, string code)
    {
        ArgumentNullException.ThrowIfNull(context);
        string? step = context.Request.Cookies[StepCookie];
        if (pending.Find(step) is not { } account || holder.Fleet.SecondFactor is not { } factor)
        {
            return SignInOutcome.Again;
        }

        string peer = PeerOf(context);
        switch (await factor.VerifyAsync(account, code).ConfigureAwait(false))
        {
            case SecondFactorOutcome.Later:
                return SignInOutcome.Later;
            case SecondFactorOutcome.Wrong:
                await holder.Fleet.Audit.NoteRefusedAsync(JidOf(account), "sign-in", "wrong code", peer).ConfigureAwait(false);
                return SignInOutcome.Wrong;
        }

        // Between password and code the account may have been disabled.
        if (!pending.Remove(step!) || await holder.Fleet.Accounts.FindAsync(account).ConfigureAwait(false) is not { IsDisabled: false })
        {
            return SignInOutcome.Again;
        }

        context.Response.Cookies.Delete(StepCookie, new CookieOptions { Path = "/sign-in", Secure = IsTls(context), HttpOnly = true, SameSite = SameSiteMode.Strict });
        await AdmitAsync(context, account).ConfigureAwait(false);
        return SignInOutcome.Done;
    }

    /// <summary>Whether the request is of somebody whose code is waited for.</summary>
    public bool IsCodeAwaited(HttpContext context) => pending.Find(context?.Request.Cookies[StepCookie]) is not null;

    /// <summary>Verifies a password; the account's prepared localpart where it is right.</summary>
    public async Task<(SignInOutcome Outcome, string? Account)> VerifyAsync(HttpContext context, string name, string password)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(name);
        FleetServices fleet = holder.Fleet;
        (SaslStep step, TimeSpan delay) = await fleet.Sasl.VerifyPasswordAsync(fleet.Domain.Domain, Localpart(name), password, fleet.Web.Look(context).Peer?.Address, context.RequestAborted).ConfigureAwait(false);
        if (delay > TimeSpan.Zero)
        {
            await Task.Delay(delay, fleet.Hub.Time, context.RequestAborted).ConfigureAwait(false);
        }

        if (step.Localpart is { } account)
        {
            return await fleet.Accounts.FindAsync(account, context.RequestAborted).ConfigureAwait(false) is { Owner: null } ? (SignInOutcome.Done, account) : (SignInOutcome.Thing, null);
        }

        // Who it was stands there only where there is such an account: somebody may have typed a password as the name.
        string who = await fleet.Accounts.FindAsync(Localpart(name), context.RequestAborted).ConfigureAwait(false) is { } known ? JidOf(known.Name) : "";
        await fleet.Audit.NoteRefusedAsync(who, "sign-in", SaslNegotiation.ElementName(step.Error), PeerOf(context)).ConfigureAwait(false);
        return (step.Error switch
        {
            SaslError.AccountDisabled => SignInOutcome.Disabled,
            SaslError.TemporaryAuthFailure => SignInOutcome.Later,
            _ => SignInOutcome.Wrong,
        }, null);
    }

    /// <summary>Signs somebody in who has proved all that is asked.</summary>
    public async Task AdmitAsync(HttpContext context, string account)
    {
        ArgumentNullException.ThrowIfNull(context);
        FleetServices fleet = holder.Fleet;
        string peer = PeerOf(context);
        // A session that the browser had before is not taken over: who planted it must not be signed in with it.
        if (DashboardGate.SessionOf(context.User) is { } before)
        {
            await fleet.WebSessions!.EndAsync(before.Id, before.Account).ConfigureAwait(false);
        }

        (string token, _) = await fleet.WebSessions!.CreateAsync(account, peer, context.Request.Headers.UserAgent.ToString()).ConfigureAwait(false);
        SessionCookie.Write(context, IsTls(context), token);
        await fleet.Audit.NoteAsync(JidOf(account), "sign-in", peer: peer).ConfigureAwait(false);
    }

    /// <summary>Where to go after the sign-in: a path of this hub, whatever an address said.</summary>
    public static string Back(string? returnUrl)
    {
        // One slash, and no backslash that browsers take for one, nor characters that they leave out: else it names another server.
        if (returnUrl is not { Length: > 0 and <= 2000 } || returnUrl[0] != '/' || returnUrl.StartsWith("//", StringComparison.Ordinal) || returnUrl.Contains('\\') || returnUrl.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)))
        {
            return "/";
        }

        // Percent signs keep what is not ASCII out of a header.
        return returnUrl.StartsWith("/sign-in", StringComparison.Ordinal) || returnUrl.Any(c => !char.IsAscii(c)) ? "/" : returnUrl;
    }

    private string PeerOf(HttpContext context) => holder.Fleet.Web.Look(context).Peer?.Address.ToString() ?? "";

    private bool IsTls(HttpContext context) => holder.Fleet.Web.Look(context).BaseUrl.StartsWith("https:", StringComparison.OrdinalIgnoreCase);

    private string JidOf(string account) => new Jid(account, holder.Fleet.Domain.Domain, string.Empty).ToString();

    private string Localpart(string name)
    {
        string trimmed = name.Trim();
        string domain = "@" + holder.Fleet.Domain.Domain;
        return trimmed.EndsWith(domain, StringComparison.OrdinalIgnoreCase) ? trimmed[..^domain.Length] : trimmed;
    }
}
