using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using IotXmpp.Hub.Sasl;
using Xunit;

namespace IotXmpp.Hub.Tests.Sasl;

/// <summary>The server side of SASL: RFC 4616, 5802, 7677, 5929 and the errors of RFC 6120 §6.5.</summary>
public sealed class SaslTests
{
    private static readonly byte[] s_secret = Encoding.ASCII.GetBytes("0123456789abcdef0123456789abcdef");
    private static readonly byte[] s_endPoint = [1, 2, 3, 4, 5, 6, 7, 8];

    private readonly TestAccounts _accounts = new TestAccounts().With("juliet", "r0m30myr0m30").With("locked", "secret", disabled: true);

    private SaslServer Server => field ??= new SaslServer(_accounts, new SaslOptions(), s_secret);

    private static SaslContext Tls(bool bound = true) => new()
    {
        Domain = "example.com",
        IsEncrypted = true,
        TlsServerEndPoint = bound ? s_endPoint : default,
    };

    private static ReadOnlyMemory<byte> Base64(string text) => Encoding.ASCII.GetBytes(text.Length == 0 ? "=" : Convert.ToBase64String(Encoding.UTF8.GetBytes(text)));

    private static Task<SaslStep> AuthAsync(SaslNegotiation sasl, string mechanism, string? text)
        => sasl.AuthAsync(mechanism, text is null ? default : Base64(text), CancellationToken.None).AsTask();

    private static Task<SaslStep> RespondAsync(SaslNegotiation sasl, string text) => sasl.ResponseAsync(Base64(text), CancellationToken.None).AsTask();

    private async Task<SaslStep> PlainAsync(string message, SaslContext? context = null)
        => await AuthAsync(Server.Begin(context ?? Tls()), "PLAIN", message);

    private async Task<(SaslStep Step, ScramTestClient Client)> ScramAsync(
        string mechanism, ScramTestClient client, SaslContext? context = null, SaslServer? server = null)
    {
        SaslNegotiation sasl = (server ?? Server).Begin(context ?? Tls());
        SaslStep step = await AuthAsync(sasl, mechanism, client.First);
        return step.Kind == SaslStepKind.Challenge ? (await RespondAsync(sasl, client.Final(step.Data!)), client) : (step, client);
    }

    private static void AssertFailed(SaslError error, SaslStep step)
    {
        Assert.Equal(SaslStepKind.Failure, step.Kind);
        Assert.Equal(error, step.Error);
        Assert.Null(step.Localpart);
    }

    [Fact]
    public void Offers_follow_the_stream()
    {
        Assert.Equal(["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"], Server.Mechanisms(Tls()));
        Assert.Equal(["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"], Server.Mechanisms(Tls(bound: false)));
        Assert.Empty(Server.Mechanisms(new SaslContext { Domain = "example.com", IsEncrypted = false }));
        Assert.Equal(["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"], Server.Mechanisms(new SaslContext { Domain = "example.com", IsEncrypted = false, AllowPlaintext = true }));
        Assert.Equal(["tls-server-end-point"], Server.ChannelBindings(Tls()));
        Assert.Empty(Server.ChannelBindings(Tls(bound: false)));
    }

    [Theory]
    [InlineData("SCRAM-SHA-1", ScramHash.Sha1)]
    [InlineData("SCRAM-SHA-256", ScramHash.Sha256)]
    public async Task Scram_lets_in_who_knows_the_password(string mechanism, ScramHash hash)
    {
        (SaslStep step, ScramTestClient client) = await ScramAsync(mechanism, new ScramTestClient(hash, "juliet", "r0m30myr0m30"));
        Assert.Equal(SaslStepKind.Success, step.Kind);
        Assert.Equal("juliet", step.Localpart);
        Assert.Equal(client.ServerSignature, Encoding.ASCII.GetString(step.Data!)); // the server has proved itself, too
    }

