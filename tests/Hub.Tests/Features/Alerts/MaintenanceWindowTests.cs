using System.Globalization;
using System.Text;
using IotXmpp.Hub.Features.Alerts;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Alerts;

public sealed class MaintenanceWindowTests
{
    [Theory]
    [InlineData("2026-11-20T11:59:59Z", null)]
    [InlineData("2026-11-20T12:00:00Z", "2026-11-20T14:00:00Z")]
    [InlineData("2026-11-20T13:59:59Z", "2026-11-20T14:00:00Z")]
    [InlineData("2026-11-20T14:00:00Z", null)]
    public void Once(string at, string? until) => Opens("""{"id":"w","scope":{"all":true},"once":{"from":"2026-11-20T12:00:00Z","to":"2026-11-20T14:00:00Z"}}""", at, until);

    /// <summary>Each Sunday and Monday at 22:30 in Berlin for two hours: over midnight, and where clocks are set.</summary>
    [Theory]
    [InlineData("2026-11-20T22:00:00Z", null)] // a Friday
    [InlineData("2026-11-22T21:29:59Z", null)]
    [InlineData("2026-11-22T21:30:00Z", "2026-11-22T23:30:00Z")]
    [InlineData("2026-11-22T23:00:00Z", "2026-11-22T23:30:00Z")] // Monday there
    [InlineData("2026-11-23T22:00:00Z", "2026-11-23T23:30:00Z")]
    [InlineData("2026-07-05T20:30:00Z", "2026-07-05T22:30:00Z")] // summer time
    public void Weekly(string at, string? until) => Opens("""{"id":"w","scope":{"all":true},"weekly":{"days":["sun","mon"],"at":"22:30","minutes":120,"zone":"Europe/Berlin"}}""", at, until);

    [Theory]
    [InlineData("2026-03-29T00:59:00Z", null)]
    [InlineData("2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z")] // 02:30 is skipped: as much later
    [InlineData("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z")] // 02:30 is there twice: the first
    [InlineData("2026-10-25T01:30:00Z", null)]
    public void Where_clocks_are_set(string at, string? until) => Opens("""{"id":"w","scope":{"all":true},"weekly":{"days":["sun"],"at":"02:30","minutes":60,"zone":"Europe/Berlin"}}""", at, until);

    [Fact]
    public void A_week_long_is_open_for_ever_with_the_end_of_the_last_that_began() =>
        Opens("""{"id":"w","scope":{"all":true},"weekly":{"days":["mon"],"at":"00:00","minutes":10080}}""", "2026-11-22T23:59:59Z", "2026-11-23T00:00:00Z");

    [Theory]
    [InlineData("""{"id":"w","scope":{"all":true}}""", "one of once, weekly")]
    [InlineData("""{"id":"w","scope":{"all":true},"once":{"from":"2026-11-20T12:00:00Z","to":"2026-11-20T12:00:00Z"}}""", "once.to must be later")]
    [InlineData("""{"id":"w","scope":{"all":true},"once":{"from":"noon","to":"2026-11-20T12:00:00Z"}}""", "'noon' is no time")]
    [InlineData("""{"id":"w","scope":{"all":true},"weekly":{"days":[],"at":"00:00","minutes":1}}""", "weekly.days is empty")]
    [InlineData("""{"id":"w","scope":{"all":true},"weekly":{"days":["someday"],"at":"00:00","minutes":1}}""", "none of mon")]
    [InlineData("""{"id":"w","scope":{"all":true},"weekly":{"days":["mon"],"at":"24:00","minutes":1}}""", "'24:00' is no time")]
    [InlineData("""{"id":"w","scope":{"all":true},"weekly":{"days":["mon"],"at":"00:00","minutes":99999}}""", "weekly.minutes")]
    [InlineData("""{"id":"w","scope":{"all":true},"weekly":{"days":["mon"],"at":"00:00","minutes":1,"zone":"../../etc/passwd"}}""", "is no time zone")]
    public void What_cannot_be_taken_is_refused_with_where_and_why(string document, string says) =>
        Assert.Contains(says, Assert.Throws<DocumentException>(() => MaintenanceWindow.Read(Encoding.UTF8.GetBytes(document))).Message, StringComparison.Ordinal);

    private static void Opens(string document, string at, string? until)
    {
        MaintenanceWindow window = MaintenanceWindow.Read(Encoding.UTF8.GetBytes(document));
        Assert.Equivalent(window, MaintenanceWindow.Read(window.Write()));
        Assert.Equal(until is null ? null : DateTimeOffset.Parse(until, CultureInfo.InvariantCulture), window.OpenUntil(DateTimeOffset.Parse(at, CultureInfo.InvariantCulture)));
    }
}
