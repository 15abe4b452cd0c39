using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IotXmpp.Cli.Boards;
using IotXmpp.Cli.Operator;
using IotXmpp.Esp32;
using IotXmpp.Host;
using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Flash;

/// <summary>The files that go to a board's flash, made with the classes that the board reads them with.</summary>
/// <param name="Config"><c>thing.conf</c>.</param>
/// <param name="Key"><c>thing.key</c>: secret.</param>
/// <param name="Authority"><c>ca.pem</c> with its closing NUL.</param>
internal sealed record BoardFiles(byte[] Config, byte[] Key, byte[] Authority)
{
    /// <summary>The iteration count of a device's keys. Default 4,096 (RFC 7677 §4): the secret is 256 random bits, so more would protect nothing.</summary>
    public const int Iterations = 4096;

    /// <summary>Bytes of <c>ca.pem</c> at most. Default 4,000: a board allocates no more than 4 KB at once.</summary>
    public const int AuthorityBytes = 4000;

    /// <summary>The files by their names on the board.</summary>
    public IReadOnlyList<(string Destination, byte[] Bytes)> All => [(BoardConfig.DefaultCaPath, Authority), (BoardConfig.Path, Config), (DeviceKey.Path, Key)];

    /// <summary>The settings of a board.</summary>
    /// <exception cref="CliException">One is wrong.</exception>
    public static BoardConfig ConfigOf(FlashWish wish, Jid account, HubAddress hub, string owner)
    {
        var config = new BoardConfig
        {
            Thing = wish.Thing,
            Domain = account.Domain,
            Host = hub.Host == account.Domain ? string.Empty : hub.Host,
            Port = hub.Port,
            Board = wish.Board.Board,
            Parts = wish.Parts,
            Owner = owner,
            LogStanzas = wish.LogStanzas,
        };
        config.IntervalSeconds = wish.Interval ?? config.IntervalSeconds;
        config.TimeServer = wish.TimeServer ?? config.TimeServer;
        PartList? parts = PartList.Parse(wish.Parts, out string? wrongPart);
        wrongPart ??= parts!.Check(wish.Board.ToPins());
        if (wrongPart is not null)
        {
            throw new CliException(ExitCode.Usage, $"--parts: {wrongPart} (iotxmpp board show {wish.Board.Board})");
        }

        if (Uri.CheckHostName(config.TimeServer) == UriHostNameType.Unknown)
        {
            throw new CliException(ExitCode.Usage, $"--time-server: '{config.TimeServer}' is no name or address of a host");
        }

        string? wrong = config.Check();
        if (wrong is null && config.Write().Length > BoardConfig.MaxBytes)
        {
            wrong = $"they are larger than {BoardConfig.MaxBytes} bytes; shorten --parts";
        }

        return wrong is null ? config : throw new CliException(ExitCode.Usage, $"the board would not take these settings: {wrong}");
    }

    /// <summary>The authority as a board reads it: PEM, then a NUL, without which its TLS library takes none of it.</summary>
    /// <exception cref="CliException">There is none, or it is too large.</exception>
    public static byte[] AuthorityOf(Login login)
    {
        if (login.Ca is null)
        {
            throw new CliException(ExitCode.Usage, "which authority shall the board trust? A board has no store of its own: name the hub's with --ca FILE, such as ca.pem in the hub's data folder");
        }

        X509Certificate2Collection authorities = login.Authorities()!;
        var text = new StringBuilder();
        foreach (X509Certificate2 authority in authorities)
        {
            text.Append(PemEncoding.WriteString("CERTIFICATE", authority.RawData)).Append('\n');
            authority.Dispose();
        }

        byte[] bytes = [.. Encoding.ASCII.GetBytes(text.ToString()), 0];
        return bytes.Length <= AuthorityBytes
            ? bytes
            : throw new CliException(ExitCode.Usage, $"{login.Ca} is too large for a board ({bytes.Length} bytes, {AuthorityBytes} at most); give the one authority that signs the hub's certificate with --ca");
    }

    /// <summary>Makes a key of a new random secret, which is forgotten at once: the board gets the client's part, the hub its own part of it (RFC 5802 §3).</summary>
    public static DeviceKey NewKey() => DeviceKey.Derive(DotNetHash.Instance, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), RandomNumberGenerator.GetBytes(16), Iterations);
}
