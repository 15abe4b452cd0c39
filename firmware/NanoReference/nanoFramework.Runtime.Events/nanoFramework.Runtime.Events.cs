using System;

namespace nanoFramework.Runtime.Events;

public class BaseEvent
{
    public byte Message;
    public ushort Source;
    public BaseEvent() => throw null;
}

public static class CustomEvent
{
    public static event CustomEventPostedEventHandler CustomEventPosted { add { } remove { } }
}

public class CustomEventArgs : EventArgs
{
    internal CustomEventArgs() { }
    public uint Data2 { get => throw null; }
    public ushort Data1 { get => throw null; }
}

public delegate void CustomEventPostedEventHandler(object sender, CustomEventArgs e);

public enum EventCategory : int { Bluetooth = 100, Can = 60, Custom = 10, EspNow = 150, Gesture = 130, Gpio = 20, HighResolutionTimer = 90, Network = 40, OpenThread = 140, Radio = 80, SerialDevice = 30, Storage = 70, Touch = 120, Unknown = 0, Usb = 110, WiFi = 50 }

public class EventSink : NativeEventDispatcher
{
    internal EventSink() { }
    public static void AddEventFilter(EventCategory eventCategory, IEventListener eventFilter) { }
    public static void AddEventListener(EventCategory eventCategory, IEventListener eventListener) { }
    public static void AddEventProcessor(EventCategory eventCategory, IEventProcessor eventProcessor) { }
    public static void PostManagedEvent(byte category, byte subCategory, ushort data1, uint data2) { }
    public static void RemoveEventFilter(EventCategory eventCategory, IEventListener eventFilter) { }
    public static void RemoveEventListener(EventCategory eventCategory, IEventListener eventListener) { }
    public static void RemoveEventProcessor(EventCategory eventCategory, IEventProcessor eventProcessor) { }
}

public class GenericEvent : BaseEvent
{
    public DateTime Time;
    public byte Category;
    public uint Data;
    public GenericEvent() => throw null;
}

public interface IEventListener
{
    bool OnEvent(BaseEvent ev);
    void InitializeForEventSource();
}

public interface IEventProcessor
{
    BaseEvent ProcessEvent(uint data1, uint data2, DateTime time);
}

public class NativeEventDispatcher : IDisposable
{
    internal NativeEventDispatcher() { }
    public event NativeEventHandler OnInterrupt { add { } remove { } }
    protected bool disposed;
    protected NativeEventHandler callbacks;
    protected NativeEventHandler threadSpawn;
    public NativeEventDispatcher(string driverName, ulong driverData) => throw null;
    protected virtual void Dispose(bool disposing) { }
    public virtual void DisableInterrupt() { }
    public virtual void EnableInterrupt() { }
    public void Dispose() { }
}

public delegate void NativeEventHandler(uint data1, uint data2, DateTime time);

public static class WeakDelegate
{
    public static Delegate Combine(Delegate a, Delegate b) => throw null;
    public static Delegate Remove(Delegate a, Delegate b) => throw null;
}
