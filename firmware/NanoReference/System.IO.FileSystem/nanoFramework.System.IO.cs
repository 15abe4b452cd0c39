using System;
using System.IO;

namespace nanoFramework.System.IO;

public class CardDetectChangedEventArgs : EventArgs
{
    internal CardDetectChangedEventArgs() { }
    public CardDetectState CardState { get => throw null; }
    public uint SlotIndex { get => throw null; }
}

public enum CardDetectState : int { Inserted = 0, Removed = 1 }

public delegate void RemovableDeviceEventHandler(object sender, RemovableDriveEventArgs e);

public class RemovableDriveEventArgs : EventArgs
{
    internal RemovableDriveEventArgs() { }
    public DriveInfo Drive { get => throw null; }
    public RemovableDriveEventArgs.RemovableDeviceEvent Event { get => throw null; }
    public enum RemovableDeviceEvent : int { Inserted = 0, Removed = 1 }
}

public static class StorageEventManager
{
    public static event RemovableDeviceEventHandler RemovableDeviceInserted { add { } remove { } }
    public static event RemovableDeviceEventHandler RemovableDeviceRemoved { add { } remove { } }
}
