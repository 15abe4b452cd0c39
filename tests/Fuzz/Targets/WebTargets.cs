using System.Text;
using IotXmpp.Fuzz.Engine;
using IotXmpp.Hub.Transport.Bosh;
using IotXmpp.Hub.Transport.WebSocket;
using IotXmpp.Hub.Xml;

namespace IotXmpp.Fuzz.Targets;

/// <summary>Frames of WebSocket.</summary>
internal sealed class WebSocketTarget : FuzzTarget
{
    public override string Name => "websocket";

    public override string Holds => "a head is read when it is there and not before; what is wrong stays wrong; the mask goes off in any pieces";

    public override int MaxBytes => 512;

    public override IEnumerable<byte[]> Seeds() =>
    [
        [0x81, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9], [0x81, 0xFE, 0, 126, 1, 2, 3, 4], [0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4], [0x88, 0x82, 0, 0, 0, 0, 3, 0xE8], [0x89, 0x80, 0, 0, 0, 0], [0x01, 0x81, 0, 0, 0, 0, 65],
        [0x80, 0x81, 0, 0, 0, 0, 65], [0x81, 0x05, 65, 66, 67, 68, 69], [0xC1, 0x80, 0, 0, 0, 0], [0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ];

    public override ulong Run(byte[] input, Random dice)
    {
        var head = WebSocketFrame.Read(input, out var frame, out var error);
        Hold(head <= input.Length && head <= WebSocketFrame.MaxHead, "a head is short");
        Hold(head == 0 || error is null, "what is wrong is not read");
        string? wrong = null;
        for (var length = 0; length < input.Length; length++)
        {
            var part = WebSocketFrame.Read(input.AsSpan(0, length), out var early, out var partError);
            Hold(part == 0 || (part == head && early == frame && length >= head), "a head is read before it is there");
            Hold(wrong is null || partError is not null, "what is wrong gets right");
            wrong = partError;
        }

        Hold(wrong is null || error is not null, "what is wrong gets right at the end");
        if (head > 0)
        {
            Hold(!frame.IsControl || (frame.IsFinal && frame.Length <= WebSocketFrame.MaxControl), "a control frame is whole and short");
            Hold(frame.Length >= 0, "a length is none below nothing");
        }

        // Masks: in one piece and in many, and by the book.
        var payload = input;
        var position = dice.Next(0, 1 << 20);
        var mask = BitConverter.ToUInt32([.. input.Take(4), 0, 0, 0, 0], 0);
        byte[] whole = [.. payload], pieces = [.. payload];
        WebSocketFrame.Unmask(whole, mask, position);
        for (var at = 0; at < pieces.Length;)
        {
            var count = dice.Next(1, pieces.Length - at + 1);
            WebSocketFrame.Unmask(pieces.AsSpan(at, count), mask, position + at);
            at += count;
        }

        Hold(whole.AsSpan().SequenceEqual(pieces), "pieces make a difference");
        var key = BitConverter.GetBytes(mask);
        Hold(!whole.Where((b, i) => b != (payload[i] ^ key[(position + i) & 3])).Any(), "the mask is RFC 6455 §5.3's");
        return Kind(head, (int)frame.Opcode, frame.IsFinal ? 1 : 0, error?.Length ?? 0, Size((int)Math.Min(frame.Length, int.MaxValue)));
    }
}

/// <summary>Requests of BOSH.</summary>
internal sealed class BoshTarget : XmlTarget
{
    public override string Name => "bosh";

    public override string Holds => "a body is read or refused; its numbers are within their bounds; any split gives the same";

    public override IEnumerable<byte[]> Seeds() =>
    [
        Utf8("<body rid='1573741820' xmlns='http://jabber.org/protocol/httpbind' xmlns:xmpp='urn:xmpp:xbosh' to='example.org' wait='60' hold='1' ver='1.6' xml:lang='en' xmpp:version='1.0' newkey='ca393b51b682f61f98e7877d61146407f3d0a770'/>"),
        Utf8("<body rid='1573741821' sid='SomeSID' ack='1' key='bfb06a6f113cd6fd3838ab9d300fdb4fe3da2f7d' xmlns='http://jabber.org/protocol/httpbind'><message xmlns='jabber:client' to='a@b'><body>x</body></message></body>"),
        Utf8("<body rid='1' sid='S' pause='60' xmlns='http://jabber.org/protocol/httpbind'/>"),
        Utf8("<body rid='2' sid='S' type='terminate' xmlns='http://jabber.org/protocol/httpbind'><presence type='unavailable' xmlns='jabber:client'/></body>"),
        Utf8("<x:body rid='3' sid='S' y:restart='true' xmlns:y='urn:xmpp:xbosh' xmlns:x='http://jabber.org/protocol/httpbind'/>"),
    ];

    public override ulong Run(byte[] input, Random dice)
    {
        var whole = Read(input, [input.Length], out var request);
        Hold(whole == Read(input, Cuts(input.Length, dice), out _), "the split makes a difference");
        if (request is not null)
        {
            Hold(request.Rid is >= 1 and <= BoshRequest.MaxRid && request.Ack is null or >= 0 and <= BoshRequest.MaxRid && request.Wait is >= 0 and <= ushort.MaxValue && request.Hold is >= 0 and <= 255 && request.Pause is null or >= 0, "a number is out of its bounds");
        }

        return Kind(HashCode(whole) & 0xFFF, request is null ? 0 : 1, request?.IsTerminate == true ? 1 : 0, request?.Pause is null ? 0 : 1, request?.IsRestart == true ? 1 : 0, request?.IsEmpty == true ? 1 : 0);
    }

    private static string Read(byte[] input, IEnumerable<int> ends, out BoshRequest? request)
    {
        request = null;
        var tokenizer = new StreamTokenizer(65_536, 64, 64) { MayBeEmpty = true };
        var said = new StringBuilder();
        var consumed = 0;
        foreach (var end in ends)
        {
            while (true)
            {
                var token = tokenizer.Next(input.AsSpan(consumed, end - consumed));
                if (token.Kind == TokenKind.NeedMore)
                {
                    consumed += token.Start;
                    break;
                }

                said.Append(token.Kind).Append(token.Error).Append(';');
                if (token.Kind is TokenKind.Error or TokenKind.StreamEnd)
                {
                    return said.ToString();
                }

                if (token.Kind == TokenKind.StreamStart)
                {
                    request = BoshRequest.Read(input.AsSpan(consumed + token.Start, token.Length));
                }

                consumed += token.Start + token.Length;
                if (request?.IsEmpty == true)
                {
                    return said.Append("empty").ToString();
                }
            }
        }

        return said.ToString();
    }
}
