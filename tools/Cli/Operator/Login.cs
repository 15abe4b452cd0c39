using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IotXmpp.Host;
using IotXmpp.Hub.Addresses;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Operator;

/// <summary>Where to go and who to be there.</summary>
/// <param name="Server">The hub.</param>
/// <param name="Account">The account.</param>
/// <param name="Password">Its password.</param>
/// <param name="Ca">PEM file of the authority to trust; null trusts the system's.</param>
internal sealed record Login(ServerAddress Server, Jid Account, string Password, string? Ca)
{
    /// <summary>
    /// Puts a log-in together: each part from the command line, else the environment (<c>IOTXMPP_HUB</c>, <c>IOTXMPP_JID</c>, <c>IOTXMPP_PASSWORD</c>,
    /// <c>IOTXMPP_CA</c>), else the profile; a password that is nowhere is asked for on a terminal.
    /// </summary>
    /// <exception cref="CliException">Something is missing or wrong.</exception>
    public static Login Resolve(string? hub, string? jid, string? ca, string? profilePath) => Resolve(hub, jid, ca, profilePath, needsPassword: true);

    /// <summary>The same; without a password, which is "" then, where none is needed because nobody logs in.</summary>
    public static Login Resolve(string? hub, string? jid, string? ca, string? profilePath, bool needsPassword)
    {
        string? environmentJid = Variable("IOTXMPP_JID");
        string path = profilePath ?? Profile.DefaultPath;
        string? password = Variable("IOTXMPP_PASSWORD");
        string? named = jid ?? environmentJid;
        // A profile that is not needed is not read: whoever gives all by the environment has perhaps none, or not a good one.
        Profile? profile = named is null || password is null || profilePath is not null || (hub ?? Variable("IOTXMPP_HUB")) is null ? Profile.Read(path) : null;
        if (profilePath is not null && profile is null)
        {
            throw new CliException(ExitCode.Usage, $"there is no profile {path}; write it with: iotxmpp login --profile {path}");
        }

        string account = named ?? profile?.Jid ?? throw new CliException(
            ExitCode.Usage, "who are you? Give --jid you@domain (or IOTXMPP_JID), or write a profile with: iotxmpp login (iotxmpp up writes one, too)");
        if (!JidPrep.TryParse(account, out Jid? prepared) || prepared.Local.Length == 0)
        {
            throw new CliException(ExitCode.Usage, $"'{account}' is no account: name@domain is expected");
        }

        Jid bare = prepared.Bare;
        // What a profile says of one account says nothing of another one on another domain.
        Profile? own = profile?.Jid is { } of && JidPrep.TryParse(of, out Jid? profileJid) && profileJid.Bare.Equals(bare) ? profile : null;
        Profile? sameDomain = profile?.Jid is { } other && JidPrep.TryParse(other, out Jid? otherJid) && otherJid.Domain == bare.Domain ? profile : null;
        string? address = hub ?? Variable("IOTXMPP_HUB") ?? sameDomain?.Hub;
        ServerAddress? server = new(bare.Domain, ServerAddress.StartTlsPort, false);
        if (address is not null && !ServerAddress.TryParse(address, out server))
        {
            throw new CliException(ExitCode.Usage, $"'{address}' is no hub address: xmpp://host:port (STARTTLS) or xmpps://host:port (TLS from the first byte) is expected");
        }

        password ??= own?.Password ?? (needsPassword ? null : string.Empty) ?? Ask($"Password of {bare}: ") ?? throw new CliException(
            ExitCode.Usage, $"there is no password for {bare}: set IOTXMPP_PASSWORD, or write a profile with: iotxmpp login");
        return new Login(server, bare, password, ca ?? Variable("IOTXMPP_CA") ?? sameDomain?.Ca);
    }

    /// <summary>Reads the authorities to trust; null for the system's.</summary>
    /// <exception cref="CliException">The file is missing or holds none.</exception>
    public X509Certificate2Collection? Authorities()
    {
        try
        {
            return Ca is null ? null : HostOptions.ReadAuthorities(Ca);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or InvalidDataException)
        {
            throw new CliException(ExitCode.Usage, $"the authority file {Ca} cannot be used: {e.Message}; --ca names a PEM file, such as ca.pem in the hub's data folder");
        }
    }

    /// <summary>Asks for a secret without showing it; null where nobody can be asked.</summary>
    public static string? Ask(string prompt)
    {
        if (Console.IsInputRedirected || Console.IsErrorRedirected)
        {
            return null;
        }

        Console.Error.Write(prompt);
        var secret = new StringBuilder();
        for (; ; )
        {
            ConsoleKeyInfo key = Console.ReadKey(intercept: true);
            if (key.Key == ConsoleKey.Enter)
            {
                Console.Error.WriteLine();
                return secret.Length > 0 ? secret.ToString() : null;
            }

            if (key.Key == ConsoleKey.Backspace)
            {
                secret.Length = Math.Max(0, secret.Length - 1);
            }
            else if (!char.IsControl(key.KeyChar))
            {
                secret.Append(key.KeyChar);
            }
        }
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
