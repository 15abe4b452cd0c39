using System.Globalization;
using System.Net;
using IotXmpp.Hub.Federation;
using IotXmpp.Hub.Federation.Dns;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using Xunit;

namespace IotXmpp.Hub.Tests.Federation;

/// <summary>The resolver against a name server on loopback that says what it is told, the truth or not.</summary>
public sealed class DnsTests : IAsyncLifetime
{
    private readonly DnsServer server = DnsServer.Start();
    private readonly ManualTime time = new();
    private DnsResolver resolver = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        resolver = new DnsResolver(() => [server.EndPoint], time);
        return default;
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task Services_are_read_with_all_they_say()
    {
        server.Service("_xmpp-server._tcp.example.org", 10, 20, 5269, "Home.Example.ORG");
        var result = await resolver.QueryAsync("_xmpp-server._tcp.EXAMPLE.org.", DnsType.Srv, Cancel);
        var record = Assert.Single(result.Records);
        Assert.Equal((10, 20, 5269, "home.example.org"), (record.Priority, record.Weight, record.Port, record.Target));
    }

    [Fact]
    public async Task Aliases_are_followed_within_an_answer_and_beyond()
    {
        server.Alias("a.example", "b.example");
        server.Alias("b.example", "c.example");
        server.Address("c.example", "192.0.2.7");
        Assert.Equal(IPAddress.Parse("192.0.2.7"), Assert.Single((await resolver.QueryAsync("a.example", DnsType.A, Cancel)).Records).Address);
        // All in one answer.
        server.Alter = (question, _, _) => DnsServer.Answer(question, 0,
            DnsServer.Record(DnsServer.Name("x.example"), 5, DnsServer.Name("y.example")), DnsServer.Record(DnsServer.Name("y.example"), 1, [192, 0, 2, 8]));
        Assert.Equal(IPAddress.Parse("192.0.2.8"), Assert.Single((await resolver.QueryAsync("x.example", DnsType.A, Cancel)).Records).Address);
    }

    [Fact]
    public async Task Aliases_that_go_in_circles_end()
    {
        server.Alias("one.example", "two.example");
        server.Alias("two.example", "one.example");
        Assert.Equal(DnsStatus.Failed, (await resolver.QueryAsync("one.example", DnsType.A, Cancel)).Status);
        Assert.InRange(server.Questions.Count, 2, DnsResolver.MaxAliases + 2);
    }

    [Fact]
    public async Task What_is_not_there_is_not_found_and_what_fails_is_not_the_same()
    {
        server.Address("only4.example", "192.0.2.1");
        Assert.Equal(DnsStatus.NotFound, (await resolver.QueryAsync("only4.example", DnsType.Aaaa, Cancel)).Status);
        Assert.Equal(DnsStatus.NotFound, (await resolver.QueryAsync("none.example", DnsType.A, Cancel)).Status);
        server.Alter = (question, _, _) => DnsServer.Answer(question, 2);
        Assert.Equal(DnsStatus.Failed, (await resolver.QueryAsync("broken.example", DnsType.A, Cancel)).Status);
        Assert.Equal(DnsStatus.NotFound, (await resolver.QueryAsync("x..example", DnsType.A, Cancel)).Status);
        Assert.Equal(DnsStatus.NotFound, (await resolver.QueryAsync(new string('a', 64) + ".example", DnsType.A, Cancel)).Status);
    }

    [Fact]
    public async Task A_truncated_answer_is_asked_for_again_by_tcp()
    {
        for (var i = 0; i < 100; i++)
        {
            server.Service("_xmpp-server._tcp.many.example", i, 0, 5269, string.Create(CultureInfo.InvariantCulture, $"host-number-{i}.many.example"));
        }

        server.Alter = (question, how, answer) =>
        {
            if (how == "tcp")
            {
                return answer;
            }

            answer[2] |= 2;
            return answer[..500];
        };
        Assert.Equal(100, (await resolver.QueryAsync("_xmpp-server._tcp.many.example", DnsType.Srv, Cancel)).Records.Count);
        Assert.Equal(["udp _xmpp-server._tcp.many.example 33", "tcp _xmpp-server._tcp.many.example 33"], server.Questions);
    }

