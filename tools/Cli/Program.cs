using IotXmpp.Cli;

return await CommandLine.RunAsync(args);
