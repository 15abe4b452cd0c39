namespace IotXmpp.Hub.Server;

/// <summary>What the hub serves over HTTP so far: a word that it lives.</summary>
internal static class HubHttp
{
    public static void Map(WebApplication app) => app.MapGet("/healthz", static context =>
    {
        context.Response.ContentType = "text/plain";
        return context.Response.WriteAsync("ok\n");
    });
}
