using IotXmpp.Things;
using Xunit;

namespace IotXmpp.Things.Tests.Parts;

public sealed class GatewayHealthTests
{
    [Fact]
    public void What_the_host_tells_becomes_fields()
    {
        var sample = new Sample();
        sample.Clear(1);
        Assert.True(new GatewayHealth(new Host { CpuMilliCelsius = 47_849, UptimeSeconds = 86_400, DiskFreeBytes = 30_000_000_000, DiskTotalBytes = 40_000_000_000 }).TrySample(sample));
        Assert.Equal("47.8", sample.Value(sample.IndexOf("cpuTemperature")));
        Assert.Equal("86400", sample.Value(sample.IndexOf("uptime")));
        Assert.Equal("25", sample.Value(sample.IndexOf("diskUsed")));
        Assert.Equal("30000", sample.Value(sample.IndexOf("diskFree")));
    }

    [Fact]
    public void What_it_does_not_tell_is_left_out()
    {
        var sample = new Sample();
        sample.Clear(1);
        Assert.True(new GatewayHealth(new Host { UptimeSeconds = 5 }).TrySample(sample));
        Assert.Equal(1, sample.Count);
        Assert.Equal("uptime", sample.Name(0));
    }

    private sealed class Host : IHostHealth
    {
        public int CpuMilliCelsius { get; init; } = int.MinValue;
        public long UptimeSeconds { get; init; } = -1;
        public long DiskFreeBytes { get; init; } = -1;
        public long DiskTotalBytes { get; init; } = -1;
        public bool TryRead() => true;
    }
}
