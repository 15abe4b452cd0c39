using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Operator;

/// <summary>Stanza errors (RFC 6120 §8.3.3) as exit codes and sentences.</summary>
internal static class Errors
{
    /// <summary>The exit code for an error.</summary>
    public static int CodeOf(StanzaError error) => error.Condition switch
    {
        "forbidden" or "not-authorized" or "not-allowed" or "registration-required" or "subscription-required" => ExitCode.Forbidden,
        "item-not-found" or "recipient-unavailable" or "service-unavailable" or "gone" or "remote-server-not-found" => ExitCode.NotFound,
        "remote-server-timeout" => ExitCode.TimedOut,
        _ => ExitCode.Failed,
    };

    /// <summary>What an answer means, for people.</summary>
    public static string Describe(StanzaError error) => error.Text.Length > 0 ? $"{error.Condition}: {error.Text}" : error.Condition;

    /// <summary>The end of a request to a thing, in words that say what to do.</summary>
    public static CliException OfThing(string thing, string what, StanzaError error) => CodeOf(error) switch
    {
        ExitCode.Forbidden => new CliException(ExitCode.Forbidden, $"the hub forbids you to {what} {thing} ({error.Condition}); log in as its owner or as an administrator"),
        ExitCode.NotFound => new CliException(ExitCode.NotFound, $"{thing} does not answer ({Describe(error)}): it is not online, or there is no such thing; `iotxmpp things` lists them"),
        ExitCode.TimedOut => new CliException(ExitCode.TimedOut, $"{thing} did not answer in time ({error.Condition}); try again"),
        _ => new CliException(ExitCode.Failed, $"{thing} refused to {what}: {Describe(error)}"),
    };
}
