using System.Collections;

namespace IotXmpp.Gateway;

/// <summary><c>iotxmpp-gateway node add|remove|list</c>: who may come in behind this gateway. A gateway that runs takes it over within seconds.</summary>
public static class NodeCommand
{
    /// <summary>Runs the command.</summary>
    /// <param name="arguments">What comes behind <c>node</c>.</param>
    /// <param name="environment">The environment.</param>
    /// <param name="output">Where to.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="GatewaySettingsException">Something is wrong; the message is one line.</exception>
    public static int Run(IReadOnlyList<string> arguments, IDictionary environment, TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(output);
        string verb = arguments.Count > 0 ? arguments[0] : string.Empty;
        int words = verb == "list" ? 1 : 2;
        if (verb is not ("add" or "remove" or "list") || arguments.Count < words || (words == 2 && arguments[1].StartsWith('-')))
        {
            throw new GatewaySettingsException("node add ID, node remove ID or node list; the id of a-z, 0-9 and -.");
        }

        var keys = new NodeKeys(GatewaySettings.ReadNodesFile([.. arguments.Skip(words)], environment));
        switch (verb)
        {
            case "add":
                string key = keys.Add(arguments[1]);
                output.WriteLine($"key of {arguments[1]} (shown this once; put it into the thing): {key}");
                output.WriteLine($"its owner claims it with: iotxmpp claim '{NodeClaim.Code(arguments[1], key)}'");
                return 0;
            case "remove":
                if (!keys.Remove(arguments[1]))
                {
                    throw new GatewaySettingsException($"there is no {arguments[1]} behind this gateway; node list shows who is.");
                }

                output.WriteLine($"{arguments[1]} is removed; its key is worth nothing any more");
                return 0;
            default:
                foreach (string id in keys.Ids)
                {
                    output.WriteLine(id);
                }

                return 0;
        }
    }
}
