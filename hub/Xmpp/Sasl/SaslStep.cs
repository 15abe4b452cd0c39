namespace IotXmpp.Hub.Sasl;

/// <summary>The failures of SASL that RFC 6120 §6.5 defines; the comment is the element's name.</summary>
public enum SaslError
{
    /// <summary>No failure.</summary>
    None,

    /// <summary><c>aborted</c></summary>
    Aborted,

    /// <summary><c>account-disabled</c></summary>
    AccountDisabled,

    /// <summary><c>credentials-expired</c></summary>
    CredentialsExpired,

    /// <summary><c>encryption-required</c></summary>
    EncryptionRequired,

    /// <summary><c>incorrect-encoding</c></summary>
    IncorrectEncoding,

    /// <summary><c>invalid-authzid</c></summary>
    InvalidAuthzid,

    /// <summary><c>invalid-mechanism</c></summary>
    InvalidMechanism,

    /// <summary><c>malformed-request</c></summary>
    MalformedRequest,

    /// <summary><c>mechanism-too-weak</c></summary>
    MechanismTooWeak,

    /// <summary><c>not-authorized</c></summary>
    NotAuthorized,

    /// <summary><c>temporary-auth-failure</c></summary>
    TemporaryAuthFailure,
}

/// <summary>What the server answers to one message of a SASL exchange.</summary>
public enum SaslStepKind
{
    /// <summary>Send <c>&lt;challenge/&gt;</c> with <see cref="SaslStep.Data"/>.</summary>
    Challenge,

    /// <summary>Send <c>&lt;success/&gt;</c> with <see cref="SaslStep.Data"/>; the account is <see cref="SaslStep.Localpart"/>.</summary>
    Success,

    /// <summary>Send <c>&lt;failure/&gt;</c> with <see cref="SaslStep.Error"/>.</summary>
    Failure,
}

/// <summary>One answer of the server.</summary>
public readonly struct SaslStep
{
    private SaslStep(SaslStepKind kind, byte[]? data, SaslError error, string? localpart)
    {
        Kind = kind;
        Data = data;
        Error = error;
        Localpart = localpart;
    }

    /// <summary>What to send.</summary>
    public SaslStepKind Kind { get; }

    /// <summary>The octets of the challenge or the additional data of the success, before base64; null for none.</summary>
    public byte[]? Data { get; }

    /// <summary>Why it failed.</summary>
    public SaslError Error { get; }

    /// <summary>The authenticated account, prepared (RFC 7622 §3.3); set on success only.</summary>
    public string? Localpart { get; }

    /// <summary>A challenge.</summary>
    public static SaslStep Challenge(byte[] data) => new(SaslStepKind.Challenge, data, SaslError.None, null);

    /// <summary>A success of <paramref name="localpart"/>.</summary>
    public static SaslStep Success(string localpart, byte[]? data = null) => new(SaslStepKind.Success, data, SaslError.None, localpart);

    /// <summary>A failure.</summary>
    public static SaslStep Failure(SaslError error) => new(SaslStepKind.Failure, null, error, null);
}
