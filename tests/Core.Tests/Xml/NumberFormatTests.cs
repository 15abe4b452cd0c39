using IotXmpp.Xml;
using Xunit;

namespace IotXmpp.Core.Tests.Xml;

public sealed class NumberFormatTests
{
    [Theory]
    [InlineData(0u, 0L)]
    [InlineData(1u, 1L)]
    [InlineData(0x80000000u, 2147483648L)]
    [InlineData(uint.MaxValue, 4294967295L)]
    public void Signed_is_the_same_number(uint value, long same) => Assert.Equal(same, NumberFormat.Signed(value));
}
