using System.Security.Cryptography;
using System.Text;
using IotXmpp.Esp32;
using IotXmpp.Sasl;
using Xunit;

namespace IotXmpp.Things.Tests.Esp32;

public sealed class ConfigTests
{
    private const string Good = "# a comment\r\nthing = greenhouse-1\ndomain=example.org\n\nboard=esp32-s3-devkitc-1\nparts=bme280@0x76 relay@5,lost=off,after=60\nowner=ann@example.org\nport=15223\nkeepalive=30\ninterval=5\nsleep=0\n\0";

    [Fact]
    public void A_config_is_read_as_it_was_written()
    {
        BoardConfig read = Parse(Good);
        Assert.Equal("greenhouse-1@example.org", read.Account.ToString());
        Assert.Equal("example.org", read.HubHost);
        Assert.Equal(15223, read.Port);
        Assert.Equal(30, read.KeepAliveSeconds);
        Assert.Equal("bme280@0x76 relay@5,lost=off,after=60", read.Parts);
        Assert.Equal(BoardConfig.DefaultCaPath, read.CaPath);
        Assert.Null(read.Warning);

        read.Host = "192.168.1.5";
        BoardConfig again = Parse(Encoding.UTF8.GetString(read.Write()));
        Assert.Equal(read.Write(), again.Write());
        Assert.Equal("192.168.1.5", again.HubHost);
        Assert.InRange(read.Write().Length, 1, BoardConfig.MaxBytes);
    }

    [Theory]
    [InlineData("thing=greenhouse-1", "thing=Green House", "thing must be 1 to 64 of a-z, 0-9 and -, not \"Green House\"")]
    [InlineData("domain=example.org", "domain=a@b", "domain must be the hub's domain, such as example.org, not \"a@b\"")]
    [InlineData("board=esp32-s3-devkitc-1", "", "board is missing, such as esp32-s3-devkitc-1")]
    [InlineData("owner=ann@example.org", "owner=ann", "owner must be an address such as ann@example.org, not \"ann\"")]
    [InlineData("port=15223", "port=0", "port must be from 1 to 65535, not \"0\"")]
    [InlineData("port=15223", "port=many", "line 8: port must be a whole number, not \"many\"")]
    [InlineData("keepalive=30", "keepalive=5", "keepalive must be from 10 to 1200 seconds, not \"5\"")]
    [InlineData("interval=5", "interval=0", "interval must be from 1 to 86400 seconds, not \"0\"")]
    [InlineData("sleep=0", "sleep=-1", "sleep must be from 0 to 604800 seconds, not \"-1\"")]
    [InlineData("sleep=0", "sleep", "line 11: name=value is expected")]
    public void What_is_wrong_is_said_in_one_line(string good, string bad, string expected)
    {
        Assert.Contains(good, Good.Replace(" = ", "=", StringComparison.Ordinal), StringComparison.Ordinal);
        string file = Good.Replace(" = ", "=", StringComparison.Ordinal).Replace(good, bad, StringComparison.Ordinal);
        Assert.Null(BoardConfig.Parse(Encoding.UTF8.GetBytes(file), out string error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void A_name_that_is_not_known_is_told_and_passed_over()
        => Assert.Equal("line 2: there is no setting \"ower\"", Parse("thing=a\nower=b@c\ndomain=d\nboard=e\n").Warning);

    [Fact]
    public void A_missing_or_huge_file_is_said()
    {
        Assert.Null(BoardConfig.Parse(null, out string error));
        Assert.Equal("there is no I:\\thing.conf", error);
        Assert.Null(BoardConfig.Parse(new byte[BoardConfig.MaxBytes + 1], out error));
        Assert.Equal("the file is larger than 2048 bytes", error);
    }

    [Fact]
    public void A_value_that_would_break_the_file_is_refused()
        => Assert.Equal("host must be one line, without white space at its ends", new BoardConfig { Thing = "a", Domain = "d", Board = "b", Host = "x\nport=1" }.Check());

    [Fact]
    public void A_key_is_read_as_it_was_written_and_is_that_of_the_secret()
    {
        byte[] salt = [1, 2, 3, 4, 5, 6, 7, 8];
        DeviceKey key = DeviceKey.Derive(new PortableHash(), "random secret", salt, 4096);
        DeviceKey read = DeviceKey.Parse(key.Write(), out string error)!;
        Assert.Null(error);
        Assert.Equal(salt, read.Keys.Salt);
        Assert.Equal(4096, read.Keys.Iterations);
        byte[] salted = Rfc2898DeriveBytes.Pbkdf2("random secret", salt, 4096, HashAlgorithmName.SHA256, 32);
        Assert.Equal(HMACSHA256.HashData(salted, "Client Key"u8), read.Keys.ClientKey);
        Assert.Equal(HMACSHA256.HashData(salted, "Server Key"u8), read.Keys.ServerKey);
        Assert.Equal(SHA256.HashData(read.Keys.ClientKey), read.StoredKey(new PortableHash()));
        Assert.InRange(key.Write().Length, 1, DeviceKey.MaxBytes);
    }

    [Theory]
    [InlineData("salt=", "salt=AQ==;", "salt must be base64 of 8 bytes or more")]
    [InlineData("iterations=4096", "iterations=100", "iterations must be 4096 or more")]
    [InlineData("clientKey=", "clientKey=AAAA;", "clientKey must be base64 of 32 bytes")]
    [InlineData("serverKey=", "serverKey=AAAA;", "serverKey must be base64 of 32 bytes")]
    [InlineData("salt=", "salt", "line 1: name=value is expected")]
    public void A_damaged_key_is_refused_and_nothing_of_it_is_told(string good, string bad, string expected)
    {
        string file = Encoding.UTF8.GetString(DeviceKey.Derive(new PortableHash(), "s", [1, 2, 3, 4, 5, 6, 7, 8], 4096).Write()).Replace("AQIDBAUGBwg=", "AQIDBAUGBwgA", StringComparison.Ordinal);
        Assert.Null(DeviceKey.Parse(Encoding.UTF8.GetBytes(file.Replace(good, bad, StringComparison.Ordinal)), out string error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void A_board_without_a_key_is_not_provisioned()
    {
        Assert.Null(DeviceKey.Parse(null, out string error));
        Assert.Equal("there is no I:\\thing.key: the board is not provisioned", error);
    }

    private static BoardConfig Parse(string file)
    {
        BoardConfig? config = BoardConfig.Parse(Encoding.UTF8.GetBytes(file), out string error);
        Assert.Null(error);
        return config!;
    }
}
