using IotXmpp.Xmpp;

namespace IotXmpp.SelfTest;

/// <summary>How a self-test reaches the hub: what nanoFramework's System.Net and .NET each do in their own way.</summary>
public interface ISelfTestLink : ITransport
{
    /// <summary>Milliseconds since some start; does not go back.</summary>
    long NowMs { get; }

    /// <summary>Says whose transport it is.</summary>
    /// <param name="client">The client.</param>
    void Attach(XmppClient client);

    /// <summary>Connects, reads and tells the client what has come.</summary>
    /// <param name="waitMs">How long to wait at most when nothing is there.</param>
    void Step(int waitMs);

    /// <summary>Loses the socket without a word to the server's stream, as a dead radio does; the client is told at the next step.</summary>
    void Cut();

    /// <summary>Collects the garbage.</summary>
    /// <returns>Free bytes of the managed heap, or -1 when the platform does not tell.</returns>
    long FreeHeap();

    /// <summary>Prints a line for whoever watches.</summary>
    /// <param name="text">The line.</param>
    void Print(string text);
}
