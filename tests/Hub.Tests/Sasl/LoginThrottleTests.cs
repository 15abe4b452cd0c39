using System.Net;
using IotXmpp.Hub.Sasl;
using Xunit;

namespace IotXmpp.Hub.Tests.Sasl;

public sealed class LoginThrottleTests
{
    private static readonly IPAddress s_home = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress s_elsewhere = IPAddress.Parse("198.51.100.7");

    private readonly TestClock _clock = new();

    private LoginThrottle Throttle => field ??= new LoginThrottle(new LoginThrottleOptions(), _clock);

    private TimeSpan Fail(IPAddress address, string account)
    {
        TimeSpan delay = Throttle.DelayFor(address, account);
        if (delay != LoginThrottle.Refused)
        {
            Throttle.Failed(address, account);
        }

        return delay;
    }

    [Fact]
    public void It_begins_free_and_grows()
    {
        var delays = new List<double>();
        for (int i = 0; i < 8; i++)
        {
            TimeSpan delay = Fail(s_home, "juliet");
            delays.Add(delay.TotalSeconds);
            _clock.Advance(delay); // a client that waits for its answer and tries again
        }

        Assert.Equal([0, 0, 0, 0.5, 0.5, 1, 2, 4], delays);
    }

    [Fact]
    public void Attempts_in_parallel_wait_one_after_another_and_do_not_pile_up()
    {
        TimeSpan before = TimeSpan.Zero;
        int held = 0;
        for (int i = 0; i < 1000; i++)
        {
            TimeSpan delay = Fail(s_home, "juliet");
            if (delay == LoginThrottle.Refused)
            {
                continue;
            }

            Assert.InRange(delay, before, LoginThrottle.MaxDelay);
            before = delay;
            held++;
        }

        Assert.InRange(held, 4, 20);
    }

    [Fact]
    public void Guessing_from_elsewhere_costs_the_owner_two_seconds_at_most()
    {
        for (int i = 0; i < 1000; i++)
        {
            Fail(IPAddress.Parse($"203.0.{i / 250}.{1 + (i % 250)}"), "juliet");
        }

        Assert.InRange(Throttle.DelayFor(s_home, "juliet"), TimeSpan.FromTicks(1), TimeSpan.FromSeconds(2));
        Throttle.Succeeded(s_home, "juliet");
        Assert.Equal(TimeSpan.Zero, Throttle.DelayFor(s_home, "juliet")); // and nothing from then on
    }

    [Fact]
    public void One_address_that_tries_many_accounts_is_slowed()
    {
        TimeSpan last = TimeSpan.Zero;
        for (int i = 0; i < 100 && last != LoginThrottle.Refused; i++)
        {
            last = Fail(s_elsewhere, $"account-{i}");
        }

        Assert.Equal(LoginThrottle.Refused, last);
        Assert.Equal(TimeSpan.Zero, Throttle.DelayFor(s_home, "account-1"));
    }

    [Fact]
    public void A_device_that_logged_in_before_does_not_suffer_from_its_neighbours()
    {
        Throttle.Succeeded(s_home, "sensor");
        for (int i = 0; i < 200; i++)
        {
            Fail(s_home, $"account-{i}");
        }

        Assert.Equal(LoginThrottle.Refused, Throttle.DelayFor(s_home, "stranger"));
        Assert.Equal(TimeSpan.Zero, Throttle.DelayFor(s_home, "sensor"));
    }

    [Fact]
    public void Success_forgets_the_pair_but_not_the_address()
    {
        for (int i = 0; i < 50; i++)
        {
            _clock.Advance(Throttle.DelayFor(s_home, $"a{i}"));
            Throttle.Failed(s_home, $"a{i}");
        }

        Throttle.Succeeded(s_home, "mine"); // an attacker's own account gives no free tries at others
        Assert.NotEqual(TimeSpan.Zero, Throttle.DelayFor(s_home, "a1"));
    }

    [Fact]
    public void Old_failures_are_forgotten()
    {
        for (int i = 0; i < 50; i++)
        {
            Fail(s_home, "juliet");
        }

        _clock.Advance(LoginThrottle.ForgetAfter + TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.Zero, Throttle.DelayFor(s_home, "juliet"));
    }

    [Fact]
    public void Ipv6_counts_by_network_and_mapped_ipv4_as_ipv4()
    {
        Assert.Equal(LoginThrottle.Normalize(IPAddress.Parse("2001:db8::1")), LoginThrottle.Normalize(IPAddress.Parse("2001:db8::ffff:1")));
        Assert.NotEqual(LoginThrottle.Normalize(IPAddress.Parse("2001:db8::1")), LoginThrottle.Normalize(IPAddress.Parse("2001:db8:0:1::1")));
        Assert.Equal(s_home, LoginThrottle.Normalize(s_home.MapToIPv6()));
    }

    [Fact]
    public void A_flood_of_addresses_stays_within_the_tables()
    {
        for (int i = 0; i < 3 * LoginThrottle.MaxEntries; i++)
        {
            Throttle.Failed(new IPAddress(i + 1L), "juliet");
        }

        // The newest are still there: five more failures of the last one are enough.
        var last = new IPAddress(3L * LoginThrottle.MaxEntries);
        Fail(last, "x");
        Fail(last, "x");
        Fail(last, "x");
        Assert.Equal(TimeSpan.FromSeconds(0.5), Throttle.DelayFor(last, "x"));
    }

    [Fact]
    public void Switched_off_it_does_nothing()
    {
        var off = new LoginThrottle(new LoginThrottleOptions { Enabled = false }, _clock);
        for (int i = 0; i < 100; i++)
        {
            off.Failed(s_home, "juliet");
        }

        Assert.Equal(TimeSpan.Zero, off.DelayFor(s_home, "juliet"));
        off.Succeeded(s_home, "juliet");
    }
}
