using IotXmpp.Xmpp;

namespace IotXmpp.Features;

/// <summary>What a device is told about its updates.</summary>
public sealed class UpdateOptions
{
    /// <summary>Who offers and has the images: <c>things.&lt;domain&gt;</c>. An offer of anybody else is refused.</summary>
    public Jid Service;

    /// <summary>The fleet's key, 32 bytes; null where none was flashed: then every offer is refused.</summary>
    public byte[] Key;

    /// <summary>What this device runs, such as <c>nano</c>.</summary>
    public string Target = string.Empty;

    /// <summary>The only image that is taken; "" for any.</summary>
    public string Image = string.Empty;

    /// <summary>The version that runs.</summary>
    public string Version = string.Empty;

    /// <summary>Bytes of a piece. Default 2,048: 2,732 as base64, and the receive buffer has 4,096. At most that.</summary>
    public int ChunkBytes = 2048;

    /// <summary>Bytes that are hashed in one step. Default 1,024: some hundredth of a second on a small board.</summary>
    public int SliceBytes = 1024;

    /// <summary>Milliseconds to wait after a piece that did not come. Default 5,000; doubled each time up to <see cref="MaxRetryMs"/>.</summary>
    public int RetryMs = 5000;

    /// <summary>Milliseconds to wait at most. Default 300,000: five minutes.</summary>
    public int MaxRetryMs = 300000;
}

/// <summary>The device around an update.</summary>
public interface IUpdateHost
{
    /// <summary>Starts the device anew as soon as what waits to be sent is sent.</summary>
    void RestartForUpdate();

    /// <summary>The update is in another state; for a log.</summary>
    void UpdateChanged(UpdateRecord record);
}
