using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Storage;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Upload;

/// <summary>A place for a file: where it is put and where it is got (XEP-0363 §5).</summary>
/// <param name="Put">Path and query, to be put behind the address of the HTTP side.</param>
/// <param name="Get">Path.</param>
public sealed record UploadSlot(string Put, string Get);

/// <summary>What came of putting a file.</summary>
public enum PutOutcome
{
    /// <summary>It is durable.</summary>
    Stored,

    /// <summary>No slot, or one with another size, type, name or signature.</summary>
    Refused,

    /// <summary>The slot is too old.</summary>
    Expired,

    /// <summary>The slot was used, or is being used now.</summary>
    Used,

    /// <summary>It ended before its size, or went beyond it.</summary>
    WrongSize,
}

/// <summary>Files that accounts upload (XEP-0363): slots, quotas, the folder. Knows neither XML nor HTTP.</summary>
public sealed class UploadService(UploadStore store, UploadOptions options, string folder, byte[] key, TimeProvider time, ILogger log)
{
    /// <summary>Where files are put and got.</summary>
    public const string Path = "/upload";

    /// <summary>Characters of the longest file name (255 bytes of UTF-8): what file systems take, so that a receiver can save it.</summary>
    public const int MaxNameBytes = 255;

    private const int IdBytes = 18;
    private const int BufferBytes = 64 * 1024;

    /// <summary>The bounds.</summary>
    public UploadOptions Options => options;

    /// <summary>Gives a slot.</summary>
    /// <param name="account">Whose file it is.</param>
    /// <param name="name">How it is called.</param>
    /// <param name="type">Its type; null for one that nobody knows.</param>
    /// <param name="size">Its bytes, at most <see cref="UploadOptions.MaxFileBytes"/>.</param>
    public async Task<(SlotOutcome Outcome, UploadSlot? Slot)> RequestAsync(string account, string name, string? type, long size)
    {
        long now = Now;
        var file = new UploadedFile(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(IdBytes)), account, SafeName(name), type ?? "application/octet-stream", size, now, false);
        SlotOutcome outcome = await store.ReserveAsync(file, options, OpenSince(now)).ConfigureAwait(false);
        if (outcome != SlotOutcome.Given)
        {
            return (outcome, null);
        }

