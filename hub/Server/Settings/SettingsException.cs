namespace IotXmpp.Hub.Server;

/// <summary>A setting is unknown or bad; the message is one line that names it and what is allowed. The program ends with exit code 2.</summary>
public sealed class SettingsException(string message) : Exception(message);
