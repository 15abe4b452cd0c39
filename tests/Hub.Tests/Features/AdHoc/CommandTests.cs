using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.AdHoc;

public sealed class CommandTests
{
    private static readonly Jid s_service = new("", "things.example.org", "");
    private readonly ManualTime _time = new();
    private readonly AdHocOptions _options = new() { SessionsPerAccount = 2, Sessions = 3, Stages = 3 };
    private readonly HashSet<string> _forbidden = [];
    private readonly List<string> _done = [];
    private readonly CommandService _service;

    public CommandTests()
    {
        CommandHandler third = (input, _) => End(input);
        CommandHandler second = (input, _) => input.Action == CommandAction.Complete ? End(input) : new(CommandStep.AskNext(Form("mode"), third));
        CommandHandler first = (input, _) => input.Form["service"]!.Value == "bad" ? new(CommandStep.Bad("Not this one.")) : new(CommandStep.AskNext(Form("level"), second, canComplete: true));
        var wizard = new AdHocCommand("config", "Configure", (who, _) => new(!_forbidden.Contains(who.Local)), (_, _) => new(CommandStep.AskNext(Form("service"), first)));
        var typed = new AdHocCommand("typed", "Typed", (_, _) => new(true), (_, _) => new(CommandStep.Ask(
            new DataForm(FormType.Form)
                .Add(new FormField("flag") { Type = "boolean" })
                .Add(new FormField("kind") { Type = "list-single", Options = [new("a"), new("b")], IsRequired = true })
                .Add(new FormField("who") { Type = "jid-single" }),
            (input, _) => End(input))));
        var endless = new AdHocCommand("endless", "Endless", (_, _) => new(true), (_, _) => new(Again()));
        _service = new CommandService(new Dictionary<string, AdHocCommand> { ["config"] = wizard, ["typed"] = typed, ["endless"] = endless }, _options, _time);

        CommandStep Again() => CommandStep.AskNext(Form("x"), (_, _) => new(Again()));
        ValueTask<CommandStep> End(CommandInput input)
        {
            _done.Add(string.Join(',', input.Form.Fields.Select(f => $"{f.Var}={f.Value}")));
            return new(CommandStep.Done(null, new CommandNote(NoteType.Info, "Done.")));
        }
    }

    private static DataForm Form(string field) => new DataForm(FormType.Form).Add(new FormField(field) { Type = "text-single", IsRequired = true });

    private static DataForm Submit(params (string Var, string Value)[] fields)
    {
        var form = new DataForm(FormType.Submit);
        foreach ((string var, string value) in fields)
        {
            form.Add(new FormField(var) { Values = [value] });
        }

        return form;
    }

    private async Task<IqReply> RunAsync(string node, string? session, string? action, DataForm? form, string who = "alice", string resource = "r") =>
        await _service.ExecuteAsync(new CommandRequest(new Jid(who, "example.org", resource), s_service, node, session, action, null, form), default);

    private async Task<string> BeginAsync(string node = "config", string who = "alice") => Read(await RunAsync(node, null, null, null, who))["sessionid"]!;

    private static Element Read(IqReply reply)
    {
        Assert.Null(reply.Error);
        return Element.Parse(reply.Payload.Span);
    }

    private static string Actions(Element command) =>
        string.Join(' ', command.Child("actions")!.Children.Select(c => c.Name).Prepend(command.Child("actions")!["execute"]));

    private static void Fails(string condition, string? specific, IqReply reply)
    {
        Assert.Equal(condition, reply.Error?.Condition);
        Assert.Equal(specific ?? "", reply.Error!.Extension.IsEmpty ? "" : Element.Parse(reply.Error.Extension.Span).Name);
    }

