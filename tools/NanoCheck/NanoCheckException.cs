namespace IotXmpp.NanoCheck;

/// <summary>What was asked cannot be done: the message says what and how to mend it.</summary>
internal sealed class NanoCheckException(string message) : Exception(message);
