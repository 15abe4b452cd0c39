using IotXmpp.LoadGenerator;

return await LoadCommand.Create().Parse(args).InvokeAsync();
