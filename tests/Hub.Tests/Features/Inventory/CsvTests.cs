using System.Text;
using IotXmpp.Hub.Features.Inventory;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Inventory;

/// <summary>CSV by RFC 4180, with formulas made harmless.</summary>
public sealed class CsvTests
{
    [Theory]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("+1", "'+1")]
    [InlineData("-1", "'-1")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("\t=1", "'\t=1")]
    [InlineData("\r=1", "\"'\r=1\"")]
    [InlineData("\n=1", "\"'\n=1\"")]
    [InlineData("＝1+1", "'＝1+1")]
    [InlineData("＋1", "'＋1")]
    [InlineData("－1", "'－1")]
    [InlineData("＠SUM(A1)", "'＠SUM(A1)")]
    [InlineData("'quoted", "''quoted")]
    [InlineData("'=1", "''=1")]
    [InlineData("'", "''")]
    [InlineData("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0")]
    [InlineData("plain", "plain")]
    [InlineData("a=1", "a=1")]
    [InlineData("a,\"b\"", "\"a,\"\"b\"\"\"")]
    [InlineData(" spaces ", "\" spaces \"")]
    public void A_cell_is_no_formula_and_comes_back(string cell, string written)
    {
        var text = new StringBuilder();
        Csv.Write(text, cell, "x");
        Assert.Equal($"{written},x\r\n", text.ToString());
        Assert.Equal([cell, "x"], Csv.Read(text.ToString(), out var fault).Single().Cells);
        Assert.Null(fault);
    }

    [Theory]
    [InlineData("a,b\r\n1,2\r\n", "1:a|b 2:1|2")]
    [InlineData("a,b\n1,2", "1:a|b 2:1|2")]
    [InlineData("\uFEFFa\n\n\nb\n", "1:a 4:b")]
    [InlineData("\"a\nb\",c\nd,e", "1:a\nb|c 3:d|e")]
    [InlineData("a,\n,b\n,\n", "1:a| 2:|b 3:|")]
    [InlineData("", "")]
    public void Lines_are_read_with_their_numbers(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', Csv.Read(text, out _).Select(l => $"{l.Line}:{string.Join('|', l.Cells)}")));

    [Theory]
    [InlineData("a\n\"b", 2)]
    [InlineData("a\nb\"c", 2)]
    [InlineData("\"a\"b", 1)]
    public void What_is_no_csv_is_told_with_its_line(string text, int line)
    {
        Csv.Read(text, out (int Line, string Why)? fault);
        Assert.Equal(line, fault?.Line);
    }

    /// <summary>Any cells at all.</summary>
    [Fact]
    public void What_is_written_is_read()
    {
        string[] parts = ["=", "+", "-", "@", "＝", "＠", "\t", "\r", "\n", "'", "\"", ",", " ", "a", "é"];
        var random = new Random(7);
        for (int run = 0; run < 5_000; run++)
        {
            string[] cells = [.. Enumerable.Range(0, random.Next(2, 6)).Select(_ => string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => parts[random.Next(parts.Length)])))];
            var text = new StringBuilder();
            Csv.Write(text, cells);
            Assert.Equal(cells, Csv.Read(text.ToString(), out _).SelectMany(l => l.Cells));
            char begin = text[0] == '"' ? text[1] : text[0];
            Assert.DoesNotContain(begin, "=+-@＝＠\t");
        }
    }
}
