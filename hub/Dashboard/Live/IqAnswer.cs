namespace IotXmpp.Hub.Dashboard.Live;

/// <summary>How a request ended (RFC 6120 §8.2.3).</summary>
/// <param name="IsResult">Whether it is a result; else an error, or no answer.</param>
/// <param name="Payload">What stands in the result, or null where nothing does.</param>
/// <param name="Condition">The condition of the error (RFC 6120 §8.3.3), such as <c>forbidden</c>; <c>remote-server-timeout</c> where no answer came in time; null for a result.</param>
/// <param name="Text">What the error says to people, or null.</param>
/// <param name="Error">The whole <c>error</c> element, with what a standard adds to it; null for a result and where no answer came.</param>
public sealed record IqAnswer(bool IsResult, Element? Payload, string? Condition = null, string? Text = null, Element? Error = null)
{
    /// <summary>No answer came in time.</summary>
    public static IqAnswer Timeout { get; } = new(false, null, "remote-server-timeout", "No answer came in time.");

    /// <summary>The session has ended.</summary>
    public static IqAnswer Gone { get; } = new(false, null, "gone", "The session has ended.");

    /// <summary>The error in words for people; empty for a result.</summary>
    public string Explain() => IsResult ? string.Empty : Text ?? Condition switch
    {
        "forbidden" or "not-authorized" or "not-allowed" => "You may not do that.",
        "item-not-found" => "There is no such thing.",
        "service-unavailable" or "recipient-unavailable" => "It is not there now.",
        "resource-constraint" => "There is too much of it.",
        "conflict" => "That is there already.",
        "bad-request" or "not-acceptable" or "jid-malformed" => "That was not understood.",
        _ => $"It did not work ({Condition}).",
    };
}
