using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;

namespace IotXmpp.Gateway;

/// <summary>
/// Unpacks the archive of a gateway's program (.tar.gz): files and folders only, all below the folder that is named, none twice, with bounds of number and bytes. What an archive says of owners, links and devices
/// counts for nothing. Makes a list of what there is with its hashes, by which the program is known at each start.
/// </summary>
public static class ArchiveUnpacker
{
    /// <summary>Files of an archive at most. Default 5,000: a program with its runtime has some 300.</summary>
    public const int MaxFiles = 5_000;

    /// <summary>Bytes of all files at most. Default 1 GiB: a program with its runtime has 90 MB.</summary>
    public const long MaxBytes = 1L << 30;

    /// <summary>Folders within each other at most. Default 16.</summary>
    public const int MaxDepth = 16;

    /// <summary>Bytes of a name between two slashes at most. Default 200.</summary>
    public const int MaxName = 200;

    /// <summary>The list, beside the files.</summary>
    public const string ListName = ".files";

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Unpacks into a folder that is made.</summary>
    /// <param name="archive">The archive.</param>
    /// <param name="folder">The folder; must not be there.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="InvalidDataException">It is no archive of a program; the message says why.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static async Task UnpackAsync(string archive, string folder, CancellationToken cancel)
    {
        PrivateFile.MakeFolder(folder);
        string root = Path.GetFullPath(folder) + Path.DirectorySeparatorChar;
        var list = new List<string>();
        long left = MaxBytes;
        await using FileStream file = File.OpenRead(archive);
        await using var unzipped = new GZipStream(file, CompressionMode.Decompress);
        await using var tar = new TarReader(unzipped);
        while (await tar.GetNextEntryAsync(copyData: false, cancel).ConfigureAwait(false) is { } entry)
        {
            if (entry.EntryType == TarEntryType.Directory)
            {
                if (Parts(entry.Name) is { Length: > 0 } folders)
                {
                    PrivateFile.MakeFolder(Inside(root, folders));
                }

                continue;
            }

            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
            {
                throw new InvalidDataException($"the archive has what is neither file nor folder: {Shown(entry.Name)}");
            }

            if (list.Count == MaxFiles)
            {
                throw new InvalidDataException($"the archive has more than {MaxFiles} files");
            }

            string[] parts = Parts(entry.Name);
            string path = Inside(root, parts);
            if (parts.Length == 0 || parts[^1] == ListName || File.Exists(path) || Directory.Exists(path))
            {
                throw new InvalidDataException($"the archive has a name that it must not have, or has it twice: {Shown(entry.Name)}");
            }

            PrivateFile.MakeFolder(Path.GetDirectoryName(path)!);
            (long bytes, string hash) = await WriteAsync(entry, path, left, cancel).ConfigureAwait(false);
            left -= bytes;
            list.Add($"{hash} {bytes} {string.Join('/', parts)}");
        }

        if (Program(folder) is null)
        {
            throw new InvalidDataException("the archive has no IotXmpp.Gateway at its top");
        }

        PrivateFile.Write(Path.Combine(folder, ListName), string.Join('\n', list) + "\n");
    }

    /// <summary>What is run of an unpacked program: itself, or the assembly; null where there is neither.</summary>
    public static string? Program(string folder)
    {
        string native = Path.Combine(folder, "IotXmpp.Gateway");
        string assembly = native + ".dll";
        return File.Exists(native) ? native : File.Exists(assembly) ? assembly : null;
    }

    /// <summary>Whether an unpacked program still is what was unpacked: no file changed, none missing.</summary>
    public static bool IsWhole(string folder)
    {
        try
        {
            string[] list = File.ReadAllLines(Path.Combine(folder, ListName));
            return list.Length > 0 && Program(folder) is not null && Array.TrueForAll(list, line =>
            {
                string[] parts = line.Split(' ', 3);
                using FileStream file = File.OpenRead(Path.Combine(folder, parts[2]));
                return Convert.ToHexStringLower(SHA256.HashData(file)) == parts[0];
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or IndexOutOfRangeException)
        {
            return false;
        }
    }

    // The parts of a name; nothing else than plain names is let through, so that none can lead out.
    private static string[] Parts(string name)
    {
        string[] parts = name.Split('/', StringSplitOptions.RemoveEmptyEntries);
        parts = [.. parts.Where(p => p != ".")];
        bool bad = name.StartsWith('/') || parts.Length > MaxDepth
            || Array.Exists(parts, p => p == ".." || p.Length > MaxName || p.Contains('\\', StringComparison.Ordinal) || p.Any(char.IsControl));
        return bad ? throw new InvalidDataException($"the archive has a name that leads out of it: {Shown(name)}") : parts;
    }

    // Once more by what the file system makes of it.
    private static string Inside(string root, string[] parts)
    {
        string path = Path.GetFullPath(Path.Combine([root, .. parts]));
        return path.StartsWith(root, StringComparison.Ordinal) || parts.Length == 0 ? path : throw new InvalidDataException("the archive has a name that leads out of it");
    }

    private static async Task<(long Bytes, string Hash)> WriteAsync(TarEntry entry, string path, long left, CancellationToken cancel)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.Asynchronous };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = (entry.Mode & UnixFileMode.UserExecute) != 0 ? Private | UnixFileMode.UserExecute : Private;
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[64 * 1024];
        long bytes = 0;
        await using var file = new FileStream(path, options);
        while (entry.DataStream is { } data && await data.ReadAsync(buffer, cancel).ConfigureAwait(false) is > 0 and int count)
        {
            bytes += count;
            if (bytes > left)
            {
                throw new InvalidDataException($"the archive has more than {MaxBytes:N0} bytes");
            }

            hash.AppendData(buffer, 0, count);
            await file.WriteAsync(buffer.AsMemory(0, count), cancel).ConfigureAwait(false);
        }

        file.Flush(flushToDisk: true);
        return (bytes, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private static string Shown(string name) => string.Concat(name.Take(100).Select(c => char.IsControl(c) ? '?' : c));
}
