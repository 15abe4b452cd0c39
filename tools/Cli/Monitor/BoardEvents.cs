using IotXmpp.Esp32;

namespace IotXmpp.Cli.Monitor;

/// <summary>The events of a board's report in words for people.</summary>
internal static class BoardEvents
{
    /// <summary>The event in words, and the style that it has on a terminal.</summary>
    public static (string Text, string? Style) Describe(SerialReportLine line) => line.Event switch
    {
        SerialReport.Started => ($"started: {line["thing"]} on {line["board"]}, firmware {line["fw"]}, by {line["boot"]}", "bold"),
        SerialReport.BadSettings => ($"its settings cannot be used: {line["reason"]}", "red"),
        SerialReport.PartFailed => ($"{line["part"]} does not work: {line["reason"]}", "red"),
        SerialReport.WifiConnecting => ($"Wi-Fi: connecting to {line["ssid"]}", null),
        SerialReport.WifiRefused => ($"Wi-Fi: {Wifi(line)}", "red"),
        SerialReport.WifiUp => ($"Wi-Fi: in {line["ssid"]} as {line["address"]}{(line["dbm"].Length > 0 ? $", {line["dbm"]} dBm" : string.Empty)}", "green"),
        SerialReport.WifiLost => ($"Wi-Fi: lost {line["ssid"]}", "yellow"),
        SerialReport.ClockSet => ($"clock: {line["utc"]}", null),
        SerialReport.ClockFailed => ($"clock: {line["server"]} does not answer: {line["reason"]}", "yellow"),
        SerialReport.HubConnecting => ($"hub: connecting to {line["host"]}:{line["port"]}", null),
        SerialReport.HubUnreachable => ($"hub: {line["host"]}:{line["port"]} cannot be reached: {line["reason"]}", "red"),
        SerialReport.HubUntrusted => ($"hub: the certificate of {line["host"]} is not trusted: {line["reason"]}", "red"),
        SerialReport.HubRefused => ($"hub: it does not take the keys of {line["jid"]}: {line["reason"]}", "red"),
        SerialReport.Online => ($"online as {line["jid"]}", "green"),
        SerialReport.Offline => ($"offline: {line["reason"]}", "yellow"),
        SerialReport.Sleeping => ($"sleeps until {line["until"]}", "blue"),
        SerialReport.Restarting => ($"restarts: {line["reason"]}", "yellow"),
        SerialReport.Published => ($"the hub has {line["samples"]} samples", "cyan"),
        SerialReport.Owner => (line["jid"].Length > 0 ? $"claimed by {line["jid"]}" : "nobody's: it can be claimed", "blue"),
        _ => ($"{line.Event} {string.Join(' ', line.Values.Select(v => $"{v.Key}={v.Value}"))}".TrimEnd(), null),
    };

    /// <summary>What went wrong with the Wi-Fi, in words.</summary>
    public static string Wifi(SerialReportLine line) => line["reason"] switch
    {
        "refused" => $"{line["ssid"]} refuses the board (the password is wrong, as a rule)",
        "not-found" => $"there is no network {line["ssid"]} in reach (2.4 GHz only)",
        "no-address" => $"{line["ssid"]} gives the board no address (DHCP)",
        "timeout" => $"{line["ssid"]} does not answer in time",
        var other => $"{line["ssid"]}: {other}",
    };
}
