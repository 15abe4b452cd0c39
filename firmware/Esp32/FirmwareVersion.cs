namespace IotXmpp.Esp32;

/// <summary>Which firmware this is.</summary>
public static class FirmwareVersion
{
    /// <summary>Told in presence and on the serial line.</summary>
    public const string Text = "1.0.0";

    /// <summary>When it was made, in milliseconds since 1970: no time before it is true. 2026-11-01; not the time of the build, so that two builds are the same.</summary>
    public const long BuiltUtcMs = 1793491200000;
}
