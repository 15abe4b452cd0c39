using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>REST (settings section <c>Rest</c>).</summary>
public sealed class RestOptions
{
    /// <summary>False serves neither REST nor its description.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Requests of one token in a minute (600): ten a second, and a program that goes mad is held back before the hub is.</summary>
    [Range(1, 1_000_000)]
    public int RequestsPerMinute { get; set; } = 600;

    /// <summary>Requests of one token that may come at once (100), out of <see cref="RequestsPerMinute"/>.</summary>
    [Range(1, 1_000_000)]
    public int Burst { get; set; } = 100;

    /// <summary>Seconds until a request is given up (30); streams and exports last as long as they are read.</summary>
    [Range(1, 3_600)]
    public int TimeoutSeconds { get; set; } = 30;

    /// <summary>Bytes of a request's body (65,536), where the resource does not say another bound.</summary>
    [Range(1_024, 16 * 1_024 * 1_024)]
    public int BodyBytes { get; set; } = 65_536;

    /// <summary>Entries of one page where nothing is said (100).</summary>
    [Range(1, 1_000)]
    public int PageSize { get; set; } = 100;

    /// <summary>Streams of events that one token may hold open (8): more than a program has screens.</summary>
    [Range(1, 1_000)]
    public int StreamsPerToken { get; set; } = 8;

    /// <summary>Streams of events that all tokens together may hold open (1,000): each is a connection and a queue.</summary>
    [Range(1, 100_000)]
    public int Streams { get; set; } = 1_000;

    /// <summary>Events that wait for a slow reader of a stream (1,000); beyond them the stream is ended and the reader comes again.</summary>
    [Range(10, 100_000)]
    public int StreamQueue { get; set; } = 1_000;
}