    [Fact]
    public async Task Answers_are_kept_as_long_as_they_may_be()
    {
        server.Address("short.example", "192.0.2.1", ttl: 30);
        server.Address("long.example", "192.0.2.2", ttl: 1_000_000);
        server.Address("zero.example", "192.0.2.3", ttl: 0);
        async Task<int> AskedAsync(string name)
        {
            var before = server.Questions.Count;
            await resolver.QueryAsync(name, DnsType.A, Cancel);
            return server.Questions.Count - before;
        }

        Assert.Equal((1, 0), (await AskedAsync("short.example"), await AskedAsync("short.example")));
        Assert.Equal((1, 0), (await AskedAsync("long.example"), await AskedAsync("long.example")));
        Assert.Equal((1, 1), (await AskedAsync("zero.example"), await AskedAsync("zero.example")));
        Assert.Equal((1, 0), (await AskedAsync("none.example"), await AskedAsync("none.example")));
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal((1, 0), (await AskedAsync("short.example"), await AskedAsync("none.example")));
        time.Advance(DnsResolver.NegativeTtl);
        Assert.Equal((1, 0), (await AskedAsync("none.example"), await AskedAsync("long.example")));
        time.Advance(DnsResolver.MaxTtl);
        Assert.Equal(1, await AskedAsync("long.example"));
    }

    /// <summary>Datagrams that are no answer to this question: they are not heard, and the honest one behind them is.</summary>
    [Theory]
    [InlineData("another id")]
    [InlineData("another name")]
    [InlineData("another type")]
    [InlineData("a question")]
    [InlineData("nothing")]
    [InlineData("too short")]
    [InlineData("a name that points to itself")]
    [InlineData("names that point to each other")]
    [InlineData("a name that points forward")]
    [InlineData("a record longer than the message")]
    [InlineData("an address of three bytes")]
    [InlineData("a label that ends behind the message")]
    [InlineData("more records than there are")]
    public async Task What_is_no_answer_is_not_heard(string lie)
    {
        server.Address("true.example", "192.0.2.1");
        var lied = false;
        var honest = DnsServer.Name("true.example");
        server.Alter = (question, how, answer) =>
        {
            if (lied)
            {
                return answer;
            }

            lied = true;
            // The clock stands still: what would be a wait of seconds is a step of the clock, once the resolver waits.
            _ = Task.Run(async () =>
            {
                await Wait.UntilAsync(() => time.Waiting.Count > 0);
                time.Advance(DnsResolver.AnswerWait);
            });
            var at = question.Length;
            byte[] pointer(int to) => [(byte)(0xC0 | (to >> 8)), (byte)to];
            switch (lie)
            {
                // With another address, so that who hears it is found out.
                case "another id":
                    answer[0] ^= 0x55;
                    answer[^1] = 66;
                    return answer;
                case "another name":
                    answer[13] = (byte)'x';
                    answer[^1] = 66;
                    return answer;
                case "another type":
                    answer[at - 3] = 28;
                    answer[^1] = 66;
                    return answer;
                case "a question":
                    return question;
                case "nothing":
                    return [];
                case "too short":
                    return answer[..11];
                case "a name that points to itself":
                    return DnsServer.Answer(question, 0, DnsServer.Record(pointer(at), 1, [192, 0, 2, 66]));
                case "names that point to each other":
                    return DnsServer.Answer(question, 0, DnsServer.Record(pointer(at + 12), 5, pointer(at)));
                case "a name that points forward":
                    return DnsServer.Answer(question, 0, DnsServer.Record(pointer(at + 16), 1, [192, 0, 2, 66]), DnsServer.Record(honest, 1, [192, 0, 2, 66]));
                case "a record longer than the message":
                    var record = DnsServer.Record(honest, 1, [192, 0, 2, 66]);
                    record[^5] = 200;
                    return DnsServer.Answer(question, 0, record);
                case "an address of three bytes":
                    return DnsServer.Answer(question, 0, DnsServer.Record(honest, 1, [192, 0, 2]));
                case "a label that ends behind the message":
                    return DnsServer.Answer(question, 0, [60, (byte)'a']);
                default:
                    answer[7] = 9;
                    answer[^1] = 66;
                    return answer;
            }
        };
        var result = await resolver.QueryAsync("true.example", DnsType.A, Cancel);
        Assert.True(lied);
        Assert.Equal(IPAddress.Parse("192.0.2.1"), Assert.Single(result.Records).Address);
    }

