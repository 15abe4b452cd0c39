using System.CommandLine;
using IotXmpp.Cli.Hub;
using IotXmpp.Cli.Output;

namespace IotXmpp.Cli.Commands;

/// <summary>Which hub's data a command works on: options that account and invite share.</summary>
internal sealed class DataArguments
{
    private readonly Option<string?> _data = new("--data") { Description = $"the hub's data folder (IOTXMPP_DATA; default {DataAccess.DefaultFolder})", HelpName = "DIR" };
    private readonly Option<string?> _domain = new("--domain") { Description = "the domain that the hub serves (IOTXMPP_DOMAIN; default localhost)", HelpName = "NAME" };
    private readonly Option<bool> _json = ClientArguments.JsonOption();

    public DataArguments(Command command)
    {
        command.Options.Add(_data);
        command.Options.Add(_domain);
        command.Options.Add(_json);
    }

    public Screen ScreenOf(ParseResult parsed) => new(parsed.GetValue(_json));

    public Task<DataAccess> OpenAsync(ParseResult parsed, bool create, CancellationToken cancel) => DataAccess.OpenAsync(
        parsed.GetValue(_data) ?? Variable("IOTXMPP_DATA") ?? DataAccess.DefaultFolder, parsed.GetValue(_domain) ?? Variable("IOTXMPP_DOMAIN") ?? "localhost", create, cancel);

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
