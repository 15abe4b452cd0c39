using System;
using System.Collections;

namespace nanoFramework.Device.OneWire;

public class OneWireHost : IDisposable
{
    public OneWireHost() => throw null;
    public ArrayList FindAllDevices() => throw null;
    public bool FindFirstDevice(bool performResetBeforeSearch, bool searchWithAlarmCommand) => throw null;
    public bool FindNextDevice(bool performResetBeforeSearch, bool searchWithAlarmCommand) => throw null;
    public bool TouchBit(bool value) => throw null;
    public bool TouchReset() => throw null;
    public byte ReadByte() => throw null;
    public byte TouchByte(byte value) => throw null;
    public byte WriteByte(byte value) => throw null;
    protected virtual void Dispose(bool disposing) { }
    public void Dispose() { }
    public byte[] SerialNumber { get => throw null; set { } }
}
