using System.Text;
using IotXmpp.Hub.Addresses;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Addresses;

public sealed class JidCacheTests
{
    [Fact]
    public void The_same_octets_give_the_same_object()
    {
        var cache = new JidCache();
        Assert.True(cache.TryParse("Juliet@example.com/balcony"u8, out Jid? first));
        Assert.True(cache.TryParse("Juliet@example.com/balcony"u8, out Jid? second));
        Assert.Same(first, second);
        Assert.Equal("juliet", first.Local);
    }

    [Fact]
    public void A_hit_allocates_nothing()
    {
        var cache = new JidCache();
        ReadOnlySpan<byte> address = "sensor@example.com/thing"u8;
        Assert.True(cache.TryParse(address, out _));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            cache.TryParse(address, out _);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Newcomers_replace_but_never_mix()
    {
        var cache = new JidCache(8); // far fewer slots than addresses
        for (int round = 0; round < 2; round++)
        {
            for (int i = 0; i < 1000; i++)
            {
                Assert.True(cache.TryParse(Encoding.UTF8.GetBytes($"thing-{i}@example.com/thing"), out Jid? jid));
                Assert.Equal($"thing-{i}", jid.Local);
            }
        }
    }

    [Fact]
    public void What_is_no_address_is_refused_each_time()
    {
        var cache = new JidCache();
        Assert.False(cache.TryParse("@example.com"u8, out _));
        Assert.False(cache.TryParse("@example.com"u8, out _));
        Assert.False(cache.TryParse([], out _));
    }

    [Fact]
    public void Long_addresses_pass_without_being_remembered()
    {
        var cache = new JidCache();
        byte[] address = Encoding.UTF8.GetBytes("a@example.com/" + new string('r', JidCache.MaxKeyBytes));
        Assert.True(cache.TryParse(address, out Jid? first));
        Assert.True(cache.TryParse(address, out Jid? second));
        Assert.NotSame(first, second);
        Assert.Equal(first, second);
    }

    [Fact]
    public async Task Many_threads_at_once_get_right_answers()
    {
        var cache = new JidCache(16);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            for (int i = 0; i < 20_000; i++)
            {
                int number = ((i * 7) + thread) % 100;
                Assert.True(cache.TryParse(Encoding.UTF8.GetBytes($"t{number}@example.com"), out Jid? jid));
                Assert.Equal($"t{number}", jid.Local);
            }
        })));
    }
}