    [Fact]
    public async Task Stages_go_on_and_back_as_far_as_they_came()
    {
        Element one = Read(await RunAsync("config", null, "execute", null));
        Assert.Equal(("executing", "next next"), (one["status"], Actions(one)));
        string session = one["sessionid"]!;
        Element two = Read(await RunAsync("config", session, null, Submit(("service", "httpd"))));
        Assert.Equal(("level", "next prev next complete"), (two.Child("x", Ns.DataForms)!.Child("field")!["var"], Actions(two)));
        Element back = Read(await RunAsync("config", session, "prev", null));
        Assert.Equal("service", back.Child("x", Ns.DataForms)!.Child("field")!["var"]);
        Fails("bad-request", "bad-action", await RunAsync("config", session, "prev", null));
        Read(await RunAsync("config", session, "next", Submit(("service", "httpd"))));
        Element done = Read(await RunAsync("config", session, "complete", Submit(("level", "3"))));
        Assert.Equal("completed", done["status"]);
        Assert.Equal(["level=3"], _done);
        Fails("not-allowed", "session-expired", await RunAsync("config", session, "next", Submit(("level", "3"))));
    }

    [Fact]
    public async Task A_value_that_cannot_be_taken_leaves_the_stage_as_it_is()
    {
        string session = await BeginAsync();
        Fails("bad-request", "bad-payload", await RunAsync("config", session, null, Submit(("service", "bad"))));
        Fails("bad-request", "bad-payload", await RunAsync("config", session, null, Submit()));
        Fails("bad-request", "bad-payload", await RunAsync("config", session, null, null));
        Read(await RunAsync("config", session, null, Submit(("service", "httpd"))));
    }

    [Theory]
    [InlineData("flag", "perhaps")]
    [InlineData("kind", "c")]
    [InlineData("who", "a b@")]
    public async Task Values_are_of_their_fields_type(string var, string value)
    {
        string session = await BeginAsync("typed");
        DataForm form = Submit((var, value));
        Fails("bad-request", "bad-payload", await RunAsync("typed", session, null, var == "kind" ? form : form.Add(new FormField("kind") { Values = ["a"] })));
        Assert.Empty(_done);
        Read(await RunAsync("typed", session, null, Submit(("kind", "b"), ("flag", "1"), ("who", "bob@example.org"), ("more", "x"))));
    }

    [Fact]
    public async Task A_right_that_is_taken_meanwhile_counts()
    {
        string session = await BeginAsync();
        _forbidden.Add("alice");
        Fails("forbidden", null, await RunAsync("config", session, null, Submit(("service", "httpd"))));
    }

    [Fact]
    public async Task A_session_is_of_one_resource_and_one_command()
    {
        string session = await BeginAsync();
        Fails("bad-request", "bad-sessionid", await RunAsync("config", session, null, Submit(("service", "a")), resource: "other"));
        Fails("bad-request", "bad-sessionid", await RunAsync("typed", session, null, Submit(("kind", "a"))));
        Fails("bad-request", "bad-sessionid", await RunAsync("config", session[..^1] + (session[^1] == 'A' ? 'B' : 'A'), null, Submit(("service", "a"))));
        Fails("bad-request", "bad-sessionid", await RunAsync("config", "x", null, Submit(("service", "a"))));
        Read(await RunAsync("config", session, null, Submit(("service", "a"))));
    }

    [Fact]
    public async Task Sessions_are_bounded_in_number_and_time()
    {
        string oldest = await BeginAsync();
        await BeginAsync();
        await BeginAsync();
        Fails("not-allowed", "session-expired", await RunAsync("config", oldest, null, Submit(("service", "a"))));
        Assert.Equal(2, _service.Sessions.Count);
        await BeginAsync(who: "bob");
        Fails("resource-constraint", null, await RunAsync("config", null, null, null, "carol"));
        _time.Now += _options.SessionLifetime + TimeSpan.FromSeconds(1);
        await BeginAsync(who: "carol");
        Assert.Equal(1, _service.Sessions.Count);
    }

    [Fact]
    public async Task Stages_are_bounded()
    {
        string session = await BeginAsync("endless");
        Read(await RunAsync("endless", session, null, Submit(("x", "1"))));
        Read(await RunAsync("endless", session, null, Submit(("x", "1"))));
        Fails("resource-constraint", null, await RunAsync("endless", session, null, Submit(("x", "1"))));
    }
}
