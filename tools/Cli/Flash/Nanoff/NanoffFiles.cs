using System.Text.Json;
using System.Text.Json.Nodes;

namespace IotXmpp.Cli.Flash.Nanoff;

/// <summary>The JSON files that nanoff reads. It takes no comments in them, and names are as in its classes.</summary>
internal static class NanoffFiles
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Wi-Fi settings. All that matters is given, because of what nanoff makes of what is not: no <c>Encryption</c> is none; whether the DNS is automatic is read from the
    /// board and not from here, so a board that says no needs the two addresses (0.0.0.0: none) or nanoff ends with an exception.
    /// </summary>
    /// <param name="port">The serial port.</param>
    /// <param name="ssid">The network.</param>
    /// <param name="password">Its password; "" for an open one.</param>
    public static string Network(string port, string ssid, string password) => new JsonObject
    {
        ["SerialPort"] = port,
        ["WirelessClient"] = new JsonObject
        {
            ["Ssid"] = ssid,
            ["Password"] = password,
            ["Authentication"] = password.Length > 0 ? "WPA2" : "Open",
            ["Encryption"] = password.Length > 0 ? "WPA2" : "None",
            ["ConfigurationOption"] = "AutoConnect",
            ["RadioType"] = "802.11n",
            ["DhcpEnabled"] = true,
            ["AutomaticDNS"] = true,
            ["IPv4DNSAddress1"] = "0.0.0.0",
            ["IPv4DNSAddress2"] = "0.0.0.0",
        },
    }.ToJsonString(s_json) + "\n";

    /// <summary>Files to write.</summary>
    /// <param name="port">The serial port.</param>
    /// <param name="files">For each its name on the board, such as <c>I:\thing.conf</c>, and the file here.</param>
    public static string Files(string port, IEnumerable<(string Destination, string Source)> files) => new JsonObject
    {
        ["SerialPort"] = port,
        ["Files"] = new JsonArray([.. files.Select(f => (JsonNode)new JsonObject { ["DestinationFilePath"] = f.Destination, ["SourceFilePath"] = f.Source })]),
    }.ToJsonString(s_json) + "\n";
}