    [Theory]
    [InlineData("SCRAM-SHA-1-PLUS", ScramHash.Sha1)]
    [InlineData("SCRAM-SHA-256-PLUS", ScramHash.Sha256)]
    public async Task Scram_binds_to_the_channel(string mechanism, ScramHash hash)
    {
        var client = new ScramTestClient(hash, "juliet", "r0m30myr0m30", "p=tls-server-end-point,,", s_endPoint);
        Assert.Equal(SaslStepKind.Success, (await ScramAsync(mechanism, client)).Step.Kind);
        var elsewhere = new ScramTestClient(hash, "juliet", "r0m30myr0m30", "p=tls-server-end-point,,", [9, 9, 9]);
        AssertFailed(SaslError.NotAuthorized, (await ScramAsync(mechanism, elsewhere)).Step);
    }

    [Fact]
    public async Task Both_kinds_of_binding_where_the_stream_has_both()
    {
        byte[] exported = [7, 7, 7, 7];
        var context = new SaslContext { Domain = "example.com", IsEncrypted = true, TlsServerEndPoint = s_endPoint, TlsExporter = exported };
        Assert.Equal(["tls-server-end-point", "tls-exporter"], Server.ChannelBindings(context));
        var client = new ScramTestClient(ScramHash.Sha256, "juliet", "r0m30myr0m30", "p=tls-exporter,,", exported);
        Assert.Equal(SaslStepKind.Success, (await ScramAsync("SCRAM-SHA-256-PLUS", client, context)).Step.Kind);
        var mixed = new ScramTestClient(ScramHash.Sha256, "juliet", "r0m30myr0m30", "p=tls-exporter,,", s_endPoint);
        AssertFailed(SaslError.NotAuthorized, (await ScramAsync("SCRAM-SHA-256-PLUS", mixed, context)).Step);
    }

    [Fact]
    public async Task The_old_binding_is_taken_but_not_announced()
    {
        byte[] finished = [5, 5, 5];
        var context = new SaslContext { Domain = "example.com", IsEncrypted = true, TlsServerEndPoint = s_endPoint, TlsUnique = finished };
        Assert.Equal(["tls-server-end-point"], Server.ChannelBindings(context));
        var client = new ScramTestClient(ScramHash.Sha256, "juliet", "r0m30myr0m30", "p=tls-unique,,", finished);
        Assert.Equal(SaslStepKind.Success, (await ScramAsync("SCRAM-SHA-256-PLUS", client, context)).Step.Kind);
        var elsewhere = new ScramTestClient(ScramHash.Sha256, "juliet", "r0m30myr0m30", "p=tls-unique,,", [5, 5, 6]);
        AssertFailed(SaslError.NotAuthorized, (await ScramAsync("SCRAM-SHA-256-PLUS", elsewhere, context)).Step);
    }

