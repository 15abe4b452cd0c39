using System.Text;
using IotXmpp.Fuzz.Engine;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Streams;

namespace IotXmpp.Fuzz.Targets;

/// <summary>The messages of SASL. An input is lines: the mechanism, what stands in <c>auth</c>, what stands in each <c>response</c>.</summary>
internal sealed class SaslTarget : FuzzTarget
{
    private const string Account = "juliet", Password = "r0m30";
    private static readonly byte[] Binding = [1, 2, 3, 4];

    private readonly SaslServer _server = new(new Accounts(), new SaslOptions { VerifiedPasswords = 16 }, Encoding.ASCII.GetBytes("0123456789abcdef0123456789abcdef"));

    public override string Name => "sasl";

    public override string Holds => "every message ends in a challenge, a success or an error that RFC 6120 names; only the right password lets somebody in, and as nobody else";

    public override int MaxBytes => 12_000;

    public override IReadOnlyList<byte[]> Words { get; } =
    [
        .. new[] { "\n", "=", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1", "PLAIN", "EXTERNAL", "HT-SHA-256-NONE", "biws", "biwsbj1qdWxpZXQscj1h", "AGp1bGlldAByMG0zMA==", "AA==", "AAA=", "AAAA", "/+", "====" }.Select(Utf8),
        .. new[] { "n,,n=juliet,r=abc", "y,,n=juliet,r=abc", "p=tls-server-end-point,,n=juliet,r=abc", "p=tls-exporter,,n=juliet,r=abc", "n,a=romeo,n=juliet,r=abc", "n,,m=x,n=juliet,r=abc", "n,,n=ju=2Cliet,r=abc", "n,,n==,r=", "c=biws,r=abc,p=AAAA",
            "\0juliet\0r0m30", "juliet@example.com\0juliet\0r0m30", "romeo@example.com\0juliet\0r0m30", "\0JULIET\0r0m30", "\0juliet\0", "\0\0\0\0", "juliet\0" + "00000" }.Select(text => Utf8(Convert.ToBase64String(Utf8(text)))),
    ];

    public override IEnumerable<byte[]> Seeds()
    {
        string[] firsts = ["n,,n=juliet,r=fyko+d2lbbFgONRv9qkxdawL", "y,,n=juliet,r=fyko", "n,a=juliet@example.com,n=juliet,r=fyko", "p=tls-server-end-point,,n=juliet,r=fyko", "n,,n=nobody,r=fyko"];
        foreach (var mechanism in new[] { "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS" })
        {
            foreach (var first in firsts)
            {
                yield return Utf8($"{mechanism}\n{Base64(first)}\n{Base64("c=biws,r=fyko,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=")}");
            }
        }

        foreach (var plain in new[] { "\0juliet\0r0m30", "juliet@example.com\0juliet\0r0m30", "\0juliet\0wrong", "\0nobody\0r0m30", "romeo@example.com\0juliet\0r0m30", "\0j\u00fcliet\0\u00e4" })
        {
            yield return Utf8($"PLAIN\n{Base64(plain)}");
        }

        yield return "PLAIN\n="u8.ToArray();
        yield return "PLAIN\n\nAGp1bGlldAByMG0zMA=="u8.ToArray();
        yield return "EXTERNAL\n="u8.ToArray();
        yield return "HT-SHA-256-NONE\nanVsaWV0AA=="u8.ToArray();
    }

    public override ulong Run(byte[] input, Random dice)
    {
        var lines = Split(input);
        var negotiation = _server.Begin(new SaslContext { Domain = "example.com", IsEncrypted = true, TlsServerEndPoint = Binding });
        var mechanism = Encoding.UTF8.GetString(lines[0]);
        var step = Wait(negotiation.AuthAsync(mechanism, lines.Count > 1 ? lines[1] : default, CancellationToken.None));
        var steps = 1;
        var last = lines.Count > 1 ? lines[1] : [];
        while (step.Kind == SaslStepKind.Challenge && steps + 1 < lines.Count && steps < 6)
        {
            Hold(step.Data is null || step.Data.Length < 4096, "a challenge is short");
            last = lines[++steps];
            step = Wait(negotiation.ResponseAsync(last, CancellationToken.None));
        }

        switch (step.Kind)
        {
            case SaslStepKind.Failure:
                Hold(SaslNegotiation.ElementName(step.Error).Length > 0 && step.Localpart is null, "a failure has its name and nobody's");
                break;
            case SaslStepKind.Success:
                Hold(mechanism == "PLAIN", $"nobody knows the nonce or the token: {mechanism}");
                var parts = Encoding.UTF8.GetString(Convert.FromBase64String(Encoding.ASCII.GetString(last))).Split('\0');
                Hold(step.Localpart == Account && parts.Length == 3 && Precis.TryOpaqueString(parts[2], out var password) && password == Password, $"let in: {string.Join('|', parts)}");
                Hold(JidPrep.TryLocalpart(parts[1], out var name) && name == Account, $"as somebody else: {parts[1]}");
                Hold(parts[0].Length == 0 || (JidPrep.TryParse(parts[0], out var authzid) && authzid.ToString() == "juliet@example.com"), $"for somebody else: {parts[0]}");
                break;
        }

        return Kind((int)step.Kind, (int)step.Error, steps, mechanism.Length == 0 ? 0 : mechanism[0], Size(input.Length));
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    // All that the store needs is at hand: nothing waits.
    private static SaslStep Wait(ValueTask<SaslStep> step) => step.IsCompleted ? step.Result : step.AsTask().GetAwaiter().GetResult();

    private static List<byte[]> Split(byte[] input)
    {
        var lines = new List<byte[]>();
        var from = 0;
        for (var i = 0; i <= input.Length && lines.Count < 8; i++)
        {
            if (i == input.Length || input[i] == '\n')
            {
                lines.Add(input[from..i]);
                from = i + 1;
            }
        }

        return lines;
    }

    private sealed class Accounts : ICredentialStore
    {
        private readonly Dictionary<ScramHash, ScramCredentials> _juliet = Enum.GetValues<ScramHash>().ToDictionary(hash => hash, hash => ScramCredentials.Derive(hash, Password));

        public ValueTask<ScramCredentials?> FindAsync(string localpart, ScramHash hash, CancellationToken cancellationToken) => new(localpart == Account ? _juliet[hash] : null);
    }
}

/// <summary><c>authenticate</c> of SASL2 with all that may stand in it.</summary>
internal sealed class Sasl2Target : XmlTarget
{
    public override string Name => "sasl2";

    public override string Holds => "it is read or refused; what is told to others of a client is bounded; a token is used by installations that have an id only";

    public override IEnumerable<byte[]> Seeds() =>
    [
        Utf8("<authenticate xmlns='urn:xmpp:sasl:2' mechanism='SCRAM-SHA-256'><initial-response>biws</initial-response><user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'><software>x</software><device>y</device></user-agent><bind xmlns='urn:xmpp:bind:0'><tag>t</tag><enable xmlns='urn:xmpp:carbons:2'/><enable xmlns='urn:xmpp:sm:3' resume='true'/></bind><request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/></authenticate>"),
        Utf8("<authenticate xmlns='urn:xmpp:sasl:2' mechanism='HT-SHA-256-NONE'><initial-response>YQ==</initial-response><user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'/><fast xmlns='urn:xmpp:fast:0' count='1' invalidate='true'/><resume xmlns='urn:xmpp:sm:3' previd='x' h='4'/></authenticate>"),
        Utf8("<authenticate xmlns='urn:xmpp:sasl:2'/>"),
    ];

    public override ulong Run(byte[] input, Random dice)
    {
        var (error, elements) = Elements(input);
        var kind = Kind((int)error, elements.Count);
        foreach (var element in elements)
        {
            foreach (var isToken in new[] { false, true })
            {
                var request = Sasl2Request.Read(element, isToken);
                Hold(request is not null || isToken, "only tokens have rules that are looked at here");
                if (request is not null)
                {
                    Hold(request.Agent.Software.Length <= 64 && request.Agent.Device.Length <= 64, "names are cut");
                    Hold(!isToken || (request.Use is not null && request.Agent.Id is { Version: 4 } && request.Use.Count is null or > 0), "a token has an installation with a random id");
                    kind ^= Kind(isToken ? 1 : 0, request.Use is null ? 0 : 1, request.Bind is null ? 0 : 1, request.Resume is null ? 0 : 1, request.NewTokenFor is null ? 0 : 1, request.Agent.Id is null ? 0 : 1, Shape(element));
                }
            }
        }

        return kind;
    }
}
