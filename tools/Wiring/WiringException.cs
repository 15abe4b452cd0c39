namespace IotXmpp.Wiring;

/// <summary>A file that cannot be used. The message is one line for people.</summary>
internal sealed class WiringException(string message) : Exception(message);
