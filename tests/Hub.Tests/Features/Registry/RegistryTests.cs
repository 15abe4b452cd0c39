using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Storage;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Registry;

public sealed class RegistryTests : RegistryHarness
{
    private static readonly ThingAddress s_bobs = new("bob");

    [Fact]
    public async Task Of_two_claimers_one_gets_it()
    {
        await Registry.RegisterAsync(s_bobs, Tags(), isSelfOwned: false);
        RegistryAnswer[] answers = await Task.WhenAll(Registry.ClaimAsync(Of("alice"), Tags(), true), Registry.ClaimAsync(Of("root"), Tags(), true));
        Assert.Single(answers, a => a.Outcome == RegistryOutcome.Done);
        Assert.Single(Contact.Told);
    }

    [Fact]
    public async Task A_key_that_two_things_have_claims_neither()
    {
        await Registry.RegisterAsync(s_bobs, Tags(), isSelfOwned: false);
        await Registry.RegisterAsync(new ThingAddress("operator"), Tags(), isSelfOwned: false);
        Assert.Equal(RegistryOutcome.NotFound, (await Registry.ClaimAsync(Of("alice"), Tags(), true)).Outcome);
    }

    [Fact]
    public async Task Claims_that_fail_make_their_claimer_wait()
    {
        await Registry.RegisterAsync(s_bobs, Tags(), isSelfOwned: false);
        for (int i = 0; i < Options.ClaimFailures; i++)
        {
            Assert.Equal(RegistryOutcome.NotFound, (await Registry.ClaimAsync(Of("alice"), Tags("wrong key, and long"), true)).Outcome);
        }

        Assert.Equal(RegistryOutcome.Throttled, (await Registry.ClaimAsync(Of("alice"), Tags(), true)).Outcome);
        Time.Now += Options.ClaimWindow;
        Assert.Equal(RegistryOutcome.Done, (await Registry.ClaimAsync(Of("alice"), Tags(), true)).Outcome);
    }

    [Fact]
    public async Task A_claim_of_ones_own_does_not_forgive_guesses()
    {
        await Registry.RegisterAsync(s_bobs, Tags(), isSelfOwned: false);
        await Registry.ClaimAsync(Of("alice"), Tags(), true);
        for (int i = 0; i < Options.ClaimFailures; i++)
        {
            await Registry.ClaimAsync(Of("alice"), Tags("a guess that is long"), true);
            if (i < Options.ClaimFailures - 1)
            {
                Assert.Equal(RegistryOutcome.Done, (await Registry.ClaimAsync(Of("alice"), Tags(), true)).Outcome);
            }
        }

        Assert.Equal(RegistryOutcome.Throttled, (await Registry.ClaimAsync(Of("alice"), Tags("a guess that is long"), true)).Outcome);
    }

    [Fact]
    public async Task A_thing_that_registers_while_it_is_being_disowned_is_registered_as_nobodys()
    {
        await Registry.RegisterAsync(s_bobs, Tags(), isSelfOwned: false);
        await Registry.ClaimAsync(Of("alice"), Tags(), true);
        Task<RegistryAnswer>? early = null;
        Contact.Acknowledge = () =>
        {
            early = Registry.RegisterAsync(s_bobs, Tags(), isSelfOwned: false);
            Assert.False(early.IsCompleted);
            return Task.FromResult(true);
        };
        Assert.Equal(RegistryOutcome.Done, (await Registry.DisownAsync(Of("alice"), s_bobs)).Outcome);
        Assert.Null((await early!).Thing!.Owner);
        Assert.Equal(RegistryOutcome.Done, (await Registry.ClaimAsync(Of("root"), Tags(), true)).Outcome);
    }

    [Fact]
    public async Task Without_an_acknowledgement_nothing_changes()
    {
        await Registry.RegisterAsync(s_bobs, Tags(), isSelfOwned: false);
        await Registry.ClaimAsync(Of("alice"), Tags(), true);
        Contact.Acknowledge = () => Task.FromResult(false);
        Assert.Equal(RegistryOutcome.NotAllowed, (await Registry.DisownAsync(Of("alice"), s_bobs)).Outcome);
        Assert.Equal(Of("alice"), (await Store.FindAsync("bob"))!.Owner);
    }

    [Fact]
    public async Task Things_of_one_account_are_bounded()
    {
        for (int i = 0; i < Options.ThingsPerAccount; i++)
        {
            Assert.Equal(RegistryOutcome.Done, (await Registry.RegisterAsync(new ThingAddress("bob", "n" + i), Tags(tags: ("SN", "n" + i)), isSelfOwned: false)).Outcome);
        }

        Assert.Equal(RegistryOutcome.TooMany, (await Registry.RegisterAsync(new ThingAddress("bob", "more"), Tags(), isSelfOwned: false)).Outcome);
        Assert.Equal(RegistryOutcome.Done, (await Registry.RegisterAsync(new ThingAddress("bob", "n1"), Tags(), isSelfOwned: false)).Outcome);
        // A node's id is its own in all of the hub.
        Assert.Equal(RegistryOutcome.Conflict, (await Registry.RegisterAsync(new ThingAddress("alice", "n1"), Tags(), isSelfOwned: false)).Outcome);
        Assert.Equal(RegistryOutcome.Conflict, (await ProvisionAsync("n1", "alice")).Outcome);
    }

