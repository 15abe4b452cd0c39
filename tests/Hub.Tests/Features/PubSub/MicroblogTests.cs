using System.Text;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.PubSub;

/// <summary>XEP-0277.</summary>
public sealed class MicroblogTests : PubSubHarness
{
    private const string Comments = "urn:xmpp:microblog:0:comments/dd88c9bc";

    [Fact]
    public async Task Comments_are_open_to_all_with_their_authors_and_retractions()
    {
        Ok(await Publisher.PublishAsync(Alice, Comments, [Entry("1", "<title>First</title>")], null));
        NodeConfiguration made = (await Service.Context.NodeAsync(Comments, TestContext.Current.CancellationToken))!.Configuration;
        Assert.Equal(
            (AccessModel.Open, PublishModel.Open, true, ItemReply.Publisher, SendLastPublishedItem.Never, NodeConfiguration.MaxItemsMax),
            (made.AccessModel, made.PublishModel, made.NotifyRetract, made.ItemReply, made.SendLastPublishedItem, made.MaxItems));
        await SubscribeAsync(Alice, Comments);
        Ok(await Publisher.PublishAsync(Bob, Comments, [Entry("2", "<title>Second</title>")], null));
        Assert.True(Sent.Single<ItemsEvent>(Alice).WithPublisher);
    }

    [Theory]
    [InlineData("<note xmlns='urn:x'/>", "1")]
    [InlineData("<entry xmlns='http://www.w3.org/2005/Atom'><content>no title</content></entry>", "1")]
    [InlineData("<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title></feed>", "1")]
    [InlineData("<entry xmlns='http://www.w3.org/2005/Atom'><title>t</title></entry>", "0")]
    public async Task What_is_no_post_is_refused(string payload, string id) =>
        Fails(PubSubError.InvalidPayload, await Publisher.PublishAsync(Alice, Comments, [new(id, Encoding.UTF8.GetBytes(payload))], null));

    [Fact]
    public async Task The_hub_adds_under_which_address_a_post_is_found()
    {
        Options.PayloadBytes = 1_000;
        string id = Ok(await Publisher.PublishAsync(Alice, Comments, [Entry(null, "<title>x</title>"), Entry("0", "<title>About</title>", "feed")], null))[0];
        IReadOnlyList<PublishedItem> items = Ok(await Subscriber.ItemsAsync(Bob, Comments, [id, "0"]));
        string href = $"xmpp:pubsub.example.org?;node=urn%3Axmpp%3Amicroblog%3A0%3Acomments%2Fdd88c9bc;item={id}";
        Assert.Equal($"<entry xmlns='http://www.w3.org/2005/Atom'><title>x</title><link rel='alternate' href='{href}'/></entry>", Encoding.UTF8.GetString(items[0].Payload.Span));
        Assert.DoesNotContain("link", Encoding.UTF8.GetString(items[1].Payload.Span), StringComparison.Ordinal);
        Ok(await Publisher.PublishAsync(Alice, Comments, [new(id, items[0].Payload)], null));
        Assert.Equal(items[0].Payload.ToArray(), Ok(await Subscriber.ItemsAsync(Bob, Comments, [id]))[0].Payload.ToArray()); // once
    }

    private static ItemToPublish Entry(string? id, string inner, string name = "entry") => new(id, Encoding.UTF8.GetBytes($"<{name} xmlns='http://www.w3.org/2005/Atom'>{inner}</{name}>"));
}
