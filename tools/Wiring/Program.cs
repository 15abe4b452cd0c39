using IotXmpp.Wiring;

return await WiringCommand.Create().Parse(args).InvokeAsync();