    /// <summary>A compressed name, as servers write them, is read.</summary>
    [Fact]
    public async Task Names_that_point_back_are_read()
    {
        server.Alter = (question, _, _) => DnsServer.Answer(question, 0, DnsServer.Record([0xC0, 12], 33, [0, 1, 0, 2, 0x14, 0x95, 4, (byte)'h', (byte)'o', (byte)'m', (byte)'e', 0xC0, 12 + 18]));
        var record = Assert.Single((await resolver.QueryAsync("_xmpp-server._tcp.example.org", DnsType.Srv, Cancel)).Records);
        Assert.Equal(("home.example.org", 5269), (record.Target, record.Port));
    }

    [Fact]
    public async Task The_next_server_is_asked_where_one_does_not_answer()
    {
        await using var deaf = DnsServer.Start();
        deaf.Alter = (_, _, _) => null;
        server.Address("there.example", "192.0.2.1");
        var both = new DnsResolver(() => [deaf.EndPoint, server.EndPoint], time);
        var asking = both.QueryAsync("there.example", DnsType.A, Cancel).AsTask();
        await Wait.UntilAsync(() => !deaf.Questions.IsEmpty);
        await Wait.UntilAsync(() =>
        {
            time.Advance(DnsResolver.AnswerWait);
            return asking.IsCompleted;
        });
        Assert.Equal(DnsStatus.Found, (await asking).Status);
    }

    [Fact]
    public async Task A_domain_is_found_by_both_services_in_their_order()
    {
        server.Service("_xmpp-server._tcp.example.org", 20, 0, 5269, "b.example.org");
        server.Service("_xmpps-server._tcp.example.org", 10, 0, 5270, "a.example.org");
        server.Address("a.example.org", "192.0.2.1");
        server.Address("b.example.org", "192.0.2.2");
        var location = await Locator().LocateAsync("example.org", Cancel);
        Assert.Equal([new PeerTarget(IPEndPoint.Parse("192.0.2.1:5270"), true), new PeerTarget(IPEndPoint.Parse("192.0.2.2:5269"), false)], location.Targets);
    }

    [Fact]
    public async Task A_domain_without_services_is_found_by_its_address()
    {
        server.Address("example.org", "192.0.2.1");
        Assert.Equal([new PeerTarget(IPEndPoint.Parse("192.0.2.1:5269"), false)], (await Locator().LocateAsync("example.org", Cancel)).Targets);
        Assert.Equal([new PeerTarget(IPEndPoint.Parse("192.0.2.9:5269"), false)], (await Locator().LocateAsync("192.0.2.9", Cancel)).Targets);
        Assert.Equal(DnsStatus.NotFound, (await Locator().LocateAsync("none.example", Cancel)).Status);
    }

    [Fact]
    public async Task A_domain_that_says_there_is_no_service_has_none()
    {
        server.Service("_xmpp-server._tcp.example.org", 0, 0, 0, ".");
        server.Address("example.org", "192.0.2.1");
        var location = await Locator().LocateAsync("example.org", Cancel);
        Assert.Equal((DnsStatus.NotFound, 0), (location.Status, location.Targets.Count));
    }

    [Fact]
    public async Task Settings_win_and_ask_nobody()
    {
        var location = await Locator(new FederationOverride { Domain = "example.org", Address = "127.0.0.1:35369" }).LocateAsync("example.org", Cancel);
        Assert.Equal([new PeerTarget(IPEndPoint.Parse("127.0.0.1:35369"), false)], location.Targets);
        Assert.Empty(server.Questions);
    }

