using System.Globalization;
using System.Text.Json;

// The board is the folder FAKE_NANOFF_BOARD: what is written goes to files there. FAKE_NANOFF_CHIP is the chip that is plugged in, FAKE_NANOFF_VERSION the version to
// be, FAKE_NANOFF_FAULT a fault to show: 'file' does not write thing.key and ends with 0, 'key' writes it with one bit flipped, 'sync' does not reach the bootloader,
// 'wifi' does not take the network. What nanoff would take and make something else of (a field that it does not know, a step before the one that it needs) is an error here.
string board = Environment.GetEnvironmentVariable("FAKE_NANOFF_BOARD") ?? throw new InvalidOperationException("FAKE_NANOFF_BOARD names no folder");
string version = Environment.GetEnvironmentVariable("FAKE_NANOFF_VERSION") ?? "2.5.98";
string fault = Environment.GetEnvironmentVariable("FAKE_NANOFF_FAULT") ?? string.Empty;
bool verbs = version[0] >= '3';
if (args is ["--version"])
{
    Console.WriteLine(verbs ? $".NET nanoFramework Firmware Flasher v{version}-preview.1+06913d2" : $"nanoff {version}+baccab8");
    return 0;
}

File.AppendAllText(Path.Combine(board, "calls.txt"), string.Join(' ', args) + "\n");
var options = new Dictionary<string, string>();
string verb = string.Empty;
string[] known = verbs
    ? ["target", "serialport", "image", "address", "file", "network", "suppressnanoffversioncheck"]
    : ["target", "serialport", "image", "address", "filedeployment", "networkdeployment", "update", "deploy", "devicedetails", "suppressnanoffversioncheck"];
string[] flags = ["update", "deploy", "devicedetails", "suppressnanoffversioncheck"];
for (int i = 0; i < args.Length; i++)
{
    if (i == 0 && verbs && args[0] is "flash" or "deploy" or "details")
    {
        verb = args[0];
        continue;
    }

    string name = args[i].StartsWith("--", StringComparison.Ordinal) ? args[i][2..] : string.Empty;
    if (!known.Contains(name) || (!flags.Contains(name) && i + 1 == args.Length))
    {
        return Error("E9000", "Invalid or missing arguments.");
    }

    options[name] = flags.Contains(name) ? string.Empty : args[++i];
}

Console.WriteLine($".NET nanoFramework Firmware Flasher v{version}");
Console.WriteLine("Copyright (C) 2019 .NET Foundation and nanoFramework project contributors");
Console.WriteLine();
if (options.GetValueOrDefault(verbs ? "network" : "networkdeployment") is { } network)
{
    if (!verbs)
    {
        Console.WriteLine("No operation was performed with the options supplied.");
    }

    return Network(network);
}

return options.GetValueOrDefault(verbs ? "file" : "filedeployment") is { } files ? Files(files) : Chip();

// The ROM bootloader: details, runtime, application.
int Chip()
{
    if (!options.TryGetValue("serialport", out string? port) || !TryUse(port))
    {
        return Error("E6000", "Couldn't open serial device. Make sure the COM port exists, that the device is connected and that it's not being used by another application.");
    }

    if (fault == "sync")
    {
        Console.WriteLine("Can't connect to ESP32 bootloader. Try to put the board in bootloader manually.");
        return Error("E4000", "Error executing ESP32 serial command. (no answer to sync)");
    }

    string chip = Environment.GetEnvironmentVariable("FAKE_NANOFF_CHIP") ?? "ESP32-S3";
    Console.WriteLine("Reading details from chip...OK");
    Console.WriteLine();
    Console.WriteLine("Connected to:");
    Console.WriteLine($"{chip} ({chip} (QFN56) (revision v0.2))");
    Console.WriteLine("Features Wi-Fi, BT 5 (LE), Dual Core + LP Core, 240MHz");
    Console.WriteLine("Flash size 8MB unknown from GD (manufacturer 0xC8 device 0x4017)");
    Console.WriteLine("PSRAM: 2MB");
    Console.WriteLine("Crystal 40MHz");
    Console.WriteLine("MAC 7C:DF:A1:E0:12:34");
    if (verb == "details" || options.ContainsKey("devicedetails"))
    {
        return 0;
    }

    string target = options["target"];
    if (verb == "flash" || options.ContainsKey("update"))
    {
        File.WriteAllText(Path.Combine(board, "runtime"), target);
        Console.WriteLine("Flashing firmware...OK");
        return 0;
    }

    if (!File.Exists(Path.Combine(board, "runtime")))
    {
        return Error("E9999", "The application comes after the runtime: --update writes the partition table.");
    }

    if (!File.Exists(options["image"]))
    {
        return Error("E9008", "Couldn't find application file. Check the path.");
    }

    // Without an address it would go to 0x1B0000 on every chip.
    string address = options.GetValueOrDefault("address", "0x1B0000");
    File.Copy(options["image"], Path.Combine(board, "app-" + address), overwrite: true);
    Console.WriteLine("Flashing deployment partition...OK");
    return 0;
}

