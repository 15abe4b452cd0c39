using System.Text;

namespace IotXmpp.TestKit.Net;

/// <summary>A dialogue did not go as it should.</summary>
public sealed class DialogueException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What all clients of a test said and heard, in order: the first thing to read when a test fails.</summary>
public sealed class Transcript
{
    /// <summary>Longer lines are cut: a 10 MB stanza need not be printed.</summary>
    private const int LineLimit = 4000;

    private readonly Lock gate = new();
    private readonly StringBuilder lines = new();

    /// <summary>Keeps bytes that went out.</summary>
    public void Sent(string who, ReadOnlySpan<byte> bytes) => Line($"{who} >> {Encoding.UTF8.GetString(bytes.Length > LineLimit ? bytes[..LineLimit] : bytes)}{(bytes.Length > LineLimit ? $" … ({bytes.Length} bytes)" : "")}");

    /// <summary>Keeps what came in.</summary>
    public void Received(string who, StreamEvent e)
    {
        var text = RawClient.Describe(e);
        Line($"{who} << {(text.Length > LineLimit ? string.Concat(text.AsSpan(0, LineLimit), " …") : text)}");
    }

    /// <summary>Keeps a remark.</summary>
    public void Note(string who, string what) => Line($"{who} -- {what}");

    /// <inheritdoc/>
    public override string ToString()
    {
        lock (gate)
        {
            return lines.ToString();
        }
    }

    private void Line(string line)
    {
        lock (gate)
        {
            lines.Append(line).Append('\n');
        }
    }
}
