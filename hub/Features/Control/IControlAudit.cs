namespace IotXmpp.Hub.Features.Control;

/// <summary>Port: is told of each request to control a thing when the right was judged, before the request goes on (supplied by Commands).</summary>
public interface IControlAudit
{
    /// <summary>Somebody asks to control a thing.</summary>
    /// <param name="request">The request, an iq or a message to the thing's session; valid until the task ends. Its answer passes the thing's session (<see cref="Routing.Session.WatchAnswer"/>).</param>
    /// <param name="isAllowed">Whether it goes on to the thing.</param>
    /// <returns>False where it cannot be noted now: then it does not go on either.</returns>
    ValueTask<bool> AskedAsync(Stanza request, bool isAllowed);
}
