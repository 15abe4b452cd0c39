// The client core has small types of the same names; in the hub these are meant.
global using Element = IotXmpp.Hub.Xml.Element;
global using Jid = IotXmpp.Xmpp.Jid;
global using Ns = IotXmpp.Xmpp.Ns;
global using StanzaType = IotXmpp.Hub.Routing.StanzaType;
