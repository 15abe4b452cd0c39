using System.Text;
using IotXmpp.Fuzz.Engine;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Federation.Dns;

namespace IotXmpp.Fuzz.Targets;

/// <summary>Addresses (RFC 7622), the PRECIS profiles and Punycode.</summary>
internal sealed class JidTarget : FuzzTarget
{
    public override string Name => "jid";

    public override string Holds => "preparing twice is preparing once; no part is longer than 1,023 octets; UTF-8 and UTF-16 give the same; the firmware reads what the hub has prepared";

    public override IReadOnlyList<byte[]> Words { get; } =
    [
        .. new[] { "@", "/", ".", "xn--", "xn--nxasmq6b", "\u00df", "\u0130", "\u0131", "\u03c2", "\u212a", "\u2126", "\uff21", "\uff0f", "\uff20", "\uff0e", "\u3002", "\u0300", "\u0345", "\u200c", "\u200d", "\u00a0", "\u3000", "\u05d0", "\u0661",
            "\u06f1", "\u30fb", "\u0375", "\u00b7", "l\u00b7l", "\U0001f600", "\U00010400", "\ufb00", "\u2163", "[::1]", "[fe80::1%25eth0]", "127.0.0.1", "\"", "&", "'", ":", "<", ">", " ", "\u00ad", "\u1e9e", "\ua7ff" }.Select(Utf8),
        [0xC3], [0xED, 0xA0, 0x80], [0xF5], [0x80], [0xC0, 0xAF],
    ];

    public override IEnumerable<byte[]> Seeds() => new[]
    {
        "juliet@example.com", "juliet@example.com/foo bar", "example.com", "a.example.com/b@example.net", "\u03c0@example.com", "\u03a3@example.com/\u03a3", "king@example.com/\u265a", "fussball@stra\u00dfe.example", "user@xn--bcher-kva.example/r",
        "u@b\u00fccher.example.", "a@[2001:db8::1]/x", "\u05d0\u05d1@example.com", "a@b/\u00a0x", new string('a', 1023) + "@b", "J\u00dcRGEN@EXAMPLE.COM", "u@example.com/e\u0301", "\u1100\u1161@b",
    }.Select(Utf8);

    public override ulong Run(byte[] input, Random dice)
    {
        var isUtf8 = IsUtf8(input, out var text);
        var ok = JidPrep.TryParse(input, out var jid);
        Hold(isUtf8 || !ok, "what is no UTF-8 is no address");
        if (isUtf8)
        {
            // Beyond that length only the octets are counted.
            var fromText = JidPrep.TryParse(text, out var second);
            Hold(fromText == ok || input.Length > JidPrep.MaxInputBytes, $"UTF-16 and UTF-8 differ: {ok} {fromText}");
            Hold(!ok || jid!.Equals(second), "UTF-16 and UTF-8 give different addresses");
            Profiles(text);
        }

        if (!ok)
        {
            return Kind(isUtf8 ? 1 : 0, Size(input.Length));
        }

        Hold(JidPrep.TryParse(jid!.ToString(), out var again), $"refused the second time: {jid}");
        Hold(again!.Equals(jid) && again.ToString() == jid.ToString(), $"another the second time: {jid} {again}");
        foreach (var part in new[] { jid.Local, jid.Domain, jid.Resource })
        {
            Hold(Encoding.UTF8.GetByteCount(part) <= JidPrep.MaxPartBytes, $"longer than {JidPrep.MaxPartBytes} octets");
            Hold(part.IsNormalized(NormalizationForm.FormC), "not in normal form C");
        }

        Hold(jid.Domain.Length > 0 && jid.Local.AsSpan().IndexOfAny("\"&'/:<>@ ") < 0, $"a character that RFC 7622 §3.3.1 forbids: {jid}");
        Hold(IotXmpp.Xmpp.Jid.TryParse(jid.ToString(), out var core) && core.ToString() == jid.ToString(), $"the firmware reads another: {jid} {core}");
        return Kind(2, Size(jid.Local.Length), Size(jid.Domain.Length), Size(jid.Resource.Length), jid.ToString().Any(c => c > 0x7F) ? 1 : 0, jid.Domain.Contains('[') ? 1 : 0);
    }

