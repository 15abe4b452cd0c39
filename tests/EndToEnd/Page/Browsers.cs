using Microsoft.Playwright;
using Xunit;

namespace IotXmpp.EndToEnd.Page;

/// <summary>Ends of pages and browsers that do not hold up the tests behind them.</summary>
internal static class Browsers
{
    // Chromium at times never says that a page which was going elsewhere is closed, and the driver waits for that without end.
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(20);

    /// <summary>Closes a page; one that does not close is left to the end of its browser.</summary>
    public static Task LeaveAsync(this IPage page) => BoundAsync(page.CloseAsync());

    /// <summary>Ends a browser and its driver, which takes along what does not end by itself.</summary>
    public static async Task EndAsync(IBrowser? browser, IPlaywright? playwright)
    {
        if (browser is not null)
        {
            await BoundAsync(browser.CloseAsync());
        }

        playwright?.Dispose();
    }

    private static async Task BoundAsync(Task end)
    {
        try
        {
            await end.WaitAsync(s_bound);
        }
        catch (TimeoutException)
        {
            TestContext.Current.TestOutputHelper?.WriteLine("the browser did not say that it has closed");
        }
    }
}
