using IotXmpp.Hub.Dashboard.Live;
using Microsoft.AspNetCore.Components;

namespace IotXmpp.Hub.Dashboard;

/// <summary>Who sees a page at all; what stands in it goes by the person's rights over each thing.</summary>
public enum PageAudience
{
    /// <summary>Everybody who is signed in.</summary>
    Everyone,

    /// <summary>Administrators of the hub.</summary>
    Administrators,
}

/// <summary>A page in the navigation.</summary>
/// <param name="Title">What it is called.</param>
/// <param name="Path">Where it is; the pages below that path are its own.</param>
/// <param name="Icon">Its picture: a name in <see cref="Components.Shared.Icons"/>.</param>
/// <param name="Audience">Who sees it.</param>
public sealed record DashboardPage(string Title, string Path, string Icon, PageAudience Audience = PageAudience.Everyone)
{
    /// <summary>Whether this person sees it.</summary>
    public bool IsFor(Viewer viewer)
    {
        ArgumentNullException.ThrowIfNull(viewer);
        return Audience == PageAudience.Everyone || viewer.IsAdministrator;
    }

    /// <summary>Whether a route belongs to it: its own path, or one below; a thing's page belongs to the fleet.</summary>
    public bool Covers(string route)
    {
        ArgumentNullException.ThrowIfNull(route);
        return route.Equals(Path, StringComparison.OrdinalIgnoreCase) || route.StartsWith(Path == "/" ? "/things/" : Path + "/", StringComparison.OrdinalIgnoreCase);
    }
}

/// <summary>The pages in the navigation, in their order: one line each.</summary>
public static class DashboardPages
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<DashboardPage> All { get; } =
    [
        new("Fleet", "/", "fleet"),
        new("Groups", "/groups", "group"),
        new("Alerts", "/alerts", "alert"),
        new("Claim a thing", "/claim", "plus"),
        new("Commands", "/commands", "command"),
        new("Roll-outs", "/rollouts", "rollout"),
        new("Firmware", "/firmware", "key", PageAudience.Administrators),
        new("Users", "/users", "users", PageAudience.Administrators),
        new("Tokens", "/tokens", "token"),
        new("Audit", "/audit", "audit", PageAudience.Administrators),
        new("Proposed commands", "/proposals", "check"),
        new("Hub", "/hub", "hub", PageAudience.Administrators),
    ];

    /// <summary>The page that a component belongs to, or null. Its own route says so, not the address that somebody typed: that can be written in many ways.</summary>
    public static DashboardPage? Of(Type component)
    {
        ArgumentNullException.ThrowIfNull(component);
        return component.GetCustomAttributes(typeof(RouteAttribute), inherit: false).Cast<RouteAttribute>().Select(route => All.FirstOrDefault(page => page.Covers(route.Template))).FirstOrDefault(page => page is not null);
    }
}
