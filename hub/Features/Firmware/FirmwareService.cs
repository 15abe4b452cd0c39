using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace IotXmpp.Hub.Features.Firmware;

/// <summary>The images of the fleet: what there is, and their bytes in a private folder. Knows neither XML nor HTTP.</summary>
/// <param name="store">What there is.</param>
/// <param name="options">The bounds.</param>
/// <param name="folder">Where the bytes lie.</param>
/// <param name="mayManage">Who may bring images and take them away.</param>
/// <param name="time">The clock.</param>
/// <param name="log">The log.</param>
public sealed class FirmwareService(FirmwareStore store, FirmwareOptions options, string folder, Func<Jid, ValueTask<bool>> mayManage, TimeProvider time, ILogger log) : IDisposable
{
    private const int IdBytes = 16;
    private const int BufferBytes = 64 * 1024;

    private readonly ConcurrentDictionary<string, SafeFileHandle> _open = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _adding = new(4, 4); // uploads at once: each has a file and a buffer

    /// <summary>An image came or went.</summary>
    public event Action? Changed;

    /// <summary>The bounds.</summary>
    public FirmwareOptions Options => options;

    /// <summary>Whether somebody maintains any thing at all; left out, nobody does.</summary>
    public Func<Jid, CancellationToken, ValueTask<bool>> MaintainsAny { get; init; } = (_, _) => new(false);

    /// <summary>Whether somebody may bring images and take them away, and see what there is.</summary>
    public ValueTask<bool> MayManageAsync(Jid who) => mayManage(who);

    /// <summary>All images; none for who may not see them.</summary>
    public async ValueTask<IReadOnlyList<FirmwareImage>> ListAsync(Jid who, CancellationToken cancel = default) =>
        await mayManage(who).ConfigureAwait(false) ? await store.AllAsync(cancel).ConfigureAwait(false) : [];

    /// <summary>The images that a roll-out may be started with: all of them for who brings images or maintains any thing; null for others.</summary>
    public async ValueTask<IReadOnlyList<FirmwareImage>?> ChoiceAsync(Jid who, CancellationToken cancel = default) =>
        await mayManage(who).ConfigureAwait(false) || await MaintainsAny(who, cancel).ConfigureAwait(false) ? await store.AllAsync(cancel).ConfigureAwait(false) : null;

    /// <summary>An image by what it is, or null.</summary>
    public ValueTask<FirmwareImage?> FindAsync(string name, string version, string target, CancellationToken cancel = default) => store.FindAsync(name, version, target, cancel);

    /// <summary>An image by its id, or null.</summary>
    public ValueTask<FirmwareImage?> FindAsync(string id, CancellationToken cancel = default) => store.FindAsync(id, cancel);

    /// <summary>Whether an image of this manifest would be taken now: what can be known before its bytes come.</summary>
    public async ValueTask<FirmwareOutcome> CheckAsync(Jid by, FirmwareManifest manifest, CancellationToken cancel = default)
    {
        if (!await mayManage(by).ConfigureAwait(false))
        {
            return FirmwareOutcome.Forbidden;
        }

        if (!manifest.IsWellFormed)
        {
            return FirmwareOutcome.BadManifest;
        }

        if (manifest.Size > options.MaxImageBytes)
        {
            return FirmwareOutcome.TooLarge;
        }

        if (await store.FindAsync(manifest.Name, manifest.Version, manifest.Target, cancel).ConfigureAwait(false) is { } same)
        {
            return same.Manifest == manifest ? FirmwareOutcome.Done : FirmwareOutcome.Conflict;
        }

        (long count, long bytes) = await store.UseAsync(cancel).ConfigureAwait(false);
        return count >= options.MaxImages || bytes + manifest.Size > options.TotalBytes ? FirmwareOutcome.Full : FirmwareOutcome.Done;
    }

