using System.Text;
using IotXmpp.Hub.Features.VCard;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.VCard;

public sealed class VCardStoreTests : IAsyncLifetime
{
    private ISqlDatabase _database = null!;
    private VCardStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.OpenAsync(VCardStore.Migrations);
        _store = new VCardStore(_database);
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task A_card_is_kept_with_the_name_of_its_photo()
    {
        Assert.Null(await _store.FindAsync("alice", TestContext.Current.CancellationToken));
        Assert.Equal("", await _store.PhotoHashAsync("alice", TestContext.Current.CancellationToken));
        await _store.SetAsync("alice", new StoredVCard([1], "a"));
        await _store.SetAsync("alice", new StoredVCard([2], "b"));
        StoredVCard card = (await _store.FindAsync("alice", TestContext.Current.CancellationToken))!;
        Assert.Equal([2], card.Xml);
        Assert.Equal("b", await _store.PhotoHashAsync("alice", TestContext.Current.CancellationToken));
        await _store.RemoveAsync("alice");
        Assert.Null(await _store.FindAsync("alice", TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("<PHOTO><TYPE>image/png</TYPE><BINVAL>aGV\nsbG8=</BINVAL></PHOTO>", "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d")]
    [InlineData("<PHOTO><BINVAL>aGVsbG8=</BINVAL></PHOTO>", "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d")]
    [InlineData("<PHOTO><BINVAL>not base64!</BINVAL></PHOTO>", null)]
    [InlineData("<PHOTO><BINVAL/></PHOTO>", null)]
    [InlineData("<PHOTO><EXTVAL>http://example.org/p.png</EXTVAL></PHOTO>", null)]
    [InlineData("<FN>A</FN>", null)]
    public void A_photo_is_what_is_in_the_card(string inner, string? hash) => Assert.Equal(hash, Photo.Of(Card(inner))?.Hash);

    [Fact]
    public void Another_photo_leaves_the_rest_of_the_card()
    {
        Element card = Photo.Replace(Card("<FN>A</FN><PHOTO><BINVAL>eA==</BINVAL></PHOTO><N><GIVEN>B</GIVEN></N>"), new Photo("image/png", "hello"u8.ToArray()));
        Assert.Equal(["FN", "N", "PHOTO"], card.Children.Select(c => c.Name));
        Assert.Equal("aGVsbG8=", card.Child("PHOTO")!.Child("BINVAL")!.Text);
        Assert.Equal(["FN", "N"], Photo.Replace(card, null).Children.Select(c => c.Name));
    }

    private static Element Card(string inner) => Element.Parse(Encoding.UTF8.GetBytes($"<vCard xmlns='vcard-temp'>{inner}</vCard>"));
}
