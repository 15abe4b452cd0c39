using IotXmpp.Sasl;
using IotXmpp.Xml;

namespace IotXmpp.Esp32;

/// <summary>
/// The secret of this one device: the file <see cref="Path"/> on its flash, lines <c>salt=</c>, <c>iterations=</c>, <c>clientKey=</c>, <c>serverKey=</c> in base64 and, where there is one, <c>claim=</c> (the claim text of its label) and <c>update=</c> (the fleet's update key). SCRAM-SHA-256 keys,
/// never a password: who takes the board gets into this one account, until the hub revokes it. Nothing of it is ever logged.
/// </summary>
public sealed class DeviceKey
{
    /// <summary>Where it lies on a board.</summary>
    public const string Path = "I:\\thing.key";

    /// <summary>Bytes of the file at most. Default 1,024: six lines, of which the longest are a key of 44 characters and a claim text of some 150.</summary>
    public const int MaxBytes = 1024;

    /// <summary>Bytes of ClientKey and ServerKey.</summary>
    public const int KeyBytes = 32;

    /// <summary>A key.</summary>
    /// <param name="keys">SCRAM-SHA-256 keys.</param>
    public DeviceKey(ScramKeys keys)
    {
        Keys = keys;
    }

    /// <summary>What the client logs in with.</summary>
    public ScramKeys Keys { get; }

    /// <summary>The claim text of the thing's label (QR code), which it announces to its registry; "" when it has none. Secret as the keys: who knows it may claim the thing.</summary>
    public string Claim { get; set; } = string.Empty;

    /// <summary>The key of the fleet, by which images are known as its own (<c>urn:iotxmpp:ota:1</c>); null when the board takes no updates. Secret: who knows it can make images for the whole fleet.</summary>
    public byte[] Update { get; set; }

    /// <summary>Makes the key of a secret; only its keys go to the board.</summary>
    /// <param name="hashes">How to hash.</param>
    /// <param name="secret">The secret, at least 16 random bytes as text.</param>
    /// <param name="salt">The salt, at least 8 random bytes.</param>
    /// <param name="iterations">The iteration count, at least 4,096 (RFC 7677 §4).</param>
    public static DeviceKey Derive(IHash hashes, string secret, byte[] salt, int iterations)
        => new DeviceKey(ScramKeys.Derive(hashes, HashName.Sha256, Utf8.Encode(secret), salt, iterations));

    /// <summary>What the hub keeps of it: StoredKey, the hash of ClientKey (RFC 5802 §3).</summary>
    /// <param name="hashes">How to hash.</param>
    public byte[] StoredKey(IHash hashes) => hashes.Digest(HashName.Sha256, Keys.ClientKey);

    /// <summary>Reads a file.</summary>
    /// <param name="file">Its bytes; null when there is none.</param>
    /// <param name="error">What is wrong, one line for people and without anything secret; null when nothing is.</param>
    /// <returns>The key, or null with an error.</returns>
    public static DeviceKey Parse(byte[] file, out string error)
    {
        error = null;
        if (file == null)
        {
            error = "there is no " + Path + ": the board is not provisioned";
            return null;
        }

        if (file.Length > MaxBytes)
        {
            error = "the file is larger than " + MaxBytes.ToString() + " bytes";
            return null;
        }

        byte[] salt = null;
        byte[] clientKey = null;
        byte[] serverKey = null;
        byte[] update = null;
        string claim = string.Empty;
        long iterations = 0;
        FlashLines lines = new FlashLines(file);
        while (lines.Next())
        {
            byte[] value = lines.IsBad ? new byte[0] : Utf8.Encode(lines.Value);
            switch (lines.IsBad ? string.Empty : lines.Name)
            {
                case "salt":
                    salt = Base64.Decode(value, 0, value.Length);
                    break;
                case "iterations":
                    if (!Utf8.TryParseLong(value, 0, value.Length, out iterations))
                    {
                        iterations = 0;
                    }

                    break;
                case "clientKey":
                    clientKey = Base64.Decode(value, 0, value.Length);
                    break;
                case "serverKey":
                    serverKey = Base64.Decode(value, 0, value.Length);
                    break;
                case "claim":
                    claim = lines.Value;
                    break;
                case "":
                    // Its text is not told: a broken line may still be a piece of a key.
                    error = "line " + lines.Line.ToString() + ": name=value is expected";
                    return null;
                default:
                    if (lines.Name == "update")
                    {
                        update = Base64.Decode(value, 0, value.Length);
                        update = update == null ? new byte[0] : update;
                    }

                    // Written by a newer command line; what a board does not know does not keep it out.
                    break;
            }
        }

        if (salt == null || salt.Length < 8)
        {
            error = "salt must be base64 of 8 bytes or more";
        }
        else if (iterations < ScramMechanism.MinIterations || iterations > int.MaxValue)
        {
            error = "iterations must be " + ScramMechanism.MinIterations.ToString() + " or more";
        }
        else if (clientKey == null || clientKey.Length != KeyBytes)
        {
            error = "clientKey must be base64 of 32 bytes";
        }
        else if (serverKey == null || serverKey.Length != KeyBytes)
        {
            error = "serverKey must be base64 of 32 bytes";
        }
        else if (update != null && update.Length != KeyBytes)
        {
            error = "update must be base64 of 32 bytes";
        }

        return error == null ? new DeviceKey(new ScramKeys(HashName.Sha256, salt, (int)iterations, clientKey, serverKey)) { Claim = claim, Update = update } : null;
    }

    /// <summary>The file.</summary>
    /// <returns>Its bytes; keep them in private files only (mode 0600).</returns>
    public byte[] Write()
        => Utf8.Encode("salt=" + Text(Keys.Salt) + "\niterations=" + Keys.Iterations.ToString() + "\nclientKey=" + Text(Keys.ClientKey) + "\nserverKey=" + Text(Keys.ServerKey) + "\n" + (Claim.Length == 0 ? string.Empty : "claim=" + Claim + "\n") + (Update == null ? string.Empty : "update=" + Text(Update) + "\n"));

    private static string Text(byte[] bytes)
    {
        byte[] text = Base64.Encode(bytes);
        return Utf8.Decode(text, 0, text.Length);
    }
}
