using System.Buffers.Binary;
using IotXmpp.Esp32;
using Xunit;

namespace IotXmpp.Things.Tests.Esp32;

/// <summary>SNTP as RFC 4330 has it.</summary>
public sealed class SntpTests
{
    private static readonly byte[] Cookie = [1, 2, 3, 4, 5, 6, 7, 8];
    private readonly byte[] _packet = new byte[Sntp.Bytes];
    private readonly Sntp _sntp = new();

    [Fact]
    public void A_question_is_of_version_4_and_carries_the_cookie()
    {
        _sntp.Ask(_packet, Cookie);
        Assert.Equal(0x23, _packet[0]);
        Assert.Equal(Cookie, _packet[40..]);
        Assert.All(_packet[1..40], b => Assert.Equal(0, b));
    }

    [Theory]
    [InlineData(0xEEB8_C480, 0x8000_0000, 1_796_097_536_500)] // 2026-12-01T03:58:56.5Z
    [InlineData(0xFFFF_FFFF, 0, 2_085_978_495_000)] // the last second of the era
    [InlineData(0x0000_0001, 0, 2_085_978_497_000)] // the era after it, from 2036-02-07T06:28:16Z
    public void The_time_of_an_answer(uint seconds, uint fraction, long utcMs)
    {
        Assert.True(Answer(seconds, fraction, out long read));
        Assert.Equal(utcMs, read);
    }

    [Theory]
    [InlineData(0, 0x23)] // a client's packet
    [InlineData(0, 0xE4)] // not synchronized
    [InlineData(1, 0)] // kiss of death
    [InlineData(1, 16)]
    [InlineData(24, 99)] // not the answer to this question
    public void What_is_no_answer_is_not_believed(int at, byte value)
        => Assert.False(Answer(0xEEB8_C480, 0, out _, p => p[at] = value));

    [Fact]
    public void An_answer_is_believed_once_and_not_when_it_is_short()
    {
        Assert.True(Answer(0xEEB8_C480, 0, out _));
        Assert.False(_sntp.TryRead(_packet, Sntp.Bytes, out _));
        _sntp.Ask(_packet, Cookie);
        Assert.False(_sntp.TryRead(_packet, Sntp.Bytes - 1, out _));
        Assert.False(new Sntp().TryRead(_packet, Sntp.Bytes, out _));
    }

    private bool Answer(uint seconds, uint fraction, out long utcMs, Action<byte[]>? change = null)
    {
        _sntp.Ask(_packet, Cookie);
        Array.Clear(_packet);
        _packet[0] = 0x24;
        _packet[1] = 2;
        Cookie.CopyTo(_packet, 24);
        BinaryPrimitives.WriteUInt32BigEndian(_packet.AsSpan(40), seconds);
        BinaryPrimitives.WriteUInt32BigEndian(_packet.AsSpan(44), fraction);
        change?.Invoke(_packet);
        return _sntp.TryRead(_packet, Sntp.Bytes, out utcMs);
    }
}
