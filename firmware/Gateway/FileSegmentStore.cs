using System.Globalization;
using IotXmpp.Things;

namespace IotXmpp.Gateway;

/// <summary>Segments as files of a folder, which only its owner may read. What was appended is on the disk when the call returns.</summary>
public sealed class FileSegmentStore : ISegmentStore
{
    private const string Suffix = ".ring";
    private readonly string _folder;

    /// <summary>Opens a folder, which is made when it is not there.</summary>
    /// <param name="folder">The folder; nobody else uses it.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    public FileSegmentStore(string folder)
    {
        _folder = folder;
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <inheritdoc/>
    public int[] List()
        => [.. Directory.EnumerateFiles(_folder, "*" + Suffix)
            .Select(Path.GetFileNameWithoutExtension)
            .Select(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : -1)
            .Where(number => number >= 0)
            .Order()];

    /// <inheritdoc/>
    public int Length(int segment)
    {
        var file = new FileInfo(PathOf(segment));
        return file.Exists ? (int)Math.Min(file.Length, int.MaxValue) : 0;
    }

    /// <inheritdoc/>
    public int Read(int segment, int position, byte[] buffer, int offset, int count)
    {
        string path = PathOf(segment);
        if (!File.Exists(path))
        {
            return 0;
        }

        using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path);
        int read = 0;
        while (read < count)
        {
            int more = RandomAccess.Read(file, buffer.AsSpan(offset + read, count - read), position + read);
            if (more == 0)
            {
                break;
            }

            read += more;
        }

        return read;
    }

    /// <inheritdoc/>
    public bool TryAppend(int segment, byte[] buffer, int offset, int count)
    {
        try
        {
            using var file = new FileStream(PathOf(segment), FileMode.Append, FileAccess.Write, FileShare.Read, 1);
            file.Write(buffer, offset, count);
            file.Flush(flushToDisk: true);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk, most likely. The ring counts the sample as lost and drops its oldest.
            return false;
        }
    }

    /// <inheritdoc/>
    public void Delete(int segment)
    {
        try
        {
            File.Delete(PathOf(segment));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It stays, and a ring that opens again counts it as its oldest and drops it then.
        }
    }

    private string PathOf(int segment) => Path.Combine(_folder, segment.ToString("D8", CultureInfo.InvariantCulture) + Suffix);
}
