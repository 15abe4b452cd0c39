using IotXmpp.Things;

namespace IotXmpp.Esp32;

/// <summary>The boards that this firmware knows.</summary>
public static class Esp32Boards
{
    /// <summary>The board of a chip, for firmware that was not told yet which board it is on.</summary>
    /// <param name="target">The name of its runtime's image, such as <c>ESP32_S3_QUAD</c>.</param>
    /// <returns>The board's name.</returns>
    public static string OfTarget(string target)
        => target.StartsWith("ESP32_S3") ? Esp32S3DevKitC1.Name : target.StartsWith("ESP32_C3") ? Esp32C3DevKitM1.Name : Esp32DevKitCV4.Name;

    /// <summary>The chip of a board, in Improv's words.</summary>
    /// <param name="board">The board's name.</param>
    public static string Chip(string board)
    {
        switch (board)
        {
            case Esp32S3DevKitC1.Name:
                return "ESP32-S3";
            case Esp32C3DevKitM1.Name:
                return "ESP32-C3";
            default:
                return "ESP32";
        }
    }

    /// <summary>The pins of a board.</summary>
    /// <param name="name">Its name, as in <c>thing.conf</c>.</param>
    /// <param name="wrong">What is wrong, one line for people; null when nothing is.</param>
    /// <returns>The table, or null when there is no such board.</returns>
    public static BoardPins Find(string name, out string wrong)
    {
        wrong = null;
        switch (name)
        {
            case Esp32DevKitCV4.Name:
                return Esp32DevKitCV4.Pins();
            case Esp32S3DevKitC1.Name:
                return Esp32S3DevKitC1.Pins();
            case Esp32C3DevKitM1.Name:
                return Esp32C3DevKitM1.Pins();
            default:
                wrong = "there is no board \"" + name + "\": " + Esp32DevKitCV4.Name + ", " + Esp32S3DevKitC1.Name + " and " + Esp32C3DevKitM1.Name + " are known";
                return null;
        }
    }
}
