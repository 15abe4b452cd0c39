namespace IotXmpp.Cli.Flash.Nanoff;

/// <summary>
/// How nanoff is spoken to. Up to 2.x it has options only (<c>--update --target …</c>), from 3.0 on verbs (<c>flash --target …</c>); words without dashes would do there,
/// too, but a value that is a keyword would then be taken for one. The JSON files are the same.
/// </summary>
internal sealed class NanoffSyntax
{
    private readonly bool _verbs;

    private NanoffSyntax(bool verbs) => _verbs = verbs;

    /// <summary>nanoff up to 2.x.</summary>
    public static NanoffSyntax Options { get; } = new(false);

    /// <summary>nanoff from 3.0 on.</summary>
    public static NanoffSyntax Verbs { get; } = new(true);

    /// <summary>The syntax of a version.</summary>
    public static NanoffSyntax Of(Version version) => version.Major >= 3 ? Verbs : Options;

    /// <summary>Asks the chip what it is; nothing is written.</summary>
    public IReadOnlyList<string> Details(string target, string port) =>
        _verbs ? ["details", "--target", target, "--serialport", port, NoCheck] : ["--target", target, "--serialport", port, "--devicedetails", NoCheck];

    /// <summary>Writes the runtime: bootloader, partition table, nanoCLR. The configuration partition is kept.</summary>
    public IReadOnlyList<string> Update(string target, string port) =>
        _verbs ? ["flash", "--target", target, "--serialport", port, NoCheck] : ["--update", "--target", target, "--serialport", port, NoCheck];

    /// <summary>
    /// Writes the application. The address is always given: nanoff's own default (0x1B0000) lies inside the runtime on some chips, and <c>--update --deploy</c> in one call
    /// ignores it.
    /// </summary>
    public IReadOnlyList<string> Deploy(string target, string port, string image, string address) => _verbs
        ? ["deploy", "--target", target, "--serialport", port, "--image", image, "--address", address, NoCheck]
        : ["--target", target, "--serialport", port, "--deploy", "--image", image, "--address", address, NoCheck];

    /// <summary>Writes Wi-Fi settings; the port stands in the file, because with <c>--serialport</c> versions before July 2026 start the bootloader first.</summary>
    public IReadOnlyList<string> Network(string json) => _verbs ? ["deploy", "--network", json, NoCheck] : ["--networkdeployment", json, NoCheck];

    /// <summary>Writes files; the port stands in the file.</summary>
    public IReadOnlyList<string> Files(string json) => _verbs ? ["deploy", "--file", json, NoCheck] : ["--filedeployment", json, NoCheck];

    /// <summary>Fetches the runtime into a folder, without a board.</summary>
    public IReadOnlyList<string> Fetch(string target, string folder) => _verbs
        ? ["cache", "--download", "--target", target, "--archivepath", folder, NoCheck]
        : ["--updatearchive", "--target", target, "--archivepath", folder, NoCheck];

    // Its look for a newer version needs the internet, and its answer would stand between the lines that are read.
    private const string NoCheck = "--suppressnanoffversioncheck";
}