        long expiry = now + (options.SlotSeconds * 1000L);
        string get = $"{Path}/{file.Id}/{Uri.EscapeDataString(file.FileName)}";
        return (outcome, new UploadSlot(string.Create(CultureInfo.InvariantCulture, $"{get}?e={expiry}&s={Sign(file, expiry)}"), get));
    }

    /// <summary>Takes a file for a slot; when this returns <see cref="PutOutcome.Stored"/> it is on the disk.</summary>
    /// <param name="id">The slot.</param>
    /// <param name="name">The file name of the address.</param>
    /// <param name="expiry">When the slot ends, as the address says it.</param>
    /// <param name="signature">The signature of the address.</param>
    /// <param name="type">The type that is said now.</param>
    /// <param name="size">The size that is said now.</param>
    /// <param name="content">The file.</param>
    /// <param name="cancel">The sender is gone.</param>
    public async Task<PutOutcome> PutAsync(string id, string name, string? expiry, string? signature, string? type, long? size, Stream content, CancellationToken cancel)
    {
        if (!IsId(id) || !long.TryParse(expiry, NumberStyles.None, CultureInfo.InvariantCulture, out long ends) || signature is null
            || await store.FindAsync(id, cancel).ConfigureAwait(false) is not { } file || file.FileName != name
            || !CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(signature), Encoding.ASCII.GetBytes(Sign(file, ends))))
        {
            return PutOutcome.Refused;
        }

        if (file.IsStored)
        {
            return PutOutcome.Used;
        }

        if (ends < Now)
        {
            return PutOutcome.Expired;
        }

        if (size != file.Size || (type ?? "application/octet-stream") != file.ContentType)
        {
            return PutOutcome.Refused;
        }

        string path = FileOf(id);
        string part = path + ".part";
        FileStream written;
        try
        {
            // Who makes the file has the slot: a second one finds it there.
            written = new FileStream(part, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0, Options = FileOptions.Asynchronous });
        }
        catch (IOException) when (File.Exists(part))
        {
            return PutOutcome.Used;
        }

        bool isStored = false;
        try
        {
            await using (written.ConfigureAwait(false))
            {
                if (!await CopyAsync(content, written, file.Size, cancel).ConfigureAwait(false))
                {
                    return PutOutcome.WrongSize;
                }

                written.Flush(flushToDisk: true);
            }

            File.Move(part, path);
            // Before the database says that it is there.
            DurableFolder.Flush(folder);
            isStored = await store.StoredAsync(id).ConfigureAwait(false);
            return isStored ? PutOutcome.Stored : PutOutcome.Expired;
        }
        finally
        {
            File.Delete(part);
            if (!isStored)
            {
                File.Delete(path);
            }
        }
    }

    /// <summary>The file of that address, or null.</summary>
    public async ValueTask<(UploadedFile File, string Path)?> FindAsync(string id, string name, CancellationToken cancel) =>
        IsId(id) && await store.FindAsync(id, cancel).ConfigureAwait(false) is { IsStored: true } file && file.FileName == name && File.Exists(FileOf(id)) ? (file, FileOf(id)) : null;

    /// <summary>Deletes the files of an account that is gone.</summary>
    public async Task RemoveAccountAsync(string account) => Delete(await store.RemoveAccountAsync(account).ConfigureAwait(false));

    /// <summary>Deletes what is too old, and slots that nobody used.</summary>
    public async Task SweepAsync()
    {
        try
        {
            long now = Now;
            Delete(await store.RemoveOldAsync(options.KeepDays == 0 ? 0 : now - (options.KeepDays * 86_400_000L), OpenSince(now)).ConfigureAwait(false));
        }
        catch (StorageException e)
        {
            UploadLog.NotSwept(log, e);
        }
    }

    /// <summary>Makes the folder, and deletes what a crash has left in it.</summary>
    public async ValueTask StartAsync(CancellationToken cancel)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        HashSet<string> known = [.. await store.AllAsync(cancel).ConfigureAwait(false)];
        foreach (string file in Directory.EnumerateFiles(folder))
        {
            if (!known.Contains(System.IO.Path.GetFileName(file)))
            {
                File.Delete(file);
            }
        }

        await SweepAsync().ConfigureAwait(false);
    }

    /// <summary>A name without what a path or a header could misunderstand; never empty.</summary>
    public static string SafeName(string name)
    {
        string last = name[(name.LastIndexOfAny(['/', '\\']) + 1)..];
        var safe = new StringBuilder(last.Length);
        int bytes = 0;
        foreach (Rune rune in last.EnumerateRunes())
        {
            Rune good = Rune.IsControl(rune) || rune == Rune.ReplacementChar || rune.Value is '<' or '>' or '"' or ':' or '|' or '?' or '*' or '%' ? new Rune('_') : rune;
            bytes += good.Utf8SequenceLength;
            if (bytes > MaxNameBytes)
            {
                break;
            }

            safe.Append(good.ToString());
        }

        string made = safe.ToString().Trim(' ', '.');
        return made.Length == 0 ? "file" : made;
    }

    private static bool IsId(string id) => id.Length == IdBytes * 4 / 3 && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    // True where exactly so many bytes came.
    private static async Task<bool> CopyAsync(Stream content, FileStream written, long size, CancellationToken cancel)
    {
        byte[] buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            long left = size;
            while (left > 0)
            {
                int count = await content.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, BufferBytes)), cancel).ConfigureAwait(false);
                if (count == 0)
                {
                    return false;
                }

                await written.WriteAsync(buffer.AsMemory(0, count), cancel).ConfigureAwait(false);
                left -= count;
            }

            return await content.ReadAsync(buffer.AsMemory(0, 1), cancel).ConfigureAwait(false) == 0;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The sender is gone in the middle of it; it may try again.
            return false;
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    // A slot may be used until its end, and what was begun then be ended.
    private long OpenSince(long now) => now - (options.SlotSeconds * 2000L);

    private string FileOf(string id) => System.IO.Path.Combine(folder, id);

    private string Sign(UploadedFile file, long expiry) => Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $"{file.Id}\0{file.Account}\0{file.FileName}\0{file.ContentType}\0{file.Size}\0{expiry}"))));

    private void Delete(List<string> ids)
    {
        foreach (string id in ids)
        {
            try
            {
                File.Delete(FileOf(id));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It is deleted at the next start, since nobody knows it any more.
                UploadLog.NotDeleted(log, e, id);
            }
        }
    }
}

/// <summary>Logs of <see cref="UploadService"/>.</summary>
internal static partial class UploadLog
{
    [LoggerMessage(2, LogLevel.Warning, "Old files were not removed; it is tried again in an hour")]
    public static partial void NotSwept(ILogger log, Exception e);

    [LoggerMessage(3, LogLevel.Warning, "The file {Id} was not deleted; it is tried again at the next start")]
    public static partial void NotDeleted(ILogger log, Exception e, string id);
}
