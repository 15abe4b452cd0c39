using IotXmpp.Xmpp;

namespace IotXmpp.Esp32.Improv;

/// <summary>
/// Where a board takes its first settings, or others when the old ones do not bring it to its hub: Improv on the board's second serial line. It stands open while there is nothing to connect with, and else
/// until the hub is reached for the first time; then all of it is given up, since its pins and its buffers are worth more. Whoever holds the line holds the board, and could flash it, too; nothing can be read.
/// </summary>
public sealed class ImprovDoor : IImprovBoard
{
    /// <summary>Bytes of a file at most. Default 4,096: an authority's certificate has some 1,500, and no allocation of a board is larger.</summary>
    public const int MaxFileBytes = 4096;

    /// <summary>Milliseconds between two looks at the line. Default 20: 230 bytes at 115,200 baud, less than the line's own buffer holds.</summary>
    public const int StepMs = 20;

    /// <summary>Milliseconds between the command to restart and the restart. Default 200: the answer has to go out.</summary>
    public const int RestartMs = 200;

    private const int ReadBytes = 256;
    private const string Folder = "I:\\";

    private readonly IBoard _board;
    private readonly IBoardLine _line;
    private readonly ISettings _settings;
    private readonly NetworkSettings _network;
    private readonly WifiLink _link;
    private readonly bool _ownsLink;
    private readonly ImprovResponder _responder;
    private readonly byte[] _buffer = new byte[ReadBytes];
    private NetworkSettings _before;
    private long _nowMs;
    private long _tryUntilMs;
    private long _restartMs = -1;

    private ImprovDoor(IBoard board, IBoardLine line, ISettings settings, NetworkSettings network, WifiLink link, string name, string firmware)
    {
        _board = board;
        _line = line;
        _settings = settings;
        _ownsLink = link == null;
        _network = network == null ? new NetworkSettings() : network;
        _link = link == null ? new WifiLink(board.Radio) : link;
        Name = name;
        FirmwareVersion = firmware;
        _responder = new ImprovResponder(this, line);
    }

    /// <inheritdoc/>
    public string FirmwareName
    {
        get { return "IotXmpp"; }
    }

    /// <inheritdoc/>
    public string FirmwareVersion { get; }

    /// <inheritdoc/>
    public string Chip
    {
        get { return _board.Chip; }
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public bool IsConnected
    {
        get { return _board.Radio.IsConnected; }
    }

    /// <summary>Nowhere: the tool that speaks with the board knows the hub.</summary>
    public string NextUrl
    {
        get { return string.Empty; }
    }

    /// <summary>Opens it, where the board has a line for it.</summary>
    /// <param name="board">The board.</param>
    /// <param name="config">What was flashed; null when that cannot be read.</param>
    /// <param name="settings">Where network settings are kept.</param>
    /// <param name="network">The network settings in use; null when there are none.</param>
    /// <param name="link">The radio's state machine, which somebody else steps; null when nobody does.</param>
    /// <param name="firmware">The firmware's version.</param>
    /// <returns>The door, or null when the board has no line, or the thing's parts use its pins.</returns>
    public static ImprovDoor Open(IBoard board, BoardConfig config, ISettings settings, NetworkSettings network, WifiLink link, string firmware)
    {
        IBoardLine line = board.OpenLine(config);
        return line == null ? null : new ImprovDoor(board, line, settings, network, link, config == null ? board.Chip : config.Thing, firmware);
    }

    /// <summary>Goes on.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    /// <returns>True when the board is to be restarted.</returns>
    public bool Step(long nowMs)
    {
        _nowMs = nowMs;
        int count = _line.Read(_buffer);
        if (count > 0)
        {
            _responder.Feed(_buffer, 0, count, nowMs);
        }

        if (_ownsLink && _network.Ssid.Length > 0)
        {
            _link.Step(nowMs);
        }

        _responder.Step(nowMs);
        EndTry(nowMs);
        return _restartMs >= 0 && nowMs >= _restartMs;
    }

    /// <summary>Gives the line up.</summary>
    public void Close()
    {
        _line.Close();
    }

    /// <inheritdoc/>
    public string[][] Scan() => _board.Radio.Scan();

    /// <inheritdoc/>
    public void Connect(string ssid, string password)
    {
        if (_before == null)
        {
            _before = new NetworkSettings();
            _before.CopyFrom(_network);
        }

        _network.Ssid = ssid;
        _network.Password = password;
        _tryUntilMs = _nowMs + ImprovResponder.ConnectMs;
        Renew();
    }

    /// <inheritdoc/>
    public bool WriteFile(string name, int at, byte[] buffer, int offset, int count)
    {
        if (name != "thing.conf" && name != "thing.key" && name != "ca.pem")
        {
            return false;
        }

        string path = Folder + name;
        byte[] there = at == 0 ? null : _board.Files.Read(path);
        if (at + count > MaxFileBytes || (at > 0 && (there == null || there.Length != at)))
        {
            return false;
        }

        byte[] file = new byte[at + count];
        if (at > 0)
        {
            System.Array.Copy(there, 0, file, 0, at);
        }

        System.Array.Copy(buffer, offset, file, at, count);
        return _board.Files.TryWrite(path, file);
    }

    /// <inheritdoc/>
    public void Restart()
    {
        _restartMs = _nowMs + RestartMs;
    }

    // Settings that have brought an address are kept; others are taken back.
    private void EndTry(long nowMs)
    {
        if (_before == null)
        {
            return;
        }

        if (_board.Radio.IsConnected)
        {
            _before = null;
            _network.Save(_settings);
        }
        else if (nowMs >= _tryUntilMs)
        {
            _network.CopyFrom(_before);
            _before = null;
            Renew();
        }
    }

    private void Renew()
    {
        _board.Radio.Use(_network.Ssid, _network.Password);
        _link.Renew(_nowMs);
    }
}
