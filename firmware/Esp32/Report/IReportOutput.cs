namespace IotXmpp.Esp32;

/// <summary>Where a board's own report goes: its serial line on a board, a list in a test. Returns at once.</summary>
public interface IReportOutput
{
    /// <summary>Writes one line.</summary>
    /// <param name="line">The line, without its end.</param>
    void WriteLine(string line);
}
