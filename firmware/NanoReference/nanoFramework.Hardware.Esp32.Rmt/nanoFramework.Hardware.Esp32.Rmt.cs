using System;

namespace nanoFramework.Hardware.Esp32.Rmt;

public enum ChannelMode : byte { Receive = 0, Transmit = 1 }

public class ReceiverChannel : RmtChannel, IDisposable
{
    public ReceiverChannel(ReceiverChannelSettings settings) : base(settings) => throw null;
    public RmtCommand[] GetAllItems() => throw null;
    protected virtual void Dispose(bool disposing) { }
    public void Dispose() { }
    public void Start(bool clearBuffer) { }
    public void Stop() { }
    public bool EnableFilter { get => throw null; set { } }
    public byte FilterThreshold { get => throw null; set { } }
    public override ChannelMode Mode { get => throw null; }
    public ushort IdleThreshold { get => throw null; set { } }
}

public sealed class ReceiverChannelSettings : RmtChannelSettings
{
    public ReceiverChannelSettings(int channel, int pinNumber) : base(channel, pinNumber) => throw null;
    public ReceiverChannelSettings(int pinNumber) : base(pinNumber) => throw null;
    public TimeSpan ReceiveTimeout { get => throw null; set { } }
    public bool CarrierLevel { get => throw null; set { } }
    public bool EnableDemodulation { get => throw null; set { } }
    public bool EnableFilter { get => throw null; set { } }
    public byte CarrierWaveDutyPercentage { get => throw null; set { } }
    public byte FilterThreshold { get => throw null; set { } }
    public int CarrierWaveFrequency { get => throw null; set { } }
    public ushort IdleThreshold { get => throw null; set { } }
}

public abstract class RmtChannel
{
    protected readonly RmtChannelSettings _settings;
    protected RmtChannel(RmtChannelSettings settings) => throw null;
    public abstract ChannelMode Mode { get; }
    public byte ClockDivider { get => throw null; set { } }
    public byte NumberOfMemoryBlocks { get => throw null; set { } }
    public int Channel { get => throw null; }
    public int Pin { get => throw null; set { } }
    public static SourceClock SourceClock { get => throw null; }
    public static int SourceClockFrequency { get => throw null; }
}

public abstract class RmtChannelSettings
{
    protected RmtChannelSettings(int channel, int pinNumber) => throw null;
    protected RmtChannelSettings(int pinNumber) => throw null;
    public bool SignalInverterEnabled { get => throw null; set { } }
    public byte ClockDivider { get => throw null; set { } }
    public byte NumberOfMemoryBlocks { get => throw null; set { } }
    public int BufferSize { get => throw null; set { } }
    public int Channel { get => throw null; }
    public int PinNumber { get => throw null; }
}

public class RmtCommand
{
    public RmtCommand(ushort duration1, bool level1, ushort duration2, bool level2) => throw null;
    public bool Level0 { get => throw null; set { } }
    public bool Level1 { get => throw null; set { } }
    public ushort Duration0 { get => throw null; set { } }
    public ushort Duration1 { get => throw null; set { } }
}

public enum SourceClock : int { APB = 0, REF = 1 }

public sealed class TransmitChannelSettings : RmtChannelSettings
{
    public TransmitChannelSettings(int channel, int pinNumber) : base(channel, pinNumber) => throw null;
    public TransmitChannelSettings(int pinNumber) : base(pinNumber) => throw null;
    public bool CarrierLevel { get => throw null; set { } }
    public bool EnableCarrierWave { get => throw null; set { } }
    public bool EnableIdleLevelOutput { get => throw null; set { } }
    public bool EnableLooping { get => throw null; set { } }
    public bool IdleLevel { get => throw null; set { } }
    public byte CarrierWaveDutyPercentage { get => throw null; set { } }
    public int CarrierWaveFrequency { get => throw null; set { } }
    public int LoopCount { get => throw null; set { } }
}

public class TransmitterChannel : RmtChannel, IDisposable
{
    public TransmitterChannel(TransmitChannelSettings settings) : base(settings) => throw null;
    protected virtual void Dispose(bool disposing) { }
    public void AddCommand(RmtCommand cmd) { }
    public void ClearCommands() { }
    public void Dispose() { }
    public void Send(bool waitTxDone) { }
    public void SendData(byte[] data, bool waitTxDone) { }
    public RmtCommand this[int index] { get => throw null; set { } }
    public bool CarrierLevel { get => throw null; set { } }
    public bool EnableLooping { get => throw null; set { } }
    public bool IdleLevel { get => throw null; set { } }
    public bool IsChannelIdle { get => throw null; }
    public int LoopCount { get => throw null; set { } }
    public override ChannelMode Mode { get => throw null; }
}
