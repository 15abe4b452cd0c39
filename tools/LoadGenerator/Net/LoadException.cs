namespace IotXmpp.LoadGenerator.Net;

/// <summary>What ended a connection or a request before its time; the kind is what errors are counted by.</summary>
internal sealed class LoadException(string kind) : Exception(kind);
