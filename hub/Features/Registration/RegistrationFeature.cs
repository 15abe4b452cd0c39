using System.Runtime.CompilerServices;
using System.Text;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Registration;

/// <summary>Registration on the stream, before the log-in (XEP-0077 §3.1.1, §7; XEP-0445 §3, §4): never where passwords could be read on the way.</summary>
internal sealed class RegistrationFeature(RegistrationService service, ILogger log) : IStreamFeature, IEarlyRequests
{
    /// <summary>The stream feature of XEP-0077 §7.</summary>
    public const string FeatureNamespace = "http://jabber.org/features/iq-register";

    /// <summary>The stream feature of XEP-0445 §3.</summary>
    public const string TokenFeature = "urn:xmpp:ibr-token:0";

    /// <summary>The token's own namespace (XEP-0379).</summary>
    public const string TokenNamespace = "urn:xmpp:pars:0";

    private static readonly byte[] s_register = Encoding.UTF8.GetBytes(Ns.Register);
    private static readonly byte[] s_token = Encoding.UTF8.GetBytes(TokenNamespace);

    // Few streams ever register: they alone pay for it.
    private readonly ConditionalWeakTable<IClientStream, Attempt> _attempts = [];

    public string Namespace => string.Empty;

    public void Offer(IClientStream stream, XmlBuilder features)
    {
        if (stream.State == StreamState.Authenticating && service.Options.Mode != RegistrationMode.Off && stream.MayCarryPasswords)
        {
            features.Empty("register"u8, FeatureNamespace);
            if (service.TakesTokens)
            {
                features.Empty("register"u8, TokenFeature);
            }
        }
    }

    public ValueTask HandleAsync(IClientStream stream, Element element, CancellationToken cancel) => default;

    public bool Answers(ReadOnlySpan<byte> ns) => service.Options.Mode != RegistrationMode.Off && (ns.SequenceEqual(s_register) || (service.TakesTokens && ns.SequenceEqual(s_token)));

    public async ValueTask<IqReply> AnswerAsync(IClientStream stream, StanzaType type, Element payload, CancellationToken cancel)
    {
        if (!stream.MayCarryPasswords)
        {
            return StanzaError.NotAuthorized.With("TLS comes first (RFC 6120 §5).");
        }

        Attempt attempt = _attempts.GetOrCreateValue(stream);
        try
        {
            return payload.Namespace == TokenNamespace
                ? await ShowTokenAsync(stream, attempt, type, payload, cancel).ConfigureAwait(false)
                : payload.Name != "query" ? StanzaError.BadRequest
                : type == StanzaType.Get ? Ask(stream, attempt)
                : await RegisterAsync(stream, attempt, payload, cancel).ConfigureAwait(false);
        }
        catch (StorageException e) when (e.IsResourceConstraint)
        {
            return StanzaError.ResourceConstraint.With("The database cannot take more now.");
        }
    }

    private IqReply Ask(IClientStream stream, Attempt attempt)
    {
        stream.ExtendNegotiation(TimeSpan.FromSeconds(service.Options.FormSeconds));
        return RegistrationXml.Form(service.Options, attempt.Grant?.Name);
    }

    private async ValueTask<IqReply> ShowTokenAsync(IClientStream stream, Attempt attempt, StanzaType type, Element preauth, CancellationToken cancel)
    {
        if (type != StanzaType.Set || preauth.Name != "preauth" || preauth["token"] is not { Length: > 0 } token)
        {
            return StanzaError.BadRequest;
        }

        (RegistrationOutcome outcome, RegistrationGrant? grant) = await service.ShowTokenAsync(token, stream.RemoteAddress, cancel).ConfigureAwait(false);
        if (outcome != RegistrationOutcome.Done)
        {
            RegistrationLog.TokenRefused(log, stream.RemoteAddress?.ToString());
            return outcome == RegistrationOutcome.TooMany ? RegistrationXml.Error(outcome, service.Options, isChange: false) : StanzaError.ItemNotFound.With("The provided token is invalid or expired");
        }

        attempt.Grant = grant;
        return IqReply.Empty;
    }

    private async ValueTask<IqReply> RegisterAsync(IClientStream stream, Attempt attempt, Element query, CancellationToken cancel)
    {
        if (query.Child("remove") is not null)
        {
            // §3.2: whose account that would be is not known.
            return StanzaError.UnexpectedRequest.With(StanzaErrorType.Cancel);
        }

        if (attempt.IsDone)
        {
            // §3.1.1: one account a stream.
            return StanzaError.NotAcceptable.With("An account was registered on this stream: log in.");
        }

        if (!RegistrationXml.TryRead(query, out string? name, out string? password))
        {
            return StanzaError.BadRequest.With("The form cannot be read, or is another one (XEP-0004).");
        }

        RegistrationOutcome outcome = await service.RegisterAsync(name, password, stream.RemoteAddress, attempt.Grant, cancel).ConfigureAwait(false);
        if (outcome != RegistrationOutcome.Done)
        {
            RegistrationLog.Refused(log, stream.RemoteAddress?.ToString(), outcome);
            return RegistrationXml.Error(outcome, service.Options, isChange: false);
        }

        attempt.IsDone = true;
        RegistrationLog.Registered(log, name!, stream.RemoteAddress?.ToString(), attempt.Grant?.Id);
        return IqReply.Empty;
    }

    private sealed class Attempt
    {
        public bool IsDone { get; set; }

        public RegistrationGrant? Grant { get; set; }
    }
}

/// <summary>Logs of registration.</summary>
internal static partial class RegistrationLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "The account {Account} was registered from {Address} (invitation {Invitation})")]
    public static partial void Registered(ILogger log, string account, string? address, long? invitation);

    [LoggerMessage(Level = LogLevel.Information, Message = "A registration from {Address} was refused: {Outcome}")]
    public static partial void Refused(ILogger log, string? address, RegistrationOutcome outcome);

    [LoggerMessage(Level = LogLevel.Information, Message = "A token shown from {Address} was refused")]
    public static partial void TokenRefused(ILogger log, string? address);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Account} changed its password")]
    public static partial void PasswordChanged(ILogger log, string account);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Account} removed itself")]
    public static partial void Removed(ILogger log, string account);
}
