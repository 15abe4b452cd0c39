namespace nanoFramework.Runtime.Events;

public class BaseEvent
{
    public byte Message;
    public ushort Source;
    public BaseEvent() => throw null;
}
