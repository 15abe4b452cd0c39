using IotXmpp.Things;

namespace IotXmpp.Esp32;

/// <summary>The boards that this firmware knows.</summary>
public static class Esp32Boards
{
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
