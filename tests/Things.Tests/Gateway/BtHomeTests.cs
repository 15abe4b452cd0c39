using IotXmpp.Features;
using IotXmpp.Gateway;
using Xunit;

namespace IotXmpp.Things.Tests.Gateway;

public sealed class BtHomeTests
{
    private static readonly byte[] Address = Convert.FromHexString("5448E68F80A5");
    private static readonly byte[] Key = Convert.FromHexString("231D39C1D7CC1AB1AEE224CD096DB932");

    private static (BtHomeOutcome Outcome, string Fields) Read(BtHome device, string hex)
    {
        var sample = new Sample();
        sample.Clear(0);
        BtHomeOutcome outcome = device.TryRead(Convert.FromHexString(hex), sample);
        return (outcome, string.Join(' ', Enumerable.Range(0, sample.Count).Select(i => $"{sample.Name(i)}={sample.Value(i)}{(sample.Kind(i) == FieldKind.Numeric ? sample.Text(i) : "")}")));
    }

    // The payloads are those of the format's own page, but for the last six.
    [Theory]
    [InlineData("4002C409", "temperature=25°C")]
    [InlineData("4002C40903BF13", "temperature=25°C humidity=50.55%")]
    [InlineData("400161", "battery=97%")]
    [InlineData("4004138A01", "pressure=1008.83hPa")]
    [InlineData("4005138A14", "illuminance=13460.67lx")]
    [InlineData("4008CA06", "dewPoint=17.38°C")]
    [InlineData("400A138A14", "energy=1346.067kWh")]
    [InlineData("400B021B00", "power=69.14W")]
    [InlineData("400C020C", "voltage=3.074V")]
    [InlineData("4012E204", "co2=1250ppm")]
    [InlineData("403A01", "button=press")]
    [InlineData("403C0103", "dimmer=-3")]
    [InlineData("400F01", "on=true")]
    [InlineData("402101", "motion=true")]
    [InlineData("4045 1101", "temperature=27.3°C")]
    [InlineData("4057EA", "temperature=-22°C")]
    [InlineData("4058EA", "temperature=-7.7°C")]
    [InlineData("40530C48656C6C6F20576F726C6421", "text=Hello World!")]
    [InlineData("40540C48656C6C6F20576F726C6421 0161", "battery=97%")]
    [InlineData("4000 09 0161 02C409 02C409 2D01", "battery=97% temperature=25°C temperature-2=25°C window=true")]
    [InlineData("40 0161 E0 02C409", "battery=97%")]
    [InlineData("40 0161 02C4", "battery=97%")]
    [InlineData("40 3A00 0161", "battery=97%")]
    [InlineData("40 5302 4107 0161", "battery=97%")]
    [InlineData("40", "")]
    public void What_a_sensor_says_becomes_fields(string hex, string expected)
        => Assert.Equal((BtHomeOutcome.Read, expected), Read(new BtHome(Address, null), hex.Replace(" ", "", StringComparison.Ordinal)));

    /// <summary>The example of the format's page on encryption.</summary>
    [Fact]
    public void An_encrypted_one_is_read_with_its_key_only()
    {
        const string Heard = "41A47266C95F730011223378237214";
        Assert.Equal((BtHomeOutcome.Read, "temperature=25.06°C humidity=50.55%"), Read(new BtHome(Address, Key), Heard));
        Assert.Equal(BtHomeOutcome.KeyMismatch, Read(new BtHome(Address, null), Heard).Outcome);
        Assert.Equal(BtHomeOutcome.Forged, Read(new BtHome(Address, [.. Key.Reverse()]), Heard).Outcome);
        Assert.Equal(BtHomeOutcome.Forged, Read(new BtHome([1, 2, 3, 4, 5, 6], Key), Heard).Outcome);
        Assert.Equal(BtHomeOutcome.KeyMismatch, Read(new BtHome(Address, Key), "4002C409").Outcome);
        Assert.Equal(BtHomeOutcome.Unknown, Read(new BtHome(Address, Key), "41A472").Outcome);
    }

    [Fact]
    public void What_was_recorded_and_is_sent_again_later_is_not_taken()
    {
        var device = new BtHome(Address, Key);
        string first = Encrypted("02C409", 500);
        string second = Encrypted("02CA09", 501);
        Assert.Equal((BtHomeOutcome.Read, "temperature=25°C"), Read(device, first));
        Assert.Equal(BtHomeOutcome.Read, Read(device, first).Outcome);
        Assert.Equal(BtHomeOutcome.Read, Read(device, second).Outcome);
        Assert.Equal((BtHomeOutcome.Replayed, ""), Read(device, first));
        // A battery was changed: the counter begins anew.
        Assert.Equal(BtHomeOutcome.Read, Read(device, Encrypted("02C409", 1)).Outcome);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2002C409")]
    [InlineData("0002C409")]
    public void Another_version_is_not_read(string hex) => Assert.Equal((BtHomeOutcome.Unknown, ""), Read(new BtHome(Address, null), hex));

    private static string Encrypted(string hex, uint counter)
    {
        byte[] plain = Convert.FromHexString(hex);
        byte[] cipher = new byte[plain.Length];
        byte[] mic = new byte[4];
        byte[] count = BitConverter.GetBytes(counter);
        using var ccm = new System.Security.Cryptography.AesCcm(Key);
        byte[] nonce = [.. Address, 0xD2, 0xFC, 0x41, .. count];
        ccm.Encrypt(nonce, plain, cipher, mic);
        return "41" + Convert.ToHexString(cipher) + Convert.ToHexString(count) + Convert.ToHexString(mic);
    }
}
