// The client core has small types of the same names; in the hub these are meant.
global using Element = IotXmpp.Hub.Xml.Element;
global using IqRequest = IotXmpp.Hub.Modules.IqRequest;
global using Stanza = IotXmpp.Hub.Routing.Stanza;
global using StanzaError = IotXmpp.Hub.Routing.StanzaError;
global using StanzaKind = IotXmpp.Hub.Routing.StanzaKind;
