using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Forms;

/// <summary>XEP-0004, XEP-0068 and XEP-0059.</summary>
public sealed class FormTests
{
    [Fact]
    public void A_form_is_read_as_it_was_written()
    {
        DataForm form = new DataForm(FormType.Form, "urn:test") { Title = "T&T", Instructions = "Fill" }
            .Add(FormField.Single("one", "list-single", "b", "One", [new FormOption("a", "A"), new FormOption("b")]))
            .Add(FormField.Boolean("two", true))
            .Add(new FormField("three") { Type = "text-multi", Values = ["x", "", "<y>"] });
        DataForm read = DataForm.Read(Element.Parse(form.ToBytes()))!;
        Assert.Equal((form.Type, form.FormType, form.Title, form.Instructions), (read.Type, read.FormType, read.Title, read.Instructions));
        Assert.Equal(["one", "two", "three"], read.Fields.Select(f => f.Var));
        Assert.Equal([new FormOption("a", "A"), new FormOption("b")], read["one"]!.Options);
        Assert.Equal("One", read["one"]!.Label);
        Assert.True(read["two"]!.TryBoolean(out bool two) && two);
        Assert.Equal(["x", "", "<y>"], read["three"]!.Values);
    }

    [Fact]
    public void A_submitted_form_leaves_types_out()
    {
        byte[] xml = new DataForm(FormType.Submit, "urn:test").Add(FormField.Single("a", "text-single", "1")).ToBytes();
        Assert.Equal(
            "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>urn:test</value></field><field var='a'><value>1</value></field></x>",
            System.Text.Encoding.UTF8.GetString(xml));
    }

    [Theory]
    [InlineData("<x xmlns='jabber:x:data'/>")]
    [InlineData("<x xmlns='jabber:x:data' type='other'/>")]
    [InlineData("<x xmlns='urn:other' type='form'/>")]
    [InlineData("<x xmlns='jabber:x:data' type='submit'><field><value>1</value></field></x>")]
    public void What_is_no_form_is_not_read(string xml) => Assert.Null(DataForm.Read(Element.Parse(System.Text.Encoding.UTF8.GetBytes(xml))));

    [Fact]
    public void Fields_and_values_are_bounded()
    {
        string fields = string.Concat(Enumerable.Range(0, DataForm.FieldLimit + 1).Select(i => $"<field var='f{i}'/>"));
        Assert.Null(DataForm.Read(Element.Parse(System.Text.Encoding.UTF8.GetBytes($"<x xmlns='jabber:x:data' type='submit'>{fields}</x>"))));
        string values = string.Concat(Enumerable.Repeat("<value/>", DataForm.ValueLimit + 1));
        Assert.Null(DataForm.Read(Element.Parse(System.Text.Encoding.UTF8.GetBytes($"<x xmlns='jabber:x:data' type='submit'><field var='f'>{values}</field></x>"))));
    }

    [Fact]
    public void A_page_is_asked_for()
    {
        Assert.True(Ask("", out ResultSetRequest? none));
        Assert.Null(none);
        Assert.True(Ask("<set xmlns='http://jabber.org/protocol/rsm'><max>10</max><after>x</after></set>", out ResultSetRequest? after));
        Assert.Equal(new ResultSetRequest { Max = 10, After = "x" }, after);
        Assert.True(Ask("<set xmlns='http://jabber.org/protocol/rsm'><before/></set>", out ResultSetRequest? before));
        Assert.Equal(new ResultSetRequest { Before = "" }, before);
        Assert.False(Ask("<set xmlns='http://jabber.org/protocol/rsm'><max>-1</max></set>", out _));
        Assert.False(Ask("<set xmlns='http://jabber.org/protocol/rsm'><index>x</index></set>", out _));
        Assert.False(Ask("<set xmlns='http://jabber.org/protocol/rsm'><index>1</index><after>x</after></set>", out _));

        static bool Ask(string set, out ResultSetRequest? request) => ResultSetRequest.TryRead(Element.Parse(System.Text.Encoding.UTF8.GetBytes("<q xmlns='x'>" + set + "</q>")), out request);
    }

    [Fact]
    public void A_page_is_told()
    {
        using var xml = new XmlBuilder();
        new ResultSetPage("a", "b", 3, 10).WriteTo(xml);
        new ResultSetPage(null, null, 0, 0).WriteTo(xml);
        Assert.Equal(
            "<set xmlns='http://jabber.org/protocol/rsm'><first index='3'>a</first><last>b</last><count>10</count></set><set xmlns='http://jabber.org/protocol/rsm'><count>0</count></set>",
            System.Text.Encoding.UTF8.GetString(xml.Written));
    }
}
