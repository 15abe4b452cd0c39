using System.Text;
using IotXmpp.Hub.Features.Bytestreams;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Bytestreams;

/// <summary>What the proxy reads of SOCKS5 (RFC 1928), byte by byte.</summary>
public sealed class Socks5Tests
{
    private const string Hash = "972b7bf47291ca609517f67f86b5081086052dad"; // of XEP-0065's own example: sid, requester, target

    private static byte[] Request(byte version = 5, byte command = 1, byte type = 3, byte length = 40, string hash = Hash) => [version, command, 0, type, length, .. Encoding.ASCII.GetBytes(hash), 0, 0];

    [Theory]
    [InlineData(new byte[] { 5, 1, 0 }, new byte[] { 5, 0 })]
    [InlineData(new byte[] { 5, 3, 2, 1, 0 }, new byte[] { 5, 0 })]
    public void A_greeting_that_offers_no_authentication_is_taken_when_it_is_whole(byte[] greeting, byte[] expected)
    {
        for (int i = 0; i < greeting.Length; i++)
        {
            Assert.Equal(SocksStep.More, Socks5.Greet(greeting.AsSpan(0, i), out int none, out _));
            Assert.Equal(0, none);
        }

        Assert.Equal(SocksStep.Taken, Socks5.Greet([.. greeting, 5, 1], out int used, out ReadOnlyMemory<byte> answer));
        Assert.Equal(greeting.Length, used);
        Assert.Equal(expected, answer.ToArray());
    }

    [Theory]
    [InlineData(new byte[] { 4, 1 }, new byte[0])] // SOCKS4
    [InlineData(new byte[] { (byte)'G', (byte)'E', (byte)'T' }, new byte[0])]
    [InlineData(new byte[] { 22, 3, 1 }, new byte[0])] // TLS
    [InlineData(new byte[] { 0 }, new byte[0])]
    [InlineData(new byte[] { 5, 0 }, new byte[] { 5, 0xFF })] // no method at all
    [InlineData(new byte[] { 5, 2, 1, 2 }, new byte[] { 5, 0xFF })] // GSSAPI, password
    [InlineData(new byte[] { 5, 1, 0xFF }, new byte[] { 5, 0xFF })]
    public void Any_other_greeting_is_refused(byte[] greeting, byte[] expected)
    {
        Assert.Equal(SocksStep.Refused, Socks5.Greet(greeting, out _, out ReadOnlyMemory<byte> answer));
        Assert.Equal(expected, answer.ToArray());
    }

    [Fact]
    public void A_request_is_taken_when_it_is_whole_and_its_hash_is_the_same_in_capitals()
    {
        byte[] request = Request();
        for (int i = 0; i < request.Length; i++)
        {
            Assert.Equal(SocksStep.More, Socks5.Request(request.AsSpan(0, i), out _, out _));
        }

        Assert.Equal(SocksStep.Taken, Socks5.Request(request, out string? hash, out _));
        Assert.Equal(Hash, hash);
        Assert.Equal(SocksStep.Taken, Socks5.Request(Request(hash: Hash.ToUpperInvariant()), out hash, out _));
        Assert.Equal(Hash, hash);
    }

    /// <summary>The bound address is the one that was asked for (XEP-0065 §6.3.3), the port with it.</summary>
    [Fact]
    public void The_answer_repeats_address_and_port()
    {
        byte[] request = Request();
        request[^1] = 7;
        Assert.Equal([5, 0, 0, 3, 40, .. Encoding.ASCII.GetBytes(Hash), 0, 7], Socks5.Answer(SocksReply.Succeeded, request));
        Assert.Equal([5, 7, 0, 3, 0, 0, 0], Socks5.Answer(SocksReply.CommandNotSupported, [5, 2]));
    }

    [Fact]
    public void What_cannot_become_a_request_is_refused_at_the_byte_that_shows_it()
    {
        (byte[] Bytes, SocksReply Reply, int SeenAt)[] all =
        [
            (Request(version: 4), SocksReply.GeneralFailure, 1),
            (Request(command: 2), SocksReply.CommandNotSupported, 2),
            (Request(command: 3), SocksReply.CommandNotSupported, 2),
            (Request(type: 1), SocksReply.AddressTypeNotSupported, 4),
            (Request(type: 4), SocksReply.AddressTypeNotSupported, 4),
            (Request(length: 0), SocksReply.NotAllowed, 5),
            (Request(length: 39), SocksReply.NotAllowed, 5),
            (Request(length: 255), SocksReply.NotAllowed, 5),
            (Request(hash: new string('g', 40)), SocksReply.NotAllowed, Socks5.RequestLength),
            (Request(hash: Hash[..39] + "\0"), SocksReply.NotAllowed, Socks5.RequestLength),
        ];
        foreach ((byte[] bytes, SocksReply reply, int seenAt) in all)
        {
            Assert.Equal(SocksStep.More, Socks5.Request(bytes.AsSpan(0, seenAt - 1), out _, out _));
            Assert.Equal(SocksStep.Refused, Socks5.Request(bytes.AsSpan(0, seenAt), out string? hash, out SocksReply refusal));
            Assert.Equal((null, reply), (hash, refusal));
        }
    }
}
