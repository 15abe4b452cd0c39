using IotXmpp.Hub.Storage;
using Xunit;

namespace IotXmpp.Hub.Tests.Storage;

public sealed class OwnerCacheTests
{
    private readonly OwnerCache<string> _cache = new(2);
    private int _reads;

    [Fact]
    public async Task What_is_in_memory_is_not_read_again()
    {
        Assert.Equal("alice 1", await ReadAsync("alice"));
        Assert.Equal("alice 1", await ReadAsync("alice"));
        _cache.Set("alice", "changed");
        Assert.Equal("changed", await ReadAsync("alice"));
        _cache.Remove("alice");
        Assert.Equal("alice 2", await ReadAsync("alice"));
    }

    [Fact]
    public async Task What_was_read_while_something_changed_is_used_once_and_not_kept()
    {
        var reading = new TaskCompletionSource<string>();
        ValueTask<string> slow = _cache.GetAsync("alice", (_, _) => new(reading.Task), TestContext.Current.CancellationToken);
        _cache.Set("alice", "new");
        reading.SetResult("old");
        Assert.Equal("old", await slow);
        Assert.Equal("new", await ReadAsync("alice"));
    }

    [Fact]
    public async Task Not_even_where_the_change_is_no_longer_in_memory()
    {
        var reading = new TaskCompletionSource<string>();
        ValueTask<string> slow = _cache.GetAsync("alice", (_, _) => new(reading.Task), TestContext.Current.CancellationToken);
        _cache.Set("alice", "new");
        _cache.Set("bob", "b");
        _cache.Set("carol", "c");
        reading.SetResult("old");
        Assert.Equal("old", await slow);
        Assert.False(_cache.TryGet("alice", out _));
    }

    [Fact]
    public void When_it_is_full_it_starts_anew()
    {
        foreach (string owner in (string[])["alice", "bob", "bob", "carol"])
        {
            _cache.Set(owner, owner);
        }

        Assert.Equal(1, _cache.Count);
        Assert.True(_cache.TryGet("carol", out _));
    }

    private ValueTask<string> ReadAsync(string owner) => _cache.GetAsync(owner, (name, _) => new($"{name} {++_reads}"), TestContext.Current.CancellationToken);
}
