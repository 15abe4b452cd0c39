namespace IotXmpp.Hub.Dashboard.Components.Shared;

/// <summary>The pictures of the pages: what is drawn in a square of 24 by 24, by strokes of the text's colour. Add yours; they are no words, so that each stands beside a text.</summary>
public static class Icons
{
    /// <summary>The paths by name.</summary>
    public static IReadOnlyDictionary<string, string> Paths { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["logo"] = "M4 12a8 8 0 0 1 8-8M4 12a8 8 0 0 0 8 8M20 12a8 8 0 0 0-8-8M12 20a8 8 0 0 0 8-8M12 9v6M9 12h6",
        ["menu"] = "M4 6h16M4 12h16M4 18h16",
        ["close"] = "M6 6l12 12M18 6L6 18",
        ["search"] = "M11 4a7 7 0 1 1 0 14a7 7 0 0 1 0-14M16 16l4 4",
        ["person"] = "M12 4a4 4 0 1 1 0 8a4 4 0 0 1 0-8M4 20c1-4 4-6 8-6s7 2 8 6",
        ["out"] = "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
        ["fleet"] = "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h6v6h-6z",
        ["group"] = "M8 5a3 3 0 1 1 0 6a3 3 0 0 1 0-6M16 5a3 3 0 1 1 0 6M2 19c.6-3.500 3-5 6-5s5.400 1.500 6 5M16 14c3 0 5.400 1.500 6 5",
        ["alert"] = "M12 4l9 16H3zM12 10v4M12 17v.5",
        ["command"] = "M5 6l6 6-6 6M13 18h6",
        ["rollout"] = "M12 20V8M7 12l5-5 5 5M5 4h14",
        ["users"] = "M9 5a3.500 3.500 0 1 1 0 7a3.500 3.500 0 0 1 0-7M2 20c.8-4 3.500-5.500 7-5.500s6.200 1.500 7 5.500M17 8v6M14 11h6",
        ["token"] = "M8 9a4 4 0 1 1 0 8a4 4 0 0 1 0-8M11 11l9-7M16 7l2.500 3",
        ["audit"] = "M6 4h12v16H6zM9 9h6M9 13h6M9 17h3",
        ["hub"] = "M5 5h14v6H5zM5 13h14v6H5zM8 8v.1M8 16v.1",
        ["up"] = "M12 19V5M6 11l6-6 6 6",
        ["down"] = "M12 5v14M6 13l6 6 6-6",
        ["check"] = "M5 12l5 5 9-10",
        ["more"] = "M5 12v.1M12 12v.1M19 12v.1",
        ["plus"] = "M12 5v14M5 12h14",
        ["key"] = "M8 9a4 4 0 1 1 0 8a4 4 0 0 1 0-8M11 11l9-7M16 7l2.500 3",
    };
}
