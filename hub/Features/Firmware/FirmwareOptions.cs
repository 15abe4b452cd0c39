using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.Firmware;

/// <summary>Images and roll-outs (settings section <c>Firmware</c>).</summary>
public sealed class FirmwareOptions
{
    /// <summary>Bytes of one image (268,435,456: a gateway with its runtime has 90 MB).</summary>
    [Range(1_024, int.MaxValue)]
    public int MaxImageBytes { get; set; } = 256 << 20;

    /// <summary>Bytes of all images (4 GiB): the disk is also the database's.</summary>
    [Range(1_024, 1L << 50)]
    public long TotalBytes { get; set; } = 4L << 30;

    /// <summary>Images (500).</summary>
    [Range(1, 100_000)]
    public int MaxImages { get; set; } = 500;

    /// <summary>Uploads over XMPP that one account may have open (2), each for <see cref="UploadMinutes"/>.</summary>
    [Range(1, 100)]
    public int MaxUploads { get; set; } = 2;

    /// <summary>Minutes after the last piece until an upload over XMPP is forgotten (15).</summary>
    [Range(1, 1_440)]
    public int UploadMinutes { get; set; } = 15;

    /// <summary>Bytes of a piece that a thing may ask for (16,384); it asks for what its buffer takes.</summary>
    [Range(256, 65_536)]
    public int MaxChunkBytes { get; set; } = 16_384;

    /// <summary>Roll-outs that have not ended (20).</summary>
    [Range(1, 1_000)]
    public int MaxRollouts { get; set; } = 20;

    /// <summary>Things of one roll-out (100,000).</summary>
    [Range(1, 1_000_000)]
    public int MaxThings { get; set; } = 100_000;

    /// <summary>Roll-outs that have ended and are kept (200); the oldest go.</summary>
    [Range(1, 10_000)]
    public int KeptRollouts { get; set; } = 200;

    /// <summary>Seconds for a thing to answer an offer or a confirmation (30: it may be in the middle of a measurement over a slow link).</summary>
    [Range(1, 600)]
    public int AnswerSeconds { get; set; } = 30;

    /// <summary>Seconds until an offer that was not answered is made again (60).</summary>
    [Range(1, 3_600)]
    public int RetrySeconds { get; set; } = 60;

    /// <summary>Seconds that a thing's trial lasts longer than the health gate (900): so late the hub may confirm before the thing goes back by itself.</summary>
    [Range(60, 86_400)]
    public int TrialMarginSeconds { get; set; } = 900;

    /// <summary>Seconds between two looks at what is due while a roll-out runs (5).</summary>
    [Range(1, 60)]
    public int LookSeconds { get; set; } = 5;
}
