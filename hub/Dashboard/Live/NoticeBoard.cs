namespace IotXmpp.Hub.Dashboard.Live;

/// <summary>What is told in the corner of a page, and by a screen reader.</summary>
/// <param name="Number">Its number on this page.</param>
/// <param name="Text">What it says.</param>
/// <param name="IsWarning">Whether something went wrong: then it stays until it is closed.</param>
public sealed record PageNotice(long Number, string Text, bool IsWarning);

/// <summary>The notices of one open page.</summary>
public sealed class NoticeBoard
{
    /// <summary>Notices that are shown at a time (5); one more takes the place of the oldest.</summary>
    public const int MaxShown = 5;

    private readonly Lock _gate = new();
    private readonly List<PageNotice> _shown = [];
    private long _numbers;

    /// <summary>They have changed; from any thread.</summary>
    public event Action? Changed;

    /// <summary>What is shown now, the oldest first.</summary>
    public IReadOnlyList<PageNotice> Shown
    {
        get
        {
            lock (_gate)
            {
                return [.. _shown];
            }
        }
    }

    /// <summary>Says that something was done.</summary>
    public void Say(string text) => Add(text, isWarning: false);

    /// <summary>Says that something did not work.</summary>
    public void Warn(string text) => Add(text, isWarning: true);

    /// <summary>Takes one away.</summary>
    public void Close(long number)
    {
        lock (_gate)
        {
            _shown.RemoveAll(n => n.Number == number);
        }

        Changed?.Invoke();
    }

    private void Add(string text, bool isWarning)
    {
        lock (_gate)
        {
            // Twice the same is once.
            _shown.RemoveAll(n => n.Text == text);
            while (_shown.Count >= MaxShown)
            {
                _shown.RemoveAt(0);
            }

            _shown.Add(new PageNotice(++_numbers, text, isWarning));
        }

        Changed?.Invoke();
    }
}
