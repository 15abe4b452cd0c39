using System.Diagnostics.CodeAnalysis;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>A span of time that a request asks for.</summary>
/// <param name="Begin">The beginning.</param>
/// <param name="End">The end, not included.</param>
internal readonly record struct RestSpan(DateTimeOffset Begin, DateTimeOffset End)
{
    /// <summary>The beginning; a day before the end where it is not given.</summary>
    public static RestParameter<DateTimeOffset?> From { get; } = RestParameter.Time("from", "The beginning of the span; a day before its end where it is not given.");

    /// <summary>The end; now where it is not given.</summary>
    public static RestParameter<DateTimeOffset?> To { get; } = RestParameter.Time("to", "The end of the span, not included; now where it is not given.");

    /// <summary>Reads the span of a request.</summary>
    public static bool TryRead(RestRequest request, TimeProvider time, out RestSpan span, [NotNullWhen(false)] out RestProblem? wrong)
    {
        DateTimeOffset end = request.Get(To) ?? time.GetUtcNow();
        DateTimeOffset begin = request.Get(From) ?? (end - DateTimeOffset.MinValue > TimeSpan.FromDays(1) ? end.AddDays(-1) : DateTimeOffset.MinValue);
        span = new RestSpan(begin, end);
        wrong = begin < end ? null : RestProblem.BadRequest(new RestFault("query", From.Name, "The span ends before it begins."));
        return wrong is null;
    }
}