    /// <summary>Takes an image. When this returns <see cref="FirmwareOutcome.Done"/> it is on the disk, and it is the one that its manifest names. The same image once more is taken, and changes nothing.</summary>
    /// <param name="by">Who brings it.</param>
    /// <param name="manifest">What it is.</param>
    /// <param name="content">Its bytes; read to one beyond its size at most.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<(FirmwareOutcome Outcome, FirmwareImage? Image)> AddAsync(Jid by, FirmwareManifest manifest, Stream content, CancellationToken cancel = default)
    {
        FirmwareOutcome may = await CheckAsync(by, manifest, cancel).ConfigureAwait(false);
        if (may != FirmwareOutcome.Done)
        {
            return (may, null);
        }

        if (await store.FindAsync(manifest.Name, manifest.Version, manifest.Target, cancel).ConfigureAwait(false) is { } same)
        {
            return (FirmwareOutcome.Done, same);
        }

        await _adding.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            return await WriteAsync(by, manifest, content, cancel).ConfigureAwait(false);
        }
        finally
        {
            _adding.Release();
        }
    }

    /// <summary>Takes an image away.</summary>
    public async Task<FirmwareOutcome> RemoveAsync(Jid by, string id)
    {
        if (!await mayManage(by).ConfigureAwait(false))
        {
            return FirmwareOutcome.Forbidden;
        }

        FirmwareOutcome outcome = await store.RemoveAsync(id).ConfigureAwait(false);
        if (outcome == FirmwareOutcome.Done)
        {
            if (_open.TryRemove(id, out SafeFileHandle? handle))
            {
                handle.Dispose();
            }

            Delete(FileOf(id));
            FirmwareLog.Removed(log, id, by.Bare);
            Changed?.Invoke();
        }

        return outcome;
    }

    /// <summary>Reads a piece of an image.</summary>
    /// <param name="id">The image.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="buffer">Where to.</param>
    /// <returns>Bytes read; -1 where the image is gone.</returns>
    public int Read(string id, long offset, Span<byte> buffer)
    {
        try
        {
            SafeFileHandle handle = _open.GetOrAdd(id, key => File.OpenHandle(FileOf(key)));
            int read = 0;
            while (read < buffer.Length && RandomAccess.Read(handle, buffer[read..], offset + read) is > 0 and int more)
            {
                read += more;
            }

            return read;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or UnauthorizedAccessException)
        {
            FirmwareLog.NotRead(log, e, id);
            return -1;
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

        HashSet<string> known = [.. (await store.AllAsync(cancel).ConfigureAwait(false)).Select(i => i.Id)];
        foreach (string file in Directory.EnumerateFiles(folder).Where(f => !known.Contains(Path.GetFileName(f))))
        {
            Delete(file);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SafeFileHandle handle in _open.Values)
        {
            handle.Dispose();
        }

        _adding.Dispose();
    }

    private async Task<(FirmwareOutcome Outcome, FirmwareImage? Image)> WriteAsync(Jid by, FirmwareManifest manifest, Stream content, CancellationToken cancel)
    {
        string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));
        string path = FileOf(id);
        bool isKept = false;
        try
        {
            var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0, Options = FileOptions.Asynchronous };
            if (!OperatingSystem.IsWindows())
            {
                create.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            FileStream written = new(path, create);
            await using (written.ConfigureAwait(false))
            {
                FirmwareOutcome copied = await CopyAsync(content, written, manifest, cancel).ConfigureAwait(false);
                if (copied != FirmwareOutcome.Done)
                {
                    return (copied, null);
                }

                written.Flush(flushToDisk: true);
            }

            DurableFolder.Flush(folder); // before the database says that it is there
            var image = new FirmwareImage(id, manifest, time.GetUtcNow(), by.Bare);
            FirmwareOutcome outcome = await store.AddAsync(image, options).ConfigureAwait(false);
            isKept = outcome == FirmwareOutcome.Done;
            if (!isKept)
            {
                return (outcome, null);
            }

            FirmwareLog.Added(log, manifest.Name, manifest.Version, manifest.Target, by.Bare);
            Changed?.Invoke();
            return (outcome, image);
        }
        finally
        {
            if (!isKept)
            {
                Delete(path);
            }
        }
    }

    private static async Task<FirmwareOutcome> CopyAsync(Stream content, FileStream written, FirmwareManifest manifest, CancellationToken cancel)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            long left = manifest.Size;
            while (left > 0)
            {
                int count = await content.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, BufferBytes)), cancel).ConfigureAwait(false);
                if (count == 0)
                {
                    return FirmwareOutcome.WrongSize;
                }

                hash.AppendData(buffer, 0, count);
                await written.WriteAsync(buffer.AsMemory(0, count), cancel).ConfigureAwait(false);
                left -= count;
            }

            if (await content.ReadAsync(buffer.AsMemory(0, 1), cancel).ConfigureAwait(false) != 0)
            {
                return FirmwareOutcome.WrongSize;
            }

            return Convert.ToHexStringLower(hash.GetHashAndReset()) == manifest.Sha256 ? FirmwareOutcome.Done : FirmwareOutcome.WrongHash;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private string FileOf(string id) => Path.Combine(folder, id);

    private void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is deleted at the next start, since nobody knows it any more.
            FirmwareLog.NotDeleted(log, e, Path.GetFileName(path));
        }
    }
}

/// <summary>Logs of <see cref="FirmwareService"/>.</summary>
internal static partial class FirmwareLog
{
    [LoggerMessage(1, LogLevel.Information, "Image {Name} {Version} for {Target} was brought by {By}")]
    public static partial void Added(ILogger log, string name, string version, string target, Jid by);

    [LoggerMessage(2, LogLevel.Information, "Image {Id} was taken away by {By}")]
    public static partial void Removed(ILogger log, string id, Jid by);

    [LoggerMessage(3, LogLevel.Warning, "The file {Id} was not deleted; it is tried again at the next start")]
    public static partial void NotDeleted(ILogger log, Exception e, string id);

    [LoggerMessage(4, LogLevel.Error, "Image {Id} cannot be read")]
    public static partial void NotRead(ILogger log, Exception e, string id);
}
