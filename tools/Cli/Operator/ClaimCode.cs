using System.Text;
using IotXmpp.Hub.Features.Registry;
using QRCoder;
using StbImageSharp;
using ZXing;
using ZXing.Common;

namespace IotXmpp.Cli.Operator;

/// <summary>The code by which a thing is claimed (XEP-0347 §3.5): as text, as a picture, on a terminal.</summary>
internal static class ClaimCode
{
    /// <summary>Bytes of a picture file, at most: what a telephone's camera makes is below it.</summary>
    private const int FileLimit = 32 * 1024 * 1024;

    /// <summary>Pixels of a side of the picture, at most.</summary>
    private const int SideLimit = 12_000;

    /// <summary>Reads the code of a file: text, or a PNG or JPEG picture that shows a QR code.</summary>
    /// <exception cref="CliException">It cannot be read, or holds no code.</exception>
    public static string ReadFile(string path)
    {
        byte[] bytes;
        try
        {
            var file = new FileInfo(path);
            if (file.Exists && file.Length > FileLimit)
            {
                throw new CliException(ExitCode.Usage, $"{path} is larger than {FileLimit / 1024 / 1024} MB: a text file, or a PNG or JPEG picture of the QR code is expected");
            }

            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"{path} cannot be read: {e.Message}");
        }

        return bytes.AsSpan().StartsWith("IoTDisco"u8) ? Encoding.UTF8.GetString(bytes).Trim() : ReadPicture(path, bytes);
    }

    /// <summary>The picture of a code.</summary>
    /// <returns>A PNG file: black on white with the quiet zone that scanners want.</returns>
    public static byte[] ToPng(string code)
    {
        using QRCodeData data = Encode(code);
        using var png = new PngByteQRCode(data);
        return png.GetGraphic(pixelsPerModule: 8);
    }

    /// <summary>The picture of a code in lines of text: two rows of modules a line.</summary>
    /// <param name="code">The code.</param>
    /// <param name="isColoured">Whether black and white are asked of the terminal; else light modules are blocks, for a terminal with a dark background.</param>
    public static IEnumerable<string> ToLines(string code, bool isColoured)
    {
        using QRCodeData data = Encode(code);
        int side = data.ModuleMatrix.Count;
        for (int y = 0; y < side; y += 2)
        {
            var line = new StringBuilder(isColoured ? "\u001b[30;107m" : string.Empty);
            for (int x = 0; x < side; x++)
            {
                bool upper = data.ModuleMatrix[y][x];
                bool lower = y + 1 < side && data.ModuleMatrix[y + 1][x];
                // Where nobody colours the background, what is painted is the light.
                (bool top, bool bottom) = isColoured ? (upper, lower) : (!upper, y + 1 < side && !lower);
                line.Append((top, bottom) switch
                {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    _ => ' ',
                });
            }

            yield return isColoured ? line.Append("\u001b[0m").ToString() : line.ToString();
        }
    }

    /// <summary>The tags of a code, checked.</summary>
    /// <exception cref="CliException">It is none.</exception>
    public static MetaTags Parse(string code)
    {
        if (!MetaTags.TryParse(code, out MetaTags? tags, out string? error))
        {
            throw new CliException(ExitCode.Usage, $"this is no claim code: {error}; such as IoTDisco;SN:4711;MODEL:Lamp;KEY:… is expected");
        }

        return string.IsNullOrEmpty(tags.Secret) ? throw new CliException(ExitCode.Usage, "the code has no KEY: it claims nothing") : tags;
    }

    private static QRCodeData Encode(string code)
    {
        using var generator = new QRCodeGenerator();
        return generator.CreateQrCode(code, QRCodeGenerator.ECCLevel.M, forceUtf8: true);
    }

    private static string ReadPicture(string path, byte[] bytes)
    {
        ImageResult image;
        try
        {
            using var size = new MemoryStream(bytes);
            if (ImageInfo.FromStream(size) is not { } info || info.Width > SideLimit || info.Height > SideLimit)
            {
                throw new CliException(ExitCode.Usage, $"{path} is no code: a text file that begins with IoTDisco;, or a PNG or JPEG picture of at most {SideLimit} pixels a side is expected");
            }

            image = ImageResult.FromMemory(bytes, ColorComponents.RedGreenBlue);
        }
#pragma warning disable CA1031 // a decoder of a foreign format throws what it likes on a broken file
        catch (Exception e) when (e is not (CliException or OutOfMemoryException))
#pragma warning restore CA1031
        {
            throw new CliException(ExitCode.Usage, $"{path} is no picture that can be read ({e.Message}); PNG or JPEG is expected");
        }

        var source = new RGBLuminanceSource(image.Data, image.Width, image.Height, RGBLuminanceSource.BitmapFormat.RGB24);
        var reader = new BarcodeReaderGeneric
        {
            AutoRotate = true,
            Options = new DecodingOptions { PossibleFormats = [BarcodeFormat.QR_CODE], TryHarder = true, TryInverted = true, CharacterSet = "UTF-8" },
        };
        return reader.Decode(source)?.Text ?? throw new CliException(ExitCode.Usage, $"no QR code is seen in {path}; a sharper picture that shows all of it may do");
    }
}