    [Fact]
    public async Task Keys_of_the_standards_give_their_messages()
    {
        // RFC 5802 §5 and RFC 7677 §3: user "user", password "pencil"; the server's nonce is random, so the proof is checked, not the text.
        byte[] salt = Convert.FromBase64String("W22ZaJ0SNY7soEsUEjb6gQ==");
        ScramCredentials sha256 = ScramCredentials.Derive(ScramHash.Sha256, "pencil", 4096, salt);
        string auth = "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
            + "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        Assert.True(Scram.VerifyProof(ScramHash.Sha256, sha256.StoredKey, Encoding.ASCII.GetBytes(auth), Convert.FromBase64String("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")));
        byte[] signature = new byte[32];
        Scram.Hmac(ScramHash.Sha256, sha256.ServerKey, Encoding.ASCII.GetBytes(auth), signature);
        Assert.Equal("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", Convert.ToBase64String(signature));

        ScramCredentials sha1 = ScramCredentials.Derive(ScramHash.Sha1, "pencil", 4096, Convert.FromBase64String("QSXCR+Q6sek8bf92"));
        string auth1 = "n=user,r=fyko+d2lbbFgONRv9qkxdawL,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,"
            + "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j";
        Assert.True(Scram.VerifyProof(ScramHash.Sha1, sha1.StoredKey, Encoding.ASCII.GetBytes(auth1), Convert.FromBase64String("v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=")));

        _accounts.Set("user", sha256);
        SaslStep challenge = await AuthAsync(Server.Begin(Tls(bound: false)), "SCRAM-SHA-256", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        Assert.Matches("^r=rOprNGfwEbeRWgbNEkqO[!-+.-~]{24},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,h=[A-Za-z0-9+/]{43}=$", Encoding.ASCII.GetString(challenge.Data!));
    }

    [Fact]
    public async Task Plain_lets_in_who_knows_the_password()
    {
        SaslStep step = await PlainAsync("\0juliet\0r0m30myr0m30");
        Assert.Equal(SaslStepKind.Success, step.Kind);
        Assert.Equal("juliet", step.Localpart);
        Assert.Null(step.Data);
        Assert.Equal(SaslStepKind.Success, (await PlainAsync("juliet@example.com\0Juliet\0r0m30myr0m30")).Kind); // prepared before it is compared
    }

    [Fact]
    public async Task Plain_without_initial_response_is_asked_for_one()
    {
        SaslNegotiation sasl = Server.Begin(Tls());
        SaslStep step = await AuthAsync(sasl, "PLAIN", null);
        Assert.Equal(SaslStepKind.Challenge, step.Kind);
        Assert.Empty(step.Data!);
        Assert.Equal(SaslStepKind.Success, (await RespondAsync(sasl, "\0juliet\0r0m30myr0m30")).Kind);
    }

    [Theory]
    [InlineData("", SaslError.MalformedRequest)]
    [InlineData("juliet", SaslError.MalformedRequest)]
    [InlineData("\0juliet", SaslError.MalformedRequest)]
    [InlineData("\0juliet\0", SaslError.MalformedRequest)]
    [InlineData("\0\0secret", SaslError.MalformedRequest)]
    [InlineData("\0juliet\0a\0b", SaslError.MalformedRequest)]
    [InlineData("\0juliet\0wrong", SaslError.NotAuthorized)]
    [InlineData("\0juliet\0r0m30myr0m3\u0001", SaslError.NotAuthorized)] // refused by OpaqueString
    [InlineData("\0nobody\0r0m30myr0m30", SaslError.NotAuthorized)]
    [InlineData("\0juliet@example.com\0r0m30myr0m30", SaslError.NotAuthorized)] // the simple user name is the localpart
    [InlineData("romeo@example.com\0juliet\0r0m30myr0m30", SaslError.InvalidAuthzid)]
    [InlineData("juliet@example.org\0juliet\0r0m30myr0m30", SaslError.InvalidAuthzid)]
    [InlineData("juliet@example.com/balcony\0juliet\0r0m30myr0m30", SaslError.InvalidAuthzid)]
    [InlineData("@\0juliet\0r0m30myr0m30", SaslError.InvalidAuthzid)]
    [InlineData("\0locked\0secret", SaslError.AccountDisabled)]
    [InlineData("\0locked\0wrong", SaslError.NotAuthorized)] // who does not know the password does not learn that it is disabled
    public async Task Plain_errors(string message, SaslError error) => AssertFailed(error, await PlainAsync(message));

    [Theory]
    [InlineData("n,,n=juliet,r=abc", null)]
    [InlineData("n,a=juliet@example.com,n=juliet,r=abc", null)]
    [InlineData("n,,n=juliet,r=abc,x=extension", null)]
    [InlineData("n,a=romeo@example.com,n=juliet,r=abc", SaslError.InvalidAuthzid)]
    [InlineData("y,,n=juliet,r=abc", SaslError.NotAuthorized)] // -PLUS was offered: a downgrade
    [InlineData("p=tls-server-end-point,,n=juliet,r=abc", SaslError.MalformedRequest)] // not without -PLUS
    [InlineData("", SaslError.MalformedRequest)]
    [InlineData("n,", SaslError.MalformedRequest)]
    [InlineData("q,,n=juliet,r=abc", SaslError.MalformedRequest)]
    [InlineData("n,,m=must,n=juliet,r=abc", SaslError.MalformedRequest)] // a mandatory extension
    [InlineData("n,,n=,r=abc", SaslError.MalformedRequest)]
    [InlineData("n,,n=juliet", SaslError.MalformedRequest)]
    [InlineData("n,,n=juliet,r=", SaslError.MalformedRequest)]
    [InlineData("n,,n=juliet,r=a\u00E9", SaslError.MalformedRequest)]
    [InlineData("n,,n=ju=liet,r=abc", SaslError.MalformedRequest)] // = that is no escape
    [InlineData("n,,n=juliet=,r=abc", SaslError.MalformedRequest)]
    [InlineData("n,b=juliet,n=juliet,r=abc", SaslError.MalformedRequest)]
    [InlineData("n,,n=ju liet,r=abc", SaslError.NotAuthorized)] // no localpart, so no account
    public async Task Scram_first_message(string message, SaslError? error)
    {
        SaslStep step = await AuthAsync(Server.Begin(Tls()), "SCRAM-SHA-256", message);
        if (error is null)
        {
            Assert.Equal(SaslStepKind.Challenge, step.Kind);
        }
        else
        {
            AssertFailed(error.Value, step);
        }
    }

    [Fact]
    public async Task Flag_y_is_fine_where_no_plus_was_offered()
    {
        var client = new ScramTestClient(ScramHash.Sha256, "juliet", "r0m30myr0m30", "y,,");
        Assert.Equal(SaslStepKind.Success, (await ScramAsync("SCRAM-SHA-256", client, Tls(bound: false))).Step.Kind);
        var only = new SaslServer(_accounts, new SaslOptions { Mechanisms = ["SCRAM-SHA-256"] }, s_secret);
        Assert.Equal(SaslStepKind.Success, (await ScramAsync("SCRAM-SHA-256", client, Tls(), only)).Step.Kind);
    }

    [Theory]
    [InlineData("n,,")]
    [InlineData("y,,")]
    [InlineData("p=,,")]
    public async Task Plus_without_binding_is_malformed(string header)
        => AssertFailed(SaslError.MalformedRequest, await AuthAsync(Server.Begin(Tls()), "SCRAM-SHA-256-PLUS", header + "n=juliet,r=abc"));

    [Theory]
    [InlineData("p=tls-unique,,")]
    [InlineData("p=tls-exporter,,")] // this stream has none
    public async Task Unknown_bindings_are_refused(string header)
        => AssertFailed(SaslError.NotAuthorized, await AuthAsync(Server.Begin(Tls()), "SCRAM-SHA-256-PLUS", header + "n=juliet,r=abc"));

    [Theory]
    [InlineData("SCRAM-SHA-256")]
    [InlineData("SCRAM-SHA-1")]
    public async Task Wrong_password_and_unknown_account_look_alike(string mechanism)
    {
        ScramHash hash = mechanism == "SCRAM-SHA-1" ? ScramHash.Sha1 : ScramHash.Sha256;
        foreach (string name in (string[])["juliet", "nobody"])
        {
            SaslNegotiation sasl = Server.Begin(Tls());
            var client = new ScramTestClient(hash, name, "wrong");
            SaslStep challenge = await AuthAsync(sasl, mechanism, client.First);
            Assert.Matches("^r=fyko\\+d2lbbFgONRv9qkxdawL[!-+.-~]{24},s=[A-Za-z0-9+/]{22}==,i=4096,h=[A-Za-z0-9+/]{27,43}=$", Encoding.ASCII.GetString(challenge.Data!));
            AssertFailed(SaslError.NotAuthorized, await RespondAsync(sasl, client.Final(challenge.Data!)));
        }
    }

    [Fact]
    public async Task The_salt_of_an_unknown_account_stays_and_is_its_own()
    {
        async Task<string> SaltAsync(SaslServer server, string name, string mechanism = "SCRAM-SHA-256")
        {
            SaslStep step = await AuthAsync(server.Begin(Tls()), mechanism, $"n,,n={name},r=abc");
            return Encoding.ASCII.GetString(step.Data!).Split(',')[1];
        }

        Assert.Equal(await SaltAsync(Server, "nobody"), await SaltAsync(Server, "nobody"));
        Assert.Equal(await SaltAsync(Server, "nobody"), await SaltAsync(Server, "NOBODY"));
        Assert.Equal(await SaltAsync(Server, "nobody"), await SaltAsync(new SaslServer(_accounts, new SaslOptions(), s_secret), "nobody")); // after a restart
        Assert.NotEqual(await SaltAsync(Server, "nobody"), await SaltAsync(Server, "noone"));
        Assert.NotEqual(await SaltAsync(Server, "nobody"), await SaltAsync(Server, "nobody", "SCRAM-SHA-1"));
        Assert.NotEqual(await SaltAsync(Server, "nobody"), await SaltAsync(new SaslServer(_accounts, new SaslOptions(), new byte[32]), "nobody"));
    }

    [Theory]
    [InlineData("c=biws,r={0},p=AAAA", SaslError.NotAuthorized)]
    [InlineData("c=biws,r={0}x,p={1}", SaslError.NotAuthorized)]
    [InlineData("c=biws,r=abc,p={1}", SaslError.NotAuthorized)]
    [InlineData("c=eSws,r={0},p={1}", SaslError.NotAuthorized)] // y,, where n,, was said
    [InlineData("c=biws,r={0}", SaslError.MalformedRequest)]
    [InlineData("r={0},c=biws,p={1}", SaslError.MalformedRequest)]
    [InlineData("c=!,r={0},p={1}", SaslError.MalformedRequest)]
    [InlineData("c=biws,r={0},p=!", SaslError.MalformedRequest)]
    [InlineData("", SaslError.MalformedRequest)]
    public async Task Scram_final_message(string format, SaslError error)
    {
        SaslNegotiation sasl = Server.Begin(Tls());
        var client = new ScramTestClient(ScramHash.Sha256, "juliet", "r0m30myr0m30");
        SaslStep challenge = await AuthAsync(sasl, "SCRAM-SHA-256", client.First);
        string final = client.Final(challenge.Data!);
        string nonce = Encoding.ASCII.GetString(challenge.Data!).Split(',')[0][2..];
        AssertFailed(error, await RespondAsync(sasl, string.Format(System.Globalization.CultureInfo.InvariantCulture, format, nonce, final[(final.LastIndexOf(",p=", StringComparison.Ordinal) + 3)..])));
        Assert.Equal(1, sasl.Failures);
    }

    [Theory]
    [InlineData("a,b", "n,,n=a=2Cb,r=abc")]
    [InlineData("a=b", "n,,n=a=3Db,r=abc")]
    [InlineData("a=2cb", "n,,n=a=3D2cb,r=abc")]
    public async Task Commas_and_equals_signs_are_escaped(string account, string first)
    {
        ScramCredentials credentials = ScramCredentials.Derive(ScramHash.Sha256, "secret");
        _accounts.Set(account, credentials);
        SaslStep step = await AuthAsync(Server.Begin(Tls(bound: false)), "SCRAM-SHA-256", first);
        Assert.Contains(Convert.ToBase64String(credentials.Salt), Encoding.ASCII.GetString(step.Data!), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("!!!!")]
    [InlineData("AGp1bGlldABy\nMG0z")]
    [InlineData("AGp1bGlldA")] // padding is missing
    [InlineData("AGp1bGlldA===")]
    [InlineData(" =")]
    [InlineData("==")]
    public async Task Bad_base64(string text)
        => AssertFailed(SaslError.IncorrectEncoding, await Server.Begin(Tls()).AuthAsync("PLAIN", Encoding.ASCII.GetBytes(text), CancellationToken.None));

    [Fact]
    public async Task A_message_out_of_all_measure_is_malformed()
        => AssertFailed(SaslError.MalformedRequest, await PlainAsync("\0juliet\0" + new string('x', SaslNegotiation.MaxMessageChars)));

    [Fact]
    public async Task Octets_that_are_no_utf8_are_malformed()
    {
        ReadOnlyMemory<byte> text = Encoding.ASCII.GetBytes(Convert.ToBase64String([0, 0xFF, 0, 0x61]));
        AssertFailed(SaslError.MalformedRequest, await Server.Begin(Tls()).AuthAsync("PLAIN", text, CancellationToken.None));
    }

    [Fact]
    public async Task Mechanisms_that_cannot_be_used()
    {
        SaslContext open = new() { Domain = "example.com", IsEncrypted = false };
        AssertFailed(SaslError.EncryptionRequired, await PlainAsync("\0juliet\0r0m30myr0m30", open));
        AssertFailed(SaslError.InvalidMechanism, await AuthAsync(Server.Begin(Tls()), "DIGEST-MD5", ""));
        AssertFailed(SaslError.InvalidMechanism, await AuthAsync(Server.Begin(Tls(bound: false)), "SCRAM-SHA-256-PLUS", ""));
        var strict = new SaslServer(_accounts, new SaslOptions { Mechanisms = ["SCRAM-SHA-256"] }, s_secret);
        AssertFailed(SaslError.MechanismTooWeak, await AuthAsync(strict.Begin(Tls()), "PLAIN", "\0juliet\0r0m30myr0m30"));
        SaslContext loopback = new() { Domain = "example.com", IsEncrypted = false, AllowPlaintext = true };
        Assert.Equal(SaslStepKind.Success, (await PlainAsync("\0juliet\0r0m30myr0m30", loopback)).Kind);
    }

    [Fact]
    public async Task Messages_out_of_order()
    {
        SaslNegotiation sasl = Server.Begin(Tls());
        AssertFailed(SaslError.MalformedRequest, await RespondAsync(sasl, "x"));
        Assert.Equal(SaslStepKind.Challenge, (await AuthAsync(sasl, "PLAIN", null)).Kind);
        AssertFailed(SaslError.MalformedRequest, await AuthAsync(sasl, "PLAIN", null));
        Assert.Equal(SaslStepKind.Challenge, (await AuthAsync(sasl, "PLAIN", null)).Kind);
        AssertFailed(SaslError.Aborted, sasl.Abort());
        AssertFailed(SaslError.MalformedRequest, await RespondAsync(sasl, "\0juliet\0r0m30myr0m30"));
        Assert.Equal(4, sasl.Failures);
        Assert.Equal(SaslStepKind.Success, (await AuthAsync(sasl, "PLAIN", "\0juliet\0r0m30myr0m30")).Kind); // another try is allowed
    }

    [Fact]
    public async Task A_store_that_fails_is_a_temporary_failure()
    {
        _accounts.IsBroken = true;
        AssertFailed(SaslError.TemporaryAuthFailure, await PlainAsync("\0juliet\0r0m30myr0m30"));
        AssertFailed(SaslError.TemporaryAuthFailure, await AuthAsync(Server.Begin(Tls()), "SCRAM-SHA-1", "n,,n=juliet,r=abc"));
        _accounts.IsBroken = false;
        Assert.Equal(SaslStepKind.Success, (await PlainAsync("\0juliet\0r0m30myr0m30")).Kind);
    }

    [Fact]
    public async Task Passwords_are_prepared()
    {
        _accounts.With("renee", "Caf\u00E9 \u3000au lait");
        Assert.Equal(SaslStepKind.Success, (await PlainAsync("\0renee\0Cafe\u0301  au lait")).Kind); // NFC, and any space is a space
        Assert.Throws<ArgumentException>(() => ScramCredentials.Derive(ScramHash.Sha1, ""));
        Assert.Throws<ArgumentException>(() => ScramCredentials.Derive(ScramHash.Sha1, "a\tb"));
    }

    [Fact]
    public async Task A_verified_password_is_remembered_until_it_changes()
    {
        await PlainAsync("\0juliet\0r0m30myr0m30");
        Assert.Equal(0, Server.Verified.Hits);
        await PlainAsync("\0juliet\0r0m30myr0m30");
        Assert.Equal(1, Server.Verified.Hits);
        AssertFailed(SaslError.NotAuthorized, await PlainAsync("\0juliet\0r0m30myr0m31"));
        _accounts.With("juliet", "another");
        AssertFailed(SaslError.NotAuthorized, await PlainAsync("\0juliet\0r0m30myr0m30")); // the old one is void at once
        Assert.Equal(SaslStepKind.Success, (await PlainAsync("\0juliet\0another")).Kind);
        Server.CredentialsChanged("juliet");
        await PlainAsync("\0juliet\0another");
        Assert.Equal(1, Server.Verified.Hits);
        AssertFailed(SaslError.NotAuthorized, await PlainAsync("\0nobody\0another"));
    }

    [Fact]
    public async Task The_memory_of_passwords_is_bounded_and_still_right()
    {
        var server = new SaslServer(_accounts, new SaslOptions { VerifiedPasswords = 4 }, s_secret);
        ScramCredentials credentials = ScramCredentials.Derive(ScramHash.Sha256, "secret", iterations: 1);
        for (int i = 0; i < 50; i++)
        {
            _accounts.Set($"t{i}", credentials);
            Assert.Equal(SaslStepKind.Success, (await AuthAsync(server.Begin(Tls()), "PLAIN", $"\0t{i}\0secret")).Kind);
            AssertFailed(SaslError.NotAuthorized, await AuthAsync(server.Begin(Tls()), "PLAIN", $"\0t{i}\0secre7"));
        }

        // The same keys under another name are not the same entry.
        Assert.Equal(0, server.Verified.Hits);
    }

    [Fact]
    public async Task Failures_are_held_back_and_successes_too()
    {
        var clock = new TestClock();
        var server = new SaslServer(_accounts, new SaslOptions(), s_secret, new LoginThrottle(new LoginThrottleOptions(), clock));
        SaslContext context = new() { Domain = "example.com", IsEncrypted = true, RemoteAddress = IPAddress.Parse("192.0.2.1") };
        for (int i = 0; i < 3; i++)
        {
            SaslNegotiation free = server.Begin(context);
            AssertFailed(SaslError.NotAuthorized, await AuthAsync(free, "PLAIN", "\0juliet\0wrong"));
            Assert.Equal(TimeSpan.Zero, free.Delay);
        }

        SaslNegotiation held = server.Begin(context);
        AssertFailed(SaslError.NotAuthorized, await AuthAsync(held, "PLAIN", "\0juliet\0wrong"));
        Assert.Equal(TimeSpan.FromSeconds(0.5), held.Delay);
        (SaslStep step, _) = await ScramAsync("SCRAM-SHA-256", new ScramTestClient(ScramHash.Sha256, "juliet", "r0m30myr0m30"), context, server);
        Assert.Equal(SaslStepKind.Success, step.Kind);

        SaslError last = SaslError.None;
        for (int i = 0; i < 20 && last != SaslError.TemporaryAuthFailure; i++)
        {
            last = (await AuthAsync(server.Begin(context), "PLAIN", "\0juliet\0wrong")).Error;
        }

        Assert.Equal(SaslError.TemporaryAuthFailure, last); // in parallel they would wait too long: refused unverified
        AssertFailed(SaslError.TemporaryAuthFailure, await AuthAsync(server.Begin(context), "PLAIN", "\0juliet\0r0m30myr0m30"));
    }

    [Fact]
    public void No_octets_break_the_state_machines()
    {
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), ArbMap.Default.ArbFor<byte[]>(), Gen.Elements(SaslMechanisms.All.ToArray()).ToArbitrary(), (first, second, mechanism) =>
        {
            SaslNegotiation sasl = Server.Begin(Tls());
            SaslStep a = sasl.AuthAsync(mechanism, Encoding.ASCII.GetBytes(Convert.ToBase64String(first)), CancellationToken.None).Result;
            SaslStep b = sasl.ResponseAsync(Encoding.ASCII.GetBytes(Convert.ToBase64String(second)), CancellationToken.None).Result;
            return a.Kind != SaslStepKind.Success && b.Kind != SaslStepKind.Success;
        }));
    }

    [Fact]
    public void Every_error_has_the_name_of_the_standard()
    {
        string[] names = [.. Enum.GetValues<SaslError>().Where(error => error != SaslError.None).Select(SaslNegotiation.ElementName)];
        Assert.Equal(
            ["aborted", "account-disabled", "credentials-expired", "encryption-required", "incorrect-encoding", "invalid-authzid", "invalid-mechanism",
                "malformed-request", "mechanism-too-weak", "not-authorized", "temporary-auth-failure"], names);
        Assert.Throws<ArgumentOutOfRangeException>(() => SaslNegotiation.ElementName(SaslError.None));
    }
}