// The runtime's wire protocol: settings and files.
int Network(string json)
{
    using JsonDocument document = JsonDocument.Parse(File.ReadAllText(json));
    if (!Runs(document))
    {
        return Error("E2000", "Error connecting to nano device.");
    }

    JsonElement wireless = document.RootElement.GetProperty("WirelessClient");
    string? field = Unknown(document.RootElement, "SerialPort", "WirelessClient", "WirelessAccessPoint", "Ethernet", "DeviceCertificates", "DeviceCertificatesPath", "CACertificates", "CACertificatesPath")
        ?? Unknown(
            wireless, "Ssid", "Password", "Authentication", "Encryption", "ConfigurationOption", "RadioType", "DhcpEnabled", "AutomaticDNS", "IPv4Address", "IPv4NetMask", "IPv4Gateway", "IPv4DNSAddress1",
            "IPv4DNSAddress2", "MacAddress");
    if (field is not null)
    {
        return Error("E9999", $"There is no {field} in a network configuration.");
    }

    // nanoff reads from the board whether the DNS is automatic; this board says no, so both addresses are parsed.
    _ = System.Net.IPAddress.Parse(wireless.GetProperty("IPv4DNSAddress1").GetString()!);
    _ = System.Net.IPAddress.Parse(wireless.GetProperty("IPv4DNSAddress2").GetString()!);
    Console.Write("Updating network configuration...");
    Console.WriteLine("OK");
    Console.Write("Updating wireless configuration...");
    if (fault == "wifi")
    {
        Console.WriteLine();
        Console.WriteLine("Error uploading wireless configuration.");
        return Error("E2002", "Error executing operation with nano device.");
    }

    // Without Encryption there is none, whatever Authentication says.
    string encryption = wireless.TryGetProperty("Encryption", out JsonElement named) ? named.GetString()! : "None";
    File.WriteAllText(Path.Combine(board, "wifi"), $"{wireless.GetProperty("Ssid").GetString()}\n{wireless.GetProperty("Password").GetString()}\n{encryption}");
    Console.WriteLine("OK");
    return 0;
}

int Files(string json)
{
    using JsonDocument document = JsonDocument.Parse(File.ReadAllText(json));
    if (!Runs(document))
    {
        return Error("E2000", "Error connecting to nano device.");
    }

    Console.WriteLine("Debug engine created.");
    Console.WriteLine("Device connected and ready for deployment.");
    foreach (JsonElement file in document.RootElement.GetProperty("Files").EnumerateArray())
    {
        string source = file.GetProperty("SourceFilePath").GetString()!;
        string destination = file.GetProperty("DestinationFilePath").GetString()!;
        Console.Write($"Deploying file {source} to {destination}...");
        if (fault == "file" && destination.EndsWith(".key", StringComparison.Ordinal))
        {
            Console.WriteLine();
            Console.WriteLine($"Error deploying content file {source} to {destination}");
            continue;
        }

        if (Unknown(file, "SourceFilePath", "DestinationFilePath") is not null || !destination.StartsWith("I:\\", StringComparison.Ordinal))
        {
            return Error("E9999", $"{destination} is on no drive, or a field is unknown.");
        }

        string written = Path.Combine(board, destination[3..]);
        File.Copy(source, written, overwrite: true);
        if (fault == "key" && destination.EndsWith(".key", StringComparison.Ordinal))
        {
            string[] lines = File.ReadAllLines(written);
            int at = Array.FindIndex(lines, l => l.StartsWith("clientKey=", StringComparison.Ordinal));
            byte[] key = Convert.FromBase64String(lines[at]["clientKey=".Length..]);
            key[0] ^= 1;
            lines[at] = "clientKey=" + Convert.ToBase64String(key);
            File.WriteAllLines(written, lines);
        }

        Console.WriteLine("OK");
    }

    return 0;
}

// The first field that nanoff's class has not: it would be passed over in silence.
static string? Unknown(JsonElement json, params string[] known) => json.EnumerateObject().Select(p => p.Name).FirstOrDefault(n => !known.Contains(n));

bool Runs(JsonDocument document) => TryUse(document.RootElement.GetProperty("SerialPort").GetString()!) && File.Exists(Path.Combine(board, "runtime"));

// It takes the port for itself, as nanoff does: who calls it must not hold it.
bool TryUse(string port)
{
    foreach (string process in Directory.EnumerateDirectories("/proc").Where(p => int.TryParse(Path.GetFileName(p), NumberStyles.None, CultureInfo.InvariantCulture, out _)))
    {
        try
        {
            if (Directory.EnumerateFileSystemEntries(Path.Combine(process, "fd")).Any(fd => File.ResolveLinkTarget(fd, false)?.FullName == port))
            {
                return false;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has just ended, or is another user's.
        }
    }

    return File.Exists(port);
}

// The exit code is the error's number, of which Unix keeps eight bits.
static int Error(string code, string text)
{
    Console.WriteLine($"Error {code}: {text}");
    return int.Parse(code[1..], CultureInfo.InvariantCulture) & 0xFF;
}
