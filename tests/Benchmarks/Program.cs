using BenchmarkDotNet.Running;
using IotXmpp.Benchmarks;

// table FILE: the comparison's table; anything else is BenchmarkDotNet's own command line (--filter '*', --list flat, …).
return args is ["table", var file] ? ResultTable.Print(file, Console.Out) : Run();

int Run()
{
    BenchmarkSwitcher.FromAssembly(typeof(ResultTable).Assembly).Run(args);
    return 0;
}
