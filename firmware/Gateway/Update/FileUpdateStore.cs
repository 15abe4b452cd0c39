using System.Security.Cryptography;
using IotXmpp.Features;

namespace IotXmpp.Gateway;

/// <summary>
/// The images of a gateway: archives as they come, <c>image-0</c> and <c>image-1</c>, and the programs unpacked of them, <c>version-0</c> and <c>version-1</c>. Which of them runs the <see cref="UpdateRecord"/> says.
/// </summary>
/// <param name="folder">The folder of updates, in the data folder.</param>
/// <param name="maxBytes">Bytes of an archive at most.</param>
public sealed class FileUpdateStore(string folder, int maxBytes = FileUpdateStore.DefaultMaxBytes) : IUpdateStore, IDisposable
{
    /// <summary>Bytes of an archive at most, when nothing else is said. Default 200 MiB: a program with its runtime has 35 packed.</summary>
    public const int DefaultMaxBytes = 200 << 20;

    // A power cut tears no more than this of a file's end, whatever the file system does with blocks.
    private const int TornBytes = 64 * 1024;

    private readonly CancellationTokenSource _stop = new();
    private bool _isDisposed;
    private Task? _unpacking;
    private FileStream? _open;
    private int _openSlot = -1;

    /// <inheritdoc/>
    public int MaxBytes => maxBytes;

    /// <summary>Where the unpacked program of a slot lies.</summary>
    public string FolderOf(int slot) => Path.Combine(folder, slot == 0 ? "version-0" : "version-1");

    /// <inheritdoc/>
    public int Length(int slot) => new FileInfo(ImageOf(slot)) is { Exists: true } file ? (int)Math.Min(file.Length, int.MaxValue) : 0;

    /// <inheritdoc/>
    public int Trim(int slot)
    {
        Close();
        int length = Math.Max(0, Length(slot) - TornBytes);
        if (File.Exists(ImageOf(slot)))
        {
            using FileStream file = File.OpenWrite(ImageOf(slot));
            file.SetLength(length);
        }

        return length;
    }

    /// <inheritdoc/>
    public bool TryAppend(int slot, byte[] buffer, int offset, int count)
    {
        try
        {
            if (_openSlot != slot)
            {
                Close();
                PrivateFile.MakeFolder(folder);
                var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 0 };
                if (!OperatingSystem.IsWindows())
                {
                    options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
                }

                _open = new FileStream(ImageOf(slot), options);
                _open.Seek(0, SeekOrigin.End);
                _openSlot = slot;
            }

            if (_open!.Position + count > maxBytes)
            {
                return false;
            }

            _open.Write(buffer, offset, count);
            _open.Flush(flushToDisk: true);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Close();
            return false;
        }
    }

    /// <inheritdoc/>
    public int Read(int slot, int position, byte[] buffer, int offset, int count)
    {
        try
        {
            using FileStream file = new(ImageOf(slot), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            file.Position = position;
            return file.ReadAtLeast(buffer.AsSpan(offset, count), count, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    /// <inheritdoc/>
    public void Clear(int slot)
    {
        Close();
        _unpacking = null;
        try
        {
            File.Delete(ImageOf(slot));
            foreach (string path in (string[])[FolderOf(slot), FolderOf(slot) + ".new"])
            {
                if (Directory.Exists(path))
                {
                    Directory.Delete(path, recursive: true);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What is left is in the way of the next one, which then says so.
        }
    }

    /// <inheritdoc/>
    public bool Prepare(int slot, out string? wrong)
    {
        Close();
        wrong = null;
        _unpacking ??= Task.Run(() => UnpackAsync(slot, _stop.Token));
        if (!_unpacking.IsCompleted)
        {
            return false;
        }

        Task ended = _unpacking;
        _unpacking = null;
        wrong = ended.Exception?.InnerException is { } e ? e is InvalidDataException ? e.Message : "the archive cannot be unpacked: " + e.Message : null;
        return wrong is null;
    }

    /// <inheritdoc/>
    public bool IsWhole(int slot, int size, byte[] sha256) => IsImage(slot, size, sha256) && ArchiveUnpacker.IsWhole(FolderOf(slot));

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _stop.Cancel();
        Close();
        _stop.Dispose();
    }

    private async Task UnpackAsync(int slot, CancellationToken cancel)
    {
        string into = FolderOf(slot) + ".new";
        foreach (string left in (string[])[into, FolderOf(slot)])
        {
            // What a power cut has left of another time.
            if (Directory.Exists(left))
            {
                Directory.Delete(left, recursive: true);
            }
        }

        await ArchiveUnpacker.UnpackAsync(ImageOf(slot), into, cancel).ConfigureAwait(false);
        Directory.Move(into, FolderOf(slot));
    }

    private bool IsImage(int slot, int size, byte[] sha256)
    {
        try
        {
            using FileStream file = File.OpenRead(ImageOf(slot));
            return file.Length == size && SHA256.HashData(file).AsSpan().SequenceEqual(sha256);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private string ImageOf(int slot) => Path.Combine(folder, slot == 0 ? "image-0" : "image-1");

    private void Close()
    {
        _open?.Dispose();
        _open = null;
        _openSlot = -1;
    }
}
