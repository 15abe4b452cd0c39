using IotXmpp.Hub.Features.ContactAddresses;
using IotXmpp.Hub.Features.Invitations;
using IotXmpp.Hub.Features.PubSub.Feeds;
using IotXmpp.Hub.Features.Upload;
using IotXmpp.Hub.Features.Web;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Transport;
using IotXmpp.Hub.Transport.Bosh;
using IotXmpp.Hub.Transport.WebSocket;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Server;

/// <summary>What the hub serves over HTTP: streams of clients that have no TCP, where to find them, files, and a word that it lives.</summary>
internal static class HubHttp
{
    /// <summary>Where whoever watches over the hub asks whether it lives.</summary>
    public const string HealthPath = "/healthz";

    /// <summary>Where clients of XEP-0025 would come.</summary>
    private const string PollingPath = "/http-poll";

    public static void Map(WebApplication app, StreamHost streams, HubWeb web, Jid domain)
    {
        app.Use(next => context => web.GuardAsync(context, next));
        app.MapGet(HealthPath, static context =>
        {
            context.Response.ContentType = "text/plain";
            return context.Response.WriteAsync("ok\n");
        });
        app.Map(WebSocketEndpoint.Path, new WebSocketEndpoint(streams, web.Policy).HandleAsync);
        if (web.Bosh.Enabled)
        {
            app.Map(BoshEndpoint.Path, new BoshEndpoint(streams, web.Policy, web.Bosh).HandleAsync);
        }

        app.Map(PollingPath, RefusePollingAsync);
        if (web.Invitations is { } invitations)
        {
            app.Map(InvitationPage.Path + "{token}", context => InvitationPage.HandleAsync(context, invitations, domain));
        }

        foreach (string path in new[] { HostMeta.XmlPath, HostMeta.JsonPath })
        {
            app.MapMethods(path, [HttpMethods.Get, HttpMethods.Head], context => HostMeta.HandleAsync(context, web.BaseUrlFor(context), (WebSocketEndpoint.Path, web.Bosh.Enabled ? BoshEndpoint.Path : null)));
        }

        app.MapMethods(SecurityText.Path, [HttpMethods.Get, HttpMethods.Head], context => SecurityText.HandleAsync(context, web.Contact, web.Time));
        if (web.Uploads.Options.Enabled)
        {
            app.Map(UploadHttp.Route, context => UploadHttp.HandleAsync(context, web.Uploads));
        }

        foreach (string route in FeedHttp.Routes)
        {
            app.Map(route, context => FeedHttp.HandleAsync(context, web.Feeds, web.Policy.Look(context).BaseUrl));
        }
    }

    // XEP-0025 §4: an error stands in the cookie; it has been obsolete since BOSH.
    private static Task RefusePollingAsync(HttpContext context)
    {
        context.Response.Headers.SetCookie = "ID=-2:0; Path=" + PollingPath + "; HttpOnly; SameSite=Strict";
        return WebPolicy.RefuseAsync(context, StatusCodes.Status410Gone, $"HTTP polling (XEP-0025) is obsolete and not served: use BOSH at {BoshEndpoint.Path} or WebSocket at {WebSocketEndpoint.Path}.");
    }
}
