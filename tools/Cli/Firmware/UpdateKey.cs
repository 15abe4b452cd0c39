using System.Security.Cryptography;
using IotXmpp.Cli.Operator;
using IotXmpp.Features;

namespace IotXmpp.Cli.Firmware;

/// <summary>The fleet's update key: 32 random bytes in a file of mode 0600. Who holds it can make images for every thing that was flashed with it; the hub never sees it.</summary>
internal static class UpdateKey
{
    /// <summary>The file that is meant when none is named: <c>IOTXMPP_UPDATE_KEY</c>, else <c>iotxmpp/update.key</c> in the user's configuration folder.</summary>
    public static string DefaultPath => Environment.GetEnvironmentVariable("IOTXMPP_UPDATE_KEY") is { Length: > 0 } named
        ? named
        : Path.Combine(Path.GetDirectoryName(Path.GetFullPath(Profile.DefaultPath))!, "update.key");

    /// <summary>Makes a key.</summary>
    /// <exception cref="CliException">There is one already.</exception>
    public static void Create(string path)
    {
        string full = Path.GetFullPath(path);
        if (File.Exists(full))
        {
            throw new CliException(ExitCode.Failed, $"there is a key at {full} already; things that were flashed with it would take nothing signed by another one. Name another file to make one more");
        }

        if (!OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(Path.GetDirectoryName(full)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        else
        {
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        }

        SecretText.Write(full, Convert.ToBase64String(RandomNumberGenerator.GetBytes(UpdateOffer.KeyBytes)) + "\n");
    }

    /// <summary>Reads a key; null where the file is not named and not there.</summary>
    /// <exception cref="CliException">It is not there although it was named, others can read it, or it is none.</exception>
    public static byte[]? Find(string? named)
    {
        string path = named ?? DefaultPath;
        return named is null && !File.Exists(path) ? null : Read(path);
    }

    /// <summary>Reads a key.</summary>
    public static byte[] Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new CliException(ExitCode.Usage, $"there is no update key {path}; make one with: iotxmpp firmware key");
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & (UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
        {
            throw new CliException(ExitCode.Usage, $"the update key {path} is open to others; close it with: chmod 600 {path}");
        }

        byte[] key = new byte[UpdateOffer.KeyBytes + 2];
        return Convert.TryFromBase64String(File.ReadAllText(path).Trim(), key, out int bytes) && bytes == UpdateOffer.KeyBytes
            ? key[..bytes]
            : throw new CliException(ExitCode.Usage, $"{path} is no update key: base64 of {UpdateOffer.KeyBytes} bytes is expected");
    }
}