    /// <summary>RFC 6890: who owns a domain cannot send the hub where its own network is.</summary>
    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("10.1.2.3")]
    [InlineData("100.64.0.1")]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("169.254.169.254")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.0.0.8")]
    [InlineData("192.0.2.1")]
    [InlineData("192.88.99.1")]
    [InlineData("192.168.1.1")]
    [InlineData("198.19.0.1")]
    [InlineData("198.51.100.7")]
    [InlineData("203.0.113.9")]
    [InlineData("224.0.0.1")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::127.0.0.1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("64:ff9b::192.168.0.1")]
    [InlineData("64:ff9b:1::1")]
    [InlineData("100::1")]
    [InlineData("2001::1")]
    [InlineData("2001:1ff::1")]
    [InlineData("2001:db8::1")]
    [InlineData("2002:7f00:1::1")]
    [InlineData("3fff::1")]
    [InlineData("5f00::1")]
    [InlineData("fc00::1")]
    [InlineData("fdff::1")]
    [InlineData("fe80::1")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    public async Task An_address_that_is_not_public_is_not_gone_to(string address)
    {
        Assert.SkipUnless(System.Net.Sockets.Socket.OSSupportsIPv6 || !address.Contains(':', StringComparison.Ordinal), "This machine has no IPv6.");
        server.Service("_xmpp-server._tcp.evil.example", 0, 0, 5269, "inside.evil.example");
        server.Address("inside.evil.example", address);
        server.Address("plain.example", address);
        foreach (var domain in new[] { "evil.example", "plain.example", address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address })
        {
            var location = await Locator(allowPrivate: false).LocateAsync(domain, Cancel);
            Assert.Equal((DnsStatus.NotFound, 0), (location.Status, location.Targets.Count));
            Assert.Equal(IPAddress.Parse(address), location.Refused);
            Assert.Single((await Locator(allowPrivate: true).LocateAsync(domain, Cancel)).Targets);
        }
    }

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("11.0.0.1")]
    [InlineData("100.128.0.1")]
    [InlineData("126.255.255.255")]
    [InlineData("128.0.0.1")]
    [InlineData("172.15.0.1")]
    [InlineData("172.32.0.1")]
    [InlineData("192.167.255.255")]
    [InlineData("198.20.0.1")]
    [InlineData("223.255.255.255")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("64:ff9b::8.8.8.8")]
    [InlineData("2001:200::1")]
    [InlineData("2001:4860:4860::8888")]
    [InlineData("2a01:4f8::1")]
    public void An_address_beside_those_is_public(string address) => Assert.True(PublicAddresses.Contains(IPAddress.Parse(address)));

    [Fact]
    public async Task Of_many_addresses_the_public_ones_are_tried_and_settings_may_name_any()
    {
        server.Service("_xmpp-server._tcp.both.example", 0, 0, 5269, "in.both.example");
        server.Service("_xmpps-server._tcp.both.example", 1, 0, 5270, "out.both.example");
        server.Address("in.both.example", "10.0.0.1");
        server.Address("out.both.example", "9.9.9.9");
        Assert.Equal([new PeerTarget(IPEndPoint.Parse("9.9.9.9:5270"), true)], (await Locator(allowPrivate: false).LocateAsync("both.example", Cancel)).Targets);
        Assert.Single((await Locator(allowPrivate: false, new FederationOverride { Domain = "both.example", Address = "in.both.example:5269" }).LocateAsync("both.example", Cancel)).Targets);
        Assert.Empty((await Locator(allowPrivate: false).LocateAsync("localhost", Cancel)).Targets);
        Assert.Empty((await Locator(allowPrivate: false).LocateAsync("x.localhost", Cancel)).Targets);
    }

    /// <summary>RFC 2782: priorities rule, weights share. The dice are loaded: each number once for each place.</summary>
    [Fact]
    public void Weights_share_what_priorities_leave()
    {
        (DnsRecord, bool)[] services = [Service("c", 2, 0), Service("a", 1, 10), Service("b", 1, 30), Service("z", 1, 0)];
        string Order(params int[] dice)
        {
            var next = new Queue<int>(dice);
            return string.Concat(PeerLocator.InOrder(services, _ => next.Dequeue()).Select(s => s.Record.Target));
        }

        Assert.Equal("zabc", Order(0, 0, 0, 0));
        Assert.Equal("azbc", Order(10, 0, 30, 0));
        Assert.Equal("bzac", Order(40, 0, 1, 0));
        Assert.Equal("bazc", Order(11, 1, 0, 0));
    }

    private static (DnsRecord, bool) Service(string target, ushort priority, ushort weight) => (new DnsRecord("x", DnsType.Srv, 1) { Target = target, Priority = priority, Weight = weight }, false);

    // Names of tests have addresses of the documentation's.
    private PeerLocator Locator(params FederationOverride[] overrides) => Locator(allowPrivate: true, overrides);

    private PeerLocator Locator(bool allowPrivate, params FederationOverride[] overrides) => new(resolver, overrides.ToDictionary(o => o.Domain, StringComparer.Ordinal), allowPrivate);
}