    private static bool IsUtf8(byte[] input, out string text)
    {
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(input);
            return true;
        }
        catch (DecoderFallbackException)
        {
            text = "";
            return false;
        }
    }

    private static void Profiles(string text)
    {
        if (Precis.TryUsernameCaseMapped(text, out var user))
        {
            Hold(Precis.TryUsernameCaseMapped(user, out var again) && again == user, $"UsernameCaseMapped is not idempotent: {user}");
        }

        if (Precis.TryOpaqueString(text, out var opaque))
        {
            Hold(Precis.TryOpaqueString(opaque, out var again) && again == opaque, $"OpaqueString is not idempotent: {opaque}");
        }

        var scalars = text.EnumerateRunes().Select(r => r.Value).ToArray();
        if (scalars.Length > 0 && Punycode.TryEncode(scalars, out var encoded))
        {
            Hold(encoded.Length <= Punycode.MaxLabel, $"a label is short: {encoded}");
            // What is all ASCII is not encoded but told with a hyphen at its end (RFC 3492 §6.3); it is never asked to be decoded.
            Hold(scalars.All(s => s < 0x80) || (Punycode.TryDecode(encoded, out var decoded) && decoded.AsSpan().SequenceEqual(scalars)), $"Punycode does not come back: {encoded}");
        }

        _ = Punycode.TryDecode(text, out _);
    }
}

/// <summary>Answers of name servers.</summary>
internal sealed class DnsTarget : FuzzTarget
{
    public override string Name => "dns";

    public override string Holds => "an answer is read or refused; names and records are bounded, pointers end";

    public override int MaxBytes => 2048;

    public override long AllocationLimit(int length) => 400_000 + (64L * length);

    public override IReadOnlyList<byte[]> Words { get; } = [[0xC0, 0x0C], [0xC0, 0x00], [0xC0, 0xFF], [0xFF, 0xFF], [0x3F], [0x40], [0x00], [0x00, 0x21, 0x00, 0x01], [0x00, 0x01, 0x00, 0x01], [0x00, 0x1C, 0x00, 0x01], [0x00, 0x05, 0x00, 0x01], [4, 0x7F, 0, 0, 1]];

    public override IEnumerable<byte[]> Seeds()
    {
        foreach (var (type, data) in new (int, byte[])[]
        {
            (1, [127, 0, 0, 1]), (28, new byte[16]), (5, [1, (byte)'a', 0xC0, 0x0C]), (33, [0, 5, 0, 10, 0x14, 0x95, 4, (byte)'x', (byte)'m', (byte)'p', (byte)'p', 0xC0, 0x0C]), (33, [0, 0, 0, 0, 0, 0, 0]),
        })
        {
            var question = DnsMessage.Ask(7, "peer.example", (DnsType)type);
            question[2] = 0x81;
            question[3] = 0x80;
            question[7] = 2; // two answers
            byte[] record = [0xC0, 0x0C, 0, (byte)type, 0, 1, 0, 0, 0, 60, 0, (byte)data.Length, .. data];
            yield return [.. question, .. record, .. record];
        }
    }

    public override ulong Run(byte[] input, Random dice)
    {
        var message = DnsMessage.Read(input);
        if (message is null)
        {
            return Kind(0, Size(input.Length));
        }

        Hold(message.Records.Count <= DnsMessage.MaxRecords, "more records than are read");
        Hold(message.Records.All(r => r.Name.Length <= 255 && r.Target.Length <= 255) && message.Question.Length <= 255, "a longer name than there is");
        Hold(message.Records.All(r => r.Type is not (DnsType.A or DnsType.Aaaa) || r.Address is not null), "an address record has an address");
        // Half an answer is none, or has fewer records.
        var half = DnsMessage.Read(input.AsSpan(0, dice.Next(input.Length)));
        Hold(half is null || half.Records.Count <= message.Records.Count, "half of it has more");
        if (DnsMessage.TryName(message.Question, out var ascii))
        {
            Hold(DnsMessage.TryName(ascii, out var again) && again == ascii, $"a name is prepared once: {ascii}");
        }

        return Kind(1, message.Code, message.IsTruncated ? 1 : 0, (int)message.Type, Size(message.Records.Count), message.Records.Aggregate(0, (all, r) => (all * 7) + (int)r.Type), Size(message.Question.Length));
    }
}
