using System.Buffers;
using System.Buffers.Text;

namespace IotXmpp.Hub.Sasl;

/// <summary>
/// The SASL negotiation of one stream, without I/O: elements' texts go in, <see cref="SaslStep"/>s come out. One call at a time.
/// After a failure the client may try again with <see cref="AuthAsync"/>, as often as the stream allows (RFC 6120 §6.4.5).
/// </summary>
public sealed class SaslNegotiation
{
    /// <summary>The longest message of a client in octets of base64 (8 KiB): a password of 1,024 characters and the longest names fit into PLAIN.</summary>
    public const int MaxMessageChars = 8 * 1024;

    private static readonly SearchValues<byte> s_base64Chars = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="u8);

    private readonly SaslServer _server;
    private readonly SaslContext _context;
    private SaslExchange? _exchange;

    internal SaslNegotiation(SaslServer server, SaslContext context)
    {
        _server = server;
        _context = context;
    }

    /// <summary>How many attempts have failed on this stream.</summary>
    public int Failures { get; private set; }

    /// <summary>
    /// How long the step that was just given has to be held back before it is sent, success or failure (growing delay after failures; at most
    /// <see cref="LoginThrottle.MaxDelay"/>); zero when the throttle is off.
    /// </summary>
    public TimeSpan Delay { get; private set; }

    /// <summary>The token that the client has proved to hold, where that was the way (XEP-0484).</summary>
    public FastToken? Token { get; private set; }

    /// <summary>
    /// <c>&lt;auth mechanism='…'&gt;</c>: <paramref name="text"/> is the element's character data: base64, <c>=</c> for an empty initial response,
    /// nothing for none (RFC 6120 §6.4.2).
    /// </summary>
    public ValueTask<SaslStep> AuthAsync(string mechanism, ReadOnlyMemory<byte> text, CancellationToken cancellationToken)
        => BeginAsync(mechanism, null, text.IsEmpty ? default(ReadOnlyMemory<byte>?) : text, cancellationToken);

    /// <summary>
    /// <c>&lt;authenticate mechanism='…'&gt;</c> of SASL2 (XEP-0388 §2.3): <paramref name="initial"/> is the character data of <c>initial-response</c>, base64;
    /// null where that element is not there.
    /// </summary>
    /// <param name="mechanism">The mechanism.</param>
    /// <param name="use">What stands around a token; null where none is used.</param>
    /// <param name="initial">The initial response.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public ValueTask<SaslStep> AuthenticateAsync(string mechanism, FastUse? use, ReadOnlyMemory<byte>? initial, CancellationToken cancellationToken)
        => BeginAsync(mechanism, use, initial, cancellationToken);

    /// <summary><c>&lt;response&gt;</c>: <paramref name="text"/> is base64 (RFC 6120 §6.4.3).</summary>
    public ValueTask<SaslStep> ResponseAsync(ReadOnlyMemory<byte> text, CancellationToken cancellationToken)
        => _exchange is null ? new(Fail(SaslError.MalformedRequest)) : StepAsync(text, cancellationToken);

    /// <summary><c>&lt;abort/&gt;</c> (RFC 6120 §6.4.4).</summary>
    public SaslStep Abort() => Fail(SaslError.Aborted);

    /// <summary>Ends the attempt for what stands around the messages of its mechanism.</summary>
    public SaslStep Refuse(SaslError error) => Fail(error);

    /// <summary>The element name of an error (RFC 6120 §6.5).</summary>
    public static string ElementName(SaslError error) => error switch
    {
        SaslError.Aborted => "aborted",
        SaslError.AccountDisabled => "account-disabled",
        SaslError.CredentialsExpired => "credentials-expired",
        SaslError.EncryptionRequired => "encryption-required",
        SaslError.IncorrectEncoding => "incorrect-encoding",
        SaslError.InvalidAuthzid => "invalid-authzid",
        SaslError.InvalidMechanism => "invalid-mechanism",
        SaslError.MalformedRequest => "malformed-request",
        SaslError.MechanismTooWeak => "mechanism-too-weak",
        SaslError.NotAuthorized => "not-authorized",
        SaslError.TemporaryAuthFailure => "temporary-auth-failure",
        _ => throw new ArgumentOutOfRangeException(nameof(error), error, "not a failure"),
    };

    private ValueTask<SaslStep> BeginAsync(string mechanism, FastUse? use, ReadOnlyMemory<byte>? initial, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(mechanism);
        if (_exchange is not null)
        {
            return new(Fail(SaslError.MalformedRequest)); // in the middle of another attempt
        }

        _exchange = use is null ? _server.Exchange(mechanism, _context, out SaslError error) : _server.Exchange(mechanism, _context, use, out error);
        return _exchange is null ? new(Fail(error)) : StepAsync(initial, cancellationToken);
    }

    private async ValueTask<SaslStep> StepAsync(ReadOnlyMemory<byte>? text, CancellationToken cancellationToken)
    {
        byte[]? message = null;
        if (text is { } given && !TryDecode(given.Span, out message, out SaslError error))
        {
            return Fail(error);
        }

        SaslExchange exchange = _exchange!;
        SaslStep step;
        try
        {
            step = await exchange.StepAsync(message, cancellationToken);
        }
        catch (CredentialStoreException)
        {
            return Fail(SaslError.TemporaryAuthFailure);
        }

        if (step.Kind == SaslStepKind.Failure)
        {
            step = Fail(step.Error);
        }
        else if (step.Kind == SaslStepKind.Success)
        {
            _exchange = null;
            Token = exchange.Token;
            _server.Figures?.CountLogIn(SaslError.None);
        }

        Delay = exchange.Delay;
        return step;
    }

    private SaslStep Fail(SaslError error)
    {
        _exchange = null;
        Delay = TimeSpan.Zero;
        Failures++;
        _server.Figures?.CountLogIn(error);
        return SaslStep.Failure(error);
    }

    /// <summary>Base64 as RFC 4648 §4 has it: no spaces, no line breaks, padded.</summary>
    private static bool TryDecode(ReadOnlySpan<byte> text, out byte[]? message, out SaslError error)
    {
        message = null;
        error = SaslError.None;
        if (text.Length > MaxMessageChars)
        {
            error = SaslError.MalformedRequest;
            return false;
        }

        if (text.IsEmpty || text is [(byte)'='])
        {
            message = [];
            return true;
        }

        if (!text.ContainsAnyExcept(s_base64Chars))
        {
            byte[] octets = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
            if (Base64.DecodeFromUtf8(text, octets, out _, out int written) == OperationStatus.Done)
            {
                if (written == octets.Length)
                {
                    message = octets;
                }
                else
                {
                    message = octets.AsSpan(0, written).ToArray();
                    System.Security.Cryptography.CryptographicOperations.ZeroMemory(octets);
                }

                return true;
            }
        }

        error = SaslError.IncorrectEncoding;
        return false;
    }
}
