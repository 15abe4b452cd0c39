using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using IotXmpp.Host;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Gateway;

/// <summary>What a gateway's installation shall be.</summary>
internal sealed record InstallWish
{
    /// <summary>Its account, bare.</summary>
    public required Jid Account { get; init; }

    /// <summary>Where its hub is, as it sees it.</summary>
    public required ServerAddress Hub { get; init; }

    /// <summary>The authority that it trusts, PEM; null for the system's.</summary>
    public byte[]? Authority { get; init; }

    /// <summary>Whose it is.</summary>
    public string? Owner { get; init; }

    /// <summary>The board; null to let the gateway ask the machine.</summary>
    public string? Board { get; init; }

    /// <summary>What is wired to its pins.</summary>
    public string Parts { get; init; } = string.Empty;

    /// <summary>Where things come in over TCP; null for nowhere.</summary>
    public string? Nodes { get; init; }

    /// <summary>Serial lines; null for none.</summary>
    public string? Serial { get; init; }

    /// <summary>Bluetooth advertisements that it reads; null for none.</summary>
    public string? Beacons { get; init; }

    /// <summary>Seconds between samples; null for the usual.</summary>
    public int? Interval { get; init; }

    /// <summary>The fleet's update key in base64; null where it takes no updates. Secret: a dry run has a word in its place.</summary>
    public string? UpdateKey { get; init; }

    /// <summary>The published program's folder.</summary>
    public required string Program { get; init; }

    /// <summary>What runs the program on the machine: the program itself, or <c>dotnet</c> with its assembly.</summary>
    public required string Exec { get; init; }

    /// <summary>Its settings, as the gateway reads them.</summary>
    public byte[] SettingsJson()
    {
        var json = new JsonObject { ["hub"] = Hub.ToString(), ["jid"] = Account.ToString(), ["data"] = GatewayPaths.DataHere };
        Add(json, "ca", Authority is null ? null : GatewayPaths.AuthorityHere);
        Add(json, "owner", Owner);
        Add(json, "board", Board);
        Add(json, "parts", Parts.Length > 0 ? Parts : null);
        Add(json, "nodes", Nodes);
        Add(json, "serial", Serial);
        Add(json, "beacons", Beacons);
        Add(json, "update-key", UpdateKey);
        Add(json, "interval", Interval?.ToString(CultureInfo.InvariantCulture));
        // A person may edit it: what need not be escaped is not.
        return Encoding.UTF8.GetBytes(json.ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n");
    }

    private static void Add(JsonObject json, string name, string? value)
    {
        if (value is not null)
        {
            json[name] = value;
        }
    }
}
