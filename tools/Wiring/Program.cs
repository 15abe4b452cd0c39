using IotXmpp.Wiring;

return WiringCommand.Run(args, Console.Out, Console.Error);