    [Fact]
    public async Task An_updated_key_is_the_one_that_claims_and_an_empty_one_claims_nothing()
    {
        await Registry.RegisterAsync(s_bobs, Tags(), isSelfOwned: false);
        await Registry.ClaimAsync(Of("alice"), Tags(), true);
        await Registry.UpdateAsync(s_bobs, Tags("another long key!!", ("ROOM", "7")));
        Assert.Equal(RegistryOutcome.NotFound, (await Registry.ClaimAsync(Of("alice"), Tags(), true)).Outcome);
        Assert.Equal(RegistryOutcome.Done, (await Registry.ClaimAsync(Of("alice"), Tags("another long key!!"), true)).Outcome);
        await Registry.UpdateAsync(s_bobs, Tags("", ("ROOM", "7")));
        Assert.Equal(RegistryOutcome.NotFound, (await Registry.ClaimAsync(Of("alice"), Tags("another long key!!"), true)).Outcome);
    }

    [Fact]
    public async Task The_copy_in_memory_takes_over_what_another_process_changes_and_removes()
    {
        using var other = new RegistryStore(Database);
        await Registry.RegisterAsync(s_bobs, Tags(), isSelfOwned: true);
        Assert.Single(await other.AllAsync());
        await Registry.UpdateAsync(s_bobs, Tags(null, ("ROOM", "7")));
        Assert.Equal("7", (await other.FindAsync("bob"))!.Tags["ROOM"].Value);
        await Store.ForgetAsync("bob");
        Assert.Empty(await other.AllAsync());
    }

    [Fact]
    public async Task What_others_keep_of_an_accounts_things_is_forgotten_before_the_things_and_again_where_that_failed()
    {
        foreach (string node in (string[])["", "n1", "n2"])
        {
            await Registry.RegisterAsync(new ThingAddress("bob", node), Tags(tags: ("SN", "n" + node)), isSelfOwned: false);
        }

        List<string> forgotten = [];
        Provisioning.Forgetting += thing =>
        {
            if (thing.Id == "n2" && !forgotten.Contains("n1, then a failure"))
            {
                forgotten.Add("n1, then a failure");
                throw new StorageException(StorageFailure.Other, "as it may be");
            }

            forgotten.Add(thing.Id);
            return Task.CompletedTask;
        };
        await Assert.ThrowsAsync<StorageException>(() => Provisioning.ForgetAsync("bob"));
        Assert.Equal(3, (await Store.AllAsync()).Values.Count(t => t.Account == "bob"));
        await Provisioning.ForgetAsync("bob");
        Assert.Equal(["bob", "n1", "n1, then a failure", "bob", "n1", "n2"], forgotten);
        Assert.Empty(await Store.AllAsync());
    }

    [Theory]
    [InlineData("IoTDisco;SN:1;KEY:2", "SN=1", "2")]
    [InlineData(@"IoTDisco;SN:a\;b\\c:d;#V:1.5;KEY:k", @"SN=a;b\c:d|V#1.5", "k")]
    public void The_text_of_a_code_is_read_and_written(string text, string tags, string key)
    {
        Assert.True(MetaTags.TryParse(text, out MetaTags? read, out _));
        Assert.Equal(tags, string.Join('|', read.Tags.Select(t => t.Name + (t.Number is null ? "=" : "#") + t.Value)));
        Assert.Equal(key, read.Secret);
        Assert.Equal(text, MetaTags.ToText(read.Tags, read.Secret!));
    }

    [Theory]
    [InlineData("")]
    [InlineData("IoTDisco")]
    [InlineData("IoTDisco;")]
    [InlineData("IoTDisco;SN")]
    [InlineData("IoTDisco;:1")]
    [InlineData("IoTDisco;SN:1;SN:2")]
    [InlineData("IoTDisco;#V:one")]
    [InlineData(@"IoTDisco;SN:1\")]
    [InlineData("SN:1;KEY:2")]
    public void What_is_no_code_is_refused(string text)
    {
        Assert.False(MetaTags.TryParse(text, out _, out string? error));
        Assert.NotEmpty(error!);
    }

    [Fact]
    public void The_hash_of_a_key_is_what_it_was() => Assert.Equal(
        "bc3b6d88061240855ae3c8933368a30e5c4ae3dd7633794aa30792e831fae241", Convert.ToHexString(ClaimKey.Hash([new MetaTag("SN", "1"), new MetaTag("V", "1.50", 1.5)], Key)).ToLowerInvariant());
}
