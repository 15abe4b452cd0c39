using Microsoft.Extensions.Logging;

namespace IotXmpp.Cli.Up;

/// <summary>The hub's log in <c>iotxmpp up</c>: warnings and errors in one line each among what is shown, without stack traces. Ends with the view.</summary>
/// <param name="say">Takes a line.</param>
internal sealed class UpLog(Action<string> say) : ILoggerProvider, ILogger
{
    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => this;

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            say(CommandLine.OneLine($"hub: {formatter(state, exception)}{(exception is null ? string.Empty : $": {exception.Message}")}"));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Holds nothing.
    }
}
