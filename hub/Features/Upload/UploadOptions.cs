using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.Upload;

/// <summary>The bounds of uploaded files (settings section <c>Upload</c>).</summary>
public sealed class UploadOptions : IValidatableObject
{
    // Of these types no browser makes a document that could hold a script.
    private static readonly string[] s_safe = ["image/", "audio/", "video/"];

    /// <summary>Whether files are taken.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Largest file, in bytes (16 MiB: a picture of any phone).</summary>
    [Range(1024, 1L << 40)]
    public long MaxFileBytes { get; set; } = 16 << 20;

    /// <summary>Bytes that one account may keep, announced ones among them (256 MiB).</summary>
    [Range(1024, 1L << 50)]
    public long AccountBytes { get; set; } = 256 << 20;

    /// <summary>Bytes that all accounts may keep (4 GiB): the disk is also the database's.</summary>
    [Range(1024, 1L << 60)]
    public long TotalBytes { get; set; } = 4L << 30;

    /// <summary>Slots of one account that may be open at once (20).</summary>
    [Range(1, 10_000)]
    public int MaxOpenSlots { get; set; } = 20;

    /// <summary>Seconds that a slot is good for (300; XEP-0363 §4 recommends about 300).</summary>
    [Range(10, 86_400)]
    public int SlotSeconds { get; set; } = 300;

    /// <summary>Days after which a file is deleted (30); 0: never.</summary>
    [Range(0, 36_500)]
    public int KeepDays { get; set; } = 30;

    /// <summary>Types that a browser may show by itself; all others are saved. None of them can hold a script.</summary>
    public string[] InlineTypes { get; set; } = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"];

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (string type in InlineTypes)
        {
            bool isPlain = type.Equals("text/plain", StringComparison.OrdinalIgnoreCase);
            bool isXml = type.EndsWith("xml", StringComparison.OrdinalIgnoreCase);
            if (type.Contains(';', StringComparison.Ordinal) || isXml || !(isPlain || s_safe.Any(safe => type.StartsWith(safe, StringComparison.OrdinalIgnoreCase))))
            {
                yield return new($"'{type}' is not shown: a file of it may hold a script; allowed: image/…, audio/… and video/… without XML, and text/plain", [nameof(InlineTypes)]);
            }
        }
    }
}
