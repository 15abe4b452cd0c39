using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Esp32.Board;

/// <summary>What a loadable image has at its entry: the class <see cref="EntryName"/>, with a constructor without parameters. It gives the parts that the board runs instead of those that were flashed.</summary>
public abstract class BoardModule
{
    /// <summary>The whole name of the class.</summary>
    public const string EntryName = "IotXmpp.Module.Entry";

    /// <summary>Makes the parts.</summary>
    /// <param name="config">The board's configuration, with the part list that was flashed.</param>
    /// <param name="io">The board's pins.</param>
    /// <param name="settings">Where parts keep what was set.</param>
    /// <param name="wrong">What is wrong, one line for people; null when nothing is.</param>
    /// <returns>The parts, or null when something is wrong.</returns>
    public abstract ThingPart[] MakeParts(BoardConfig config, IBoardIo io, ISettings settings, out string wrong);
}
