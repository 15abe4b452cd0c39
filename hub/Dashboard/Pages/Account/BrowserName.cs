namespace IotXmpp.Hub.Dashboard.Pages.Account;

/// <summary>What browsers say they are, in a word or two.</summary>
internal static class BrowserName
{
    private static readonly (string Mark, string Name)[] s_browsers = [("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
    private static readonly (string Mark, string Name)[] s_systems = [("Android", " on Android"), ("iPhone", " on iOS"), ("iPad", " on iOS"), ("Windows", " on Windows"), ("Mac OS", " on macOS"), ("Linux", " on Linux")];

    public static string Of(string agent) => First(s_browsers, agent, "A browser") + First(s_systems, agent, "");

    private static string First((string Mark, string Name)[] known, string agent, string otherwise) =>
        known.Where(k => agent.Contains(k.Mark, StringComparison.Ordinal)).Select(k => k.Name).FirstOrDefault(otherwise);
}
