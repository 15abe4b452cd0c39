using System.Diagnostics;

namespace IotXmpp.Cli.Output;

/// <summary>Shows that a wait goes on. Writes nothing for waits below <see cref="Quiet"/>.</summary>
internal sealed class Progress : IDisposable
{
    /// <summary>Waits shorter than this are not worth a word.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(700);

    /// <summary>Time between two plain lines.</summary>
    private static readonly TimeSpan PlainPeriod = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan SpinnerPeriod = TimeSpan.FromMilliseconds(120);
    private static readonly string[] Frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

    private readonly bool _plain;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Timer _timer;
    private readonly Lock _gate = new();
    private string _what;
    private int _frame;
    private bool _shown;
    private bool _done;

    internal Progress(string what, bool plain)
    {
        _what = what;
        _plain = plain;
        _timer = new Timer(_ => Show(), null, Quiet, plain ? PlainPeriod : SpinnerPeriod);
    }

    /// <summary>Changes what is shown.</summary>
    public void Say(string what)
    {
        lock (_gate)
        {
            _what = what;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _done = true;
            if (_shown && !_plain)
            {
                Console.Error.Write("\r\x1b[K");
            }
        }

        _timer.Dispose();
    }

    private void Show()
    {
        lock (_gate)
        {
            if (_done)
            {
                return;
            }

            _shown = true;
            if (_plain)
            {
                Console.Error.WriteLine($"{_what} …");
            }
            else
            {
                int seconds = (int)Stopwatch.GetElapsedTime(_start).TotalSeconds;
                Console.Error.Write($"\r\x1b[K{Frames[_frame++ % Frames.Length]} {_what} ({seconds} s)");
            }
        }
    }
}
