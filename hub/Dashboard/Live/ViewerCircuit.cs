using Microsoft.AspNetCore.Components.Server.Circuits;

namespace IotXmpp.Hub.Dashboard.Live;

/// <summary>Notes what a person does on an open page (a click, a key, a scroll), so that the sign-in of who works does not run out. What the hub draws is nobody's doing.</summary>
internal sealed class ViewerCircuit(Viewer viewer) : CircuitHandler
{
    public override Func<CircuitInboundActivityContext, Task> CreateInboundActivityHandler(Func<CircuitInboundActivityContext, Task> next) => async context =>
    {
        await viewer.UsedAsync();
        await next(context);
    };
}
