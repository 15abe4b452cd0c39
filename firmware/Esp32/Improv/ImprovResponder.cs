using IotXmpp.Xml;

namespace IotXmpp.Esp32.Improv;

/// <summary>
/// The board's side of Improv Wi-Fi over a serial line. nanoFramework's own wire protocol has the UART (or USB port) that boards are flashed and debugged by, so this is
/// served on another one: see the README beside this file. It has no thread and no clock: the board gives it bytes and time.
/// </summary>
public sealed class ImprovResponder
{
    /// <summary>How long a try may take before it has failed, in milliseconds. Default 20,000: within the 30 s after which tools give up.</summary>
    public const int ConnectMs = 20000;

    /// <summary>How long a frame may pause in its middle, in milliseconds. Default 1,000: a new one may begin then.</summary>
    public const int FrameMs = 1000;

    private readonly IImprovBoard _board;
    private readonly IImprovLine _line;
    private readonly ImprovReader _reader = new ImprovReader();
    private readonly byte[] _data = new byte[ImprovFrame.MaxData];
    private readonly byte[] _frame = new byte[ImprovFrame.MaxBytes];
    private bool _connecting;
    private long _connectBy;
    private long _lastByteMs;

    /// <summary>Serves a line.</summary>
    /// <param name="board">The board.</param>
    /// <param name="line">The line.</param>
    public ImprovResponder(IImprovBoard board, IImprovLine line)
    {
        _board = board;
        _line = line;
    }

    /// <summary>The state as Improv names it.</summary>
    public byte State
    {
        get { return _connecting ? ImprovFrame.Provisioning : _board.IsConnected ? ImprovFrame.Provisioned : ImprovFrame.Ready; }
    }

    /// <summary>Takes bytes from the line.</summary>
    /// <param name="buffer">Holds them.</param>
    /// <param name="offset">Where they begin.</param>
    /// <param name="count">How many.</param>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    public void Feed(byte[] buffer, int offset, int count, long nowMs)
    {
        if (_reader.IsInFrame && nowMs - _lastByteMs > FrameMs)
        {
            _reader.Reset();
        }

        _lastByteMs = nowMs;
        for (int i = 0; i < count; i++)
        {
            int dropped = _reader.Dropped;
            if (_reader.Take(buffer[offset + i]))
            {
                // What is not a command is our own echo, or another board's: passed over.
                if (_reader.Type == ImprovFrame.Rpc)
                {
                    Answer(_reader.Buffer, _reader.Offset, _reader.Count, nowMs);
                }
            }
            else if (_reader.Dropped != dropped)
            {
                SendError(ImprovFrame.InvalidRpc);
            }
        }
    }

    /// <summary>Goes on with a try to connect.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    public void Step(long nowMs)
    {
        if (!_connecting)
        {
            return;
        }

        if (_board.IsConnected)
        {
            _connecting = false;
            SendState();
            SendUrl(ImprovFrame.SendWifi);
        }
        else if (nowMs >= _connectBy)
        {
            _connecting = false;
            SendError(ImprovFrame.UnableToConnect);
            SendState();
        }
    }

    private void Answer(byte[] buffer, int offset, int count, long nowMs)
    {
        // Improv §RPC: command, length of what follows, data.
        if (count < 2 || buffer[offset + 1] != count - 2)
        {
            SendError(ImprovFrame.InvalidRpc);
            return;
        }

        int at = offset + 2;
        int end = offset + count;
        switch (buffer[offset])
        {
            case ImprovFrame.SendWifi:
                Connect(buffer, at, end, nowMs);
                break;
            case ImprovFrame.RequestState:
                SendState();
                if (State == ImprovFrame.Provisioned)
                {
                    SendUrl(ImprovFrame.RequestState);
                }

                break;
            case ImprovFrame.RequestInfo:
                SendStrings(ImprovFrame.RequestInfo, new string[] { _board.FirmwareName, _board.FirmwareVersion, _board.Chip, _board.Name });
                break;
            case ImprovFrame.RequestNetworks:
                string[][] networks = _board.Scan();
                for (int i = 0; i < networks.Length; i++)
                {
                    SendStrings(ImprovFrame.RequestNetworks, networks[i]);
                }

                SendStrings(ImprovFrame.RequestNetworks, new string[0]);
                break;
            case ImprovFrame.WriteFile:
                WriteFile(buffer, at, end);
                break;
            case ImprovFrame.Restart:
                SendStrings(ImprovFrame.Restart, new string[0]);
                _board.Restart();
                break;
            default:
                SendError(ImprovFrame.UnknownRpc);
                break;
        }
    }

    private void Connect(byte[] buffer, int at, int end, long nowMs)
    {
        int ssid = at < end ? buffer[at] : 0;
        int passwordAt = at + 1 + ssid;
        if (ssid == 0 || ssid > 32 || passwordAt >= end || passwordAt + 1 + buffer[passwordAt] != end)
        {
            SendError(ImprovFrame.InvalidRpc);
            return;
        }

        SendError(ImprovFrame.NoError);
        _board.Connect(Utf8.Decode(buffer, at + 1, ssid), Utf8.Decode(buffer, passwordAt + 1, buffer[passwordAt]));
        _connecting = true;
        _connectBy = nowMs + ConnectMs;
        SendState();
    }

    private void WriteFile(byte[] buffer, int at, int end)
    {
        int name = at < end ? buffer[at] : 0;
        int bytes = at + 1 + name + 2;
        if (name == 0 || bytes > end)
        {
            SendError(ImprovFrame.InvalidRpc);
            return;
        }

        int fileAt = (buffer[bytes - 2] << 8) | buffer[bytes - 1];
        if (!_board.WriteFile(Utf8.Decode(buffer, at + 1, name), fileAt, buffer, bytes, end - bytes))
        {
            SendError(ImprovFrame.UnknownError);
            return;
        }

        SendStrings(ImprovFrame.WriteFile, new string[] { (fileAt + end - bytes).ToString() });
    }

    private void SendUrl(byte command)
    {
        string url = _board.NextUrl;
        SendStrings(command, url.Length == 0 ? new string[0] : new string[] { url });
    }

    private void SendState()
    {
        _data[0] = State;
        Send(ImprovFrame.CurrentState, 1);
    }

    private void SendError(byte error)
    {
        _data[0] = error;
        Send(ImprovFrame.ErrorState, 1);
    }

    private void SendStrings(byte command, string[] strings)
    {
        int length = 2;
        for (int i = 0; i < strings.Length; i++)
        {
            byte[] text = Utf8.Encode(strings[i]);
            int count = text.Length;
            if (length + 1 + count > ImprovFrame.MaxData)
            {
                // Cut between characters: a tool shows a shorter name rather than none.
                count = ImprovFrame.MaxData - length - 1;
                while (count > 0 && (text[count] & 0xC0) == 0x80)
                {
                    count--;
                }
            }

            if (count < 0)
            {
                break;
            }

            _data[length++] = (byte)count;
            System.Array.Copy(text, 0, _data, length, count);
            length += count;
        }

        _data[0] = command;
        _data[1] = (byte)(length - 2);
        Send(ImprovFrame.RpcResult, length);
    }

    private void Send(byte type, int count)
    {
        int length = ImprovFrame.Write(type, _data, count, _frame);
        _line.Send(_frame, 0, length);
    }
}
