using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IotXmpp.Hub.Storage;

/// <summary>Makes the names in a folder durable. A file that was flushed has its content on the disk; that it has the name that it was given is on the disk when its folder is.</summary>
public static partial class DurableFolder
{
    private const int ReadOnly = 0;

    /// <summary>Flushes a folder; nothing on Windows, where a rename is in the journal of the file system.</summary>
    /// <exception cref="IOException">It failed.</exception>
    public static void Flush(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        int descriptor = Open(folder, ReadOnly);
        if (descriptor < 0)
        {
            throw new IOException($"The folder cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (Synchronize(descriptor) != 0)
        {
            throw new IOException($"The folder cannot be flushed: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Synchronize(int descriptor);
}
