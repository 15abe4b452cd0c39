using System.Text;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Xmpp;
using Element = IotXmpp.Xml.Element;

namespace IotXmpp.Cli.Operator;

/// <summary>Requests to the hub's alerts (<c>urn:iotxmpp:alert:1</c> at <c>things.DOMAIN</c>).</summary>
internal static class AlertRequest
{
    /// <summary>A request without a document.</summary>
    public static Element Of(string name) => new(AlertXml.Namespace, name);

    /// <summary>A request with a document as a JSON container (XEP-0335).</summary>
    public static Element Of(string name, string document)
    {
        Element request = Of(name);
        request.Add(AlertXml.Json, "json").Text = document;
        return request;
    }

    /// <summary>Asks; what the hub refuses becomes one line.</summary>
    /// <exception cref="CliException">It refuses.</exception>
    public static async Task<Element> AskAsync(HubClient hub, string type, Element request, CancellationToken cancel)
    {
        try
        {
            return await hub.AskAsync(type, hub.Things, request, cancel);
        }
        catch (StanzaException e)
        {
            throw e.Error.Condition switch
            {
                "service-unavailable" or "feature-not-implemented" or "remote-server-not-found" => new CliException(ExitCode.Failed, $"{hub.Things} has no alerts: the server is no IotXmpp hub, or an older one"),
                "item-not-found" => new CliException(ExitCode.NotFound, e.Error.Text.Length > 0 ? e.Error.Text : "there is no such thing, or you may not see it"),
                "not-acceptable" => new CliException(ExitCode.Usage, e.Error.Text),
                _ => new CliException(Errors.CodeOf(e.Error), e.Error.Text.Length > 0 ? e.Error.Text : e.Error.Condition),
            };
        }
    }

    /// <summary>The text of a file, or of standard input for <c>-</c>.</summary>
    /// <exception cref="CliException">It cannot be read, or is too long.</exception>
    public static async Task<string> ReadAsync(string file, CancellationToken cancel)
    {
        try
        {
            using Stream stream = file == "-" ? Console.OpenStandardInput() : File.OpenRead(file);
            byte[] buffer = new byte[RuleDocument.MaxBytes + 1];
            int length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel);
            return length <= RuleDocument.MaxBytes ? Encoding.UTF8.GetString(buffer, 0, length) : throw new CliException(ExitCode.Usage, $"{file} has more than {RuleDocument.MaxBytes} bytes");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"{file} cannot be read: {e.Message}");
        }
    }

    /// <summary>A time of an answer for people; a dash where there is none.</summary>
    public static string Moment(Element element, string name, DateTimeOffset now) => ThingView.TryTime(element.Attribute(name), out DateTimeOffset at) ? Words.Moment(at, now) : "–";

    /// <summary>The document of an answer.</summary>
    public static string DocumentOf(Element element) => element.Child(AlertXml.Json, "json")?.Text ?? "{}";

    /// <summary>The first element of an answer.</summary>
    public static Element First(Element answer) => answer.Children().FirstOrDefault() ?? throw new CliException(ExitCode.Failed, "the hub gave an answer that is none");
}
