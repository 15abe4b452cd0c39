using IotXmpp.Xml;

namespace IotXmpp.Esp32;

/// <summary>The 48 bytes of SNTP version 4 (RFC 4330): the question and what of an answer is believed. The socket is the board's.</summary>
public sealed class Sntp
{
    /// <summary>Bytes of a question and of an answer.</summary>
    public const int Bytes = 48;

    /// <summary>The port of time servers.</summary>
    public const int Port = 123;

    // Seconds from 1900, where NTP begins, to 1970; and of one era, which ends in 2036.
    private const long SecondsTo1970 = 2208988800;
    private const long EraSeconds = 4294967296;

    private readonly byte[] _cookie = new byte[8];
    private bool _asked;

    /// <summary>Writes a question. A server sends the time stamp of the question back (§4, originate), so random bytes in it tell the answer from a forged one.</summary>
    /// <param name="packet">Filled; <see cref="Bytes"/> long.</param>
    /// <param name="random">Eight random bytes.</param>
    public void Ask(byte[] packet, byte[] random)
    {
        for (int i = 0; i < Bytes; i++)
        {
            packet[i] = 0;
        }

        packet[0] = 0x23; // no warning, version 4, client
        for (int i = 0; i < 8; i++)
        {
            _cookie[i] = random[i];
            packet[40 + i] = random[i];
        }

        _asked = true;
    }

    /// <summary>Reads an answer.</summary>
    /// <param name="packet">What came.</param>
    /// <param name="count">Bytes of it.</param>
    /// <param name="utcMs">Milliseconds since 1970.</param>
    /// <returns>False when it is no answer to the last question, or of a server that does not know the time.</returns>
    public bool TryRead(byte[] packet, int count, out long utcMs)
    {
        utcMs = 0;
        if (!_asked || count < Bytes || (packet[0] & 7) != 4 || packet[0] >> 6 == 3 || packet[1] == 0 || packet[1] > 15)
        {
            return false; // not of a server, not synchronized, or a kiss of death (§8)
        }

        for (int i = 0; i < 8; i++)
        {
            if (packet[24 + i] != _cookie[i])
            {
                return false;
            }
        }

        _asked = false;
        long seconds = Get32(packet, 40);
        long fraction = Get32(packet, 44);
        if (seconds == 0)
        {
            return false;
        }

        // §3: a first bit that is clear means the era after 2036
        seconds = (seconds & 0x80000000L) == 0 ? seconds + EraSeconds : seconds;
        utcMs = ((seconds - SecondsTo1970) * 1000) + ((fraction * 1000) >> 32);
        return true;
    }

    private static long Get32(byte[] packet, int at) => NumberFormat.Signed((uint)((packet[at] << 24) | (packet[at + 1] << 16) | (packet[at + 2] << 8) | packet[at + 3]));
}
