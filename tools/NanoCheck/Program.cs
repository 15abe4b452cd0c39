using IotXmpp.NanoCheck;

return NanoCheckCommand.Run(args, Console.Out, Console.Error);
