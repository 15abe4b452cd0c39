using System.Text;

namespace IotXmpp.LoadGenerator.Xmpp;

/// <summary>
/// A stanza serialized once, with one or two stamps in it: <c>~t</c> and sixteen hexadecimal digits, the time it was sent. The stamp
/// travels as (part of) an id or a text, which servers hand on unchanged, so the receiver knows the latency without a table.
/// </summary>
internal sealed class Template
{
    /// <summary>Written where the stamp goes.</summary>
    public const string Stamp = "~t0000000000000000";

    private const int Digits = 16;
    private readonly byte[] _bytes;
    private readonly int[] _stamps;
    private Template? _named;

    public Template(string text)
        : this(Encoding.UTF8.GetBytes(text))
    {
    }

    public Template(byte[] bytes)
    {
        _bytes = bytes;
        var marker = Encoding.ASCII.GetBytes(Stamp);
        var found = new List<int>();
        for (var at = 0; ; at = found[^1] + Digits)
        {
            var next = _bytes.AsSpan(at).IndexOf(marker);
            if (next < 0)
            {
                break;
            }

            found.Add(at + next + 2);
        }

        _stamps = [.. found];
    }

    public int Length => _bytes.Length;

    public Span<byte> Write(Net.Connection connection, long stamp)
    {
        if (connection.NeedsNamespace(_bytes))
        {
            return (_named ??= new Template(Net.WebSocketFrames.WithNamespace(_bytes))).Write(connection, stamp);
        }

        var room = connection.Reserve(_bytes.Length);
        _bytes.CopyTo(room);
        foreach (var at in _stamps)
        {
            WriteHex(room.Slice(at, Digits), (ulong)stamp);
        }

        return room;
    }

    /// <summary>The first stamp in a stanza.</summary>
    public static bool TryRead(ReadOnlySpan<byte> stanza, out long stamp)
    {
        stamp = 0;
        var at = stanza.IndexOf("~t"u8);
        if (at < 0 || stanza.Length < at + 2 + Digits)
        {
            return false;
        }

        ulong value = 0;
        foreach (var digit in stanza.Slice(at + 2, Digits))
        {
            var nibble = digit <= (byte)'9' ? digit - '0' : digit - 'a' + 10;
            if ((uint)nibble > 15)
            {
                return false;
            }

            value = (value << 4) | (uint)nibble;
        }

        stamp = (long)value;
        return true;
    }

    /// <summary>A text of this many bytes that begins with the stamp; never shorter than the stamp.</summary>
    public static string StampedText(int bytes) => Stamp + new string('x', Math.Max(0, bytes - Stamp.Length));

    private static void WriteHex(Span<byte> room, ulong value)
    {
        for (var i = Digits - 1; i >= 0; i--)
        {
            room[i] = "0123456789abcdef"u8[(int)(value & 15)];
            value >>= 4;
        }
    }
}
