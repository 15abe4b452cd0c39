using IotXmpp.Hub.Storage;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.Hub.Tests.Storage;

/// <summary>What is stored soon after, together.</summary>
public sealed class LateWritesTests
{
    private readonly ManualTime _time = new();
    private readonly List<KeyValuePair<string, int>[]> _stored = [];
    private readonly List<StorageException> _failures = [];
    private Func<Task>? _storing;

    [Fact]
    public async Task What_comes_together_is_stored_in_one_write_of_the_newest_values()
    {
        await using LateWrites<int> late = New();
        late.Note("a", 1);
        late.Note("b", 2);
        late.Note("a", 3);
        Assert.True(late.TryGet("a", out int known));
        Assert.Equal(3, known);
        Assert.Empty(_stored);

        _time.Advance(LateWrites<int>.Usual);

        await Wait.UntilAsync(() => late.Count == 0);
        Assert.Equal([new("a", 3), new("b", 2)], Assert.Single(_stored).OrderBy(v => v.Key));
        _time.Advance(LateWrites<int>.Usual * 5);
        Assert.Single(_stored);
    }

    [Fact]
    public async Task What_comes_while_a_write_is_under_way_is_stored_by_the_next_one()
    {
        await using LateWrites<int> late = New();
        var disk = new TaskCompletionSource();
        _storing = () => disk.Task;
        late.Note("a", 1);
        _time.Advance(LateWrites<int>.Usual);
        await Wait.UntilAsync(() => _stored.Count == 1);

        late.Note("a", 2);
        _storing = null;
        disk.SetResult();
        await Wait.UntilAsync(() =>
        {
            _time.Advance(LateWrites<int>.Usual);
            return late.Count == 0;
        });

        Assert.Equal(new KeyValuePair<string, int>("a", 2), Assert.Single(_stored[^1]));
    }

    [Fact]
    public async Task What_could_not_be_stored_waits_for_the_next_time()
    {
        await using LateWrites<int> late = New();
        _storing = () => Task.FromException(new StorageException(StorageFailure.Io, "The disk is full."));
        late.Note("a", 1);
        _time.Advance(LateWrites<int>.Usual);
        await Wait.UntilAsync(() => _failures.Count == 1);
        Assert.Equal(1, late.Count);

        _storing = null;
        _time.Advance(LateWrites<int>.Usual);
        await Wait.UntilAsync(() => late.Count == 0);
        Assert.Equal(2, _stored.Count);
    }

    [Fact]
    public async Task The_end_stores_what_waits()
    {
        LateWrites<int> late = New();
        late.Note("a", 1);

        await late.DisposeAsync();

        Assert.Single(_stored);
        late.Note("b", 2);
        _time.Advance(LateWrites<int>.Usual);
        Assert.Single(_stored);
    }

    [Fact]
    public async Task Who_is_forgotten_is_not_stored_any_more()
    {
        await using LateWrites<int> late = New();
        late.Note("a", 1);
        bool isRemoved = false;

        await late.ForgetAsync("a", () =>
        {
            isRemoved = true;
            return Task.CompletedTask;
        });
        _time.Advance(LateWrites<int>.Usual);

        Assert.True(isRemoved);
        Assert.False(late.TryGet("a", out _));
        Assert.Empty(_stored);
    }

    private LateWrites<int> New() => new(
        _time,
        LateWrites<int>.Usual,
        values =>
        {
            lock (_stored)
            {
                _stored.Add([.. values]);
            }

            return _storing?.Invoke() ?? Task.CompletedTask;
        },
        _failures.Add);
}
