using System.Text;
using IotXmpp.Hub.Transport.Bosh;
using Xunit;

namespace IotXmpp.Hub.Tests.Web;

public sealed class BoshAnswersTests
{
    private readonly BoshAnswers _answers = new(2);

    public BoshAnswersTests()
    {
        _answers.Add(7, "key", Encoding.UTF8.GetBytes("seven"), 1_000);
        _answers.Add(8, null, Encoding.UTF8.GetBytes("eight"), 2_000);
    }

    [Fact]
    public void As_many_are_kept_as_requests_may_be_under_way()
    {
        _answers.Add(9, null, [], 3_000);
        Assert.Null(_answers.Find(7, "key"));
        Assert.Equal("eight", Encoding.UTF8.GetString(_answers.Find(8, null)!));
    }

    [Fact]
    public void A_request_with_another_key_is_another_request() => Assert.Null(_answers.Find(7, "other"));

    [Theory]
    [InlineData(6, 5_999, 0, 0)] // it may be on its way
    [InlineData(6, 6_000, 7, 5_000)]
    [InlineData(7, 9_500, 8, 7_500)]
    [InlineData(8, 99_000, 0, 0)]
    public void Who_has_not_what_left_long_since_is_told(long ack, long now, long missing, long time) =>
        Assert.Equal(missing == 0 ? null : (missing, time), _answers.Acknowledge(ack, now));

    [Fact]
    public void What_the_client_has_is_not_kept()
    {
        _answers.Acknowledge(7, 1_500);
        Assert.Null(_answers.Find(7, "key"));
        Assert.NotNull(_answers.Find(8, null));
    }
}
