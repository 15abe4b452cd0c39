namespace IotXmpp.Gateway;

/// <summary>A way in for things: a TCP port, a serial line, a radio. It makes byte streams and hands each to the gateway; everything above is the same for all of them.</summary>
public interface INodePort
{
    /// <summary>Where it is, for people: <c>tcp 127.0.0.1:5290</c>, <c>serial /dev/ttyACM0</c>.</summary>
    string Name { get; }

    /// <summary>Serves until it is cancelled. What fails on the way is tried again, and told by <paramref name="log"/> in one line.</summary>
    /// <param name="serve">Serves one link to its end; closes nothing.</param>
    /// <param name="log">Takes a line for people.</param>
    /// <param name="cancellationToken">Ends it.</param>
    Task RunAsync(Func<INodeLink, CancellationToken, Task> serve, Action<string> log, CancellationToken cancellationToken);
}

/// <summary>One link to a thing, or to whoever says to be one.</summary>
public interface INodeLink
{
    /// <summary>Who is at the other end, for people.</summary>
    string Peer { get; }

    /// <summary>The bytes.</summary>
    Stream Stream { get; }

    /// <summary>Whether others can listen and write on the way, so that lines must be sealed: a network, not this machine and not a cable.</summary>
    bool IsOpen { get; }

    /// <summary>Whether it is a cable with one thing at its end: then nobody has to hurry to say who he is.</summary>
    bool IsCable { get; }
}

/// <summary>A link that is a stream.</summary>
/// <param name="Peer">Who is at the other end.</param>
/// <param name="Stream">The bytes.</param>
/// <param name="IsOpen">Whether others can listen and write on the way.</param>
/// <param name="IsCable">Whether one thing is at its end.</param>
internal sealed record NodeLink(string Peer, Stream Stream, bool IsOpen, bool IsCable) : INodeLink;
