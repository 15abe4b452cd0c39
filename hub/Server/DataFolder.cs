using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace IotXmpp.Hub.Server;

/// <summary>
/// The hub's data folder (made with mode 0700), locked for one process. The lock is the operating system's (flock on <c>hub.lock</c>), so it is gone
/// when the process is, however it ended; <c>hub.pid</c> only tells who holds it.
/// </summary>
public sealed class DataFolder : IDisposable
{
    private const string LockName = "hub.lock";
    private const string PidName = "hub.pid";

    private readonly FileStream _lock;

    private DataFolder(string path, FileStream @lock)
    {
        Path = path;
        _lock = @lock;
    }

    /// <summary>The absolute path.</summary>
    public string Path { get; }

    /// <summary>Makes the folder if it is not there and locks it; false with one line for the operator when it cannot.</summary>
    public static bool TryOpen(string path, [NotNullWhen(true)] out DataFolder? folder, [NotNullWhen(false)] out string? error)
    {
        folder = null;
        error = null;
        string full = path;
        FileStream? held = null;
        try
        {
            full = System.IO.Path.GetFullPath(path);
            if (!Directory.Exists(full))
            {
                if (OperatingSystem.IsWindows())
                {
                    Directory.CreateDirectory(full);
                }
                else
                {
                    Directory.CreateDirectory(full, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                }
            }

            string lockPath = System.IO.Path.Combine(full, LockName);
            try
            {
                held = new FileStream(lockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
            }
            catch (IOException) when (System.IO.File.Exists(lockPath))
            {
                error = $"the data folder {full} is in use by another hub ({Holder(full)}); end it, or choose another folder with --data";
                return false;
            }

            SecretFile.Write(
                System.IO.Path.Combine(full, PidName), Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n"));
            folder = new DataFolder(full, held);
            held = null;
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            error = $"the data folder {full} cannot be used: {OneLine.Of(exception)}";
            return false;
        }
        finally
        {
            held?.Dispose();
        }
    }

    /// <summary>The absolute path of a file in the folder.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>A random secret kept in the folder (mode 0600), made at the first call.</summary>
    public byte[] Secret(string name, int bytes = 32)
    {
        string file = File(name);
        if (System.IO.File.Exists(file))
        {
            byte[] kept = System.IO.File.ReadAllBytes(file);
            if (kept.Length >= bytes)
            {
                return kept;
            }
        }

        byte[] made = RandomNumberGenerator.GetBytes(bytes);
        SecretFile.Write(file, made);
        return made;
    }

    /// <summary>Releases the lock.</summary>
    public void Dispose() => _lock.Dispose();

    private static string Holder(string folder)
    {
        try
        {
            string pid = System.IO.File.ReadAllText(System.IO.Path.Combine(folder, PidName)).Trim();
            return pid.Length > 0 ? $"pid {pid}" : "pid unknown";
        }
        catch (IOException)
        {
            return "pid unknown"; // it is just starting
        }
        catch (UnauthorizedAccessException)
        {
            return "pid unknown, of another user";
        }
    }
}
