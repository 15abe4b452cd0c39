namespace IotXmpp.NanoCheck;

/// <summary>Something that compiles for nanoFramework and then breaks, lies or crawls on its runtime.</summary>
/// <param name="Id">Its name in the build's errors; it never changes its meaning.</param>
/// <param name="What">What is forbidden.</param>
/// <param name="Why">What the runtime does with it.</param>
/// <param name="Instead">What to write instead.</param>
internal sealed record Rule(string Id, string What, string Why, string Instead)
{
    internal static readonly Rule GenericDefinition = new(
        "NANO001", "a generic type or method of our own", "the runtime knows no type parameters: the assembly loads and then crashes", "an array, `ArrayList`, a class for each type, or `object` and a cast");

    internal static readonly Rule GenericUse = new(
        "NANO002", "a generic type or method that is used, `Action<T>` and `Func<T>` too", "the runtime knows no type parameters: the call crashes, although mscorlib has some such names", "a delegate or class of our own without type parameters");

    internal static readonly Rule MultiDimensionalArray = new(
        "NANO003", "an array with more than one dimension, `int[,]`", "the runtime has only vectors: creating it throws", "an array of arrays, or one array and an index that is calculated");

    internal static readonly Rule DefaultInterfaceMember = new(
        "NANO004", "an interface member with a body", "the runtime does not look for bodies in interfaces: the call crashes", "an abstract class, or a static helper");

    internal static readonly Rule CheckedArithmetic = new(
        "NANO005", "`checked` arithmetic or conversion, a `long` as array index or length", "the runtime does not detect overflow: the wrong number passes", "a comparison before the operation; `int` for indexes and lengths");

    internal static readonly Rule EnumText = new(
        "NANO006", "the text of an enum: `ToString()`, interpolation, concatenation, formatting", "the runtime has no names of members: it prints the number", "a `switch` that gives the text, or a cast to `int` where the number is meant");

    internal static readonly Rule Volatile = new(
        "NANO007", "`volatile`", "the runtime ignores it, and mscorlib has no `IsVolatile`", "`lock`, or an event that is waited for");

    internal static readonly Rule NestedTypeName = new(
        "NANO008", "`Type.GetType` with a nested type or with a name that is not a constant", "the runtime does not find nested types by name: it returns null", "`typeof`, or a `switch` over names");

    internal static readonly Rule StringIndexInLoop = new(
        "NANO009", "a string indexed in a loop, `foreach` over a string too", "strings are UTF-8: each index walks from the start, so a loop takes the square of the length", "`Encoding.UTF8.GetBytes` or `ToCharArray` once, before the loop");

    internal static readonly Rule Instruction = new(
        "NANO010", "an instruction or a handler that the interpreter lacks (`stackalloc`, function pointers, `__arglist`, block copies, fault handlers)", "the interpreter stops with an unsupported instruction", "a `byte[]` that is kept, a delegate, `Array.Copy`");

    internal static readonly Rule Api = new(
        "NANO011", "a member that no list in `firmware/NanoReference/Api` has", "the runtime on the board does not have it: the image does not start", "what the list of the assembly has");

    internal static readonly Rule UnsignedLeak = new(
        "NANO012", "a signed number that came from `uint` or `ulong` and is used as signed", "a value on the runtime's stack keeps the type it was made with: `%`, `>>`, widening and conversion to `double` take it for a huge number, and so does the method it is handed or returned to",
        "`NumberFormat.Signed(u)` for a `long`, `(int)(long)u` for an `int`, or calculate in `long` from the start");

    internal static readonly Rule StaticOrder = new(
        "NANO013", "a static constructor or initialiser that reads a static field which another type's static constructor fills", "the runtime runs all static constructors at start, in the order of the metadata and not on first use: the field may still be null or zero", "a constant, a literal of its own, or an `Initialize` method that the program calls");

    internal static readonly Rule BoundExtension = new(
        "NANO014", "a delegate of an extension method that is bound to its object, `\"abc\".Shorten`", "the runtime calls it without the object: it throws, or leaves the stack broken", "a lambda that calls it");

    internal static readonly Rule PointerLocal = new(
        "NANO015", "a local variable of a pointer type, `fixed` too", "the metadata processor refuses the assembly, so no .pe is made of it", "`byte[]` and an index, or `ref`");

    internal static readonly Rule NulInText = new(
        "NANO016", "a constant text with U+0000 in it", "strings end at the first zero byte: the rest is lost", "a `byte[]`");

    internal static readonly Rule StructKey = new(
        "NANO017", "the hash code of a struct of our own that does not override `GetHashCode`, as a key of a `Hashtable` too", "it is made from the address: equal structs differ, and a key is not found again", "an override of `GetHashCode`, or a key that is a string or a number");

    internal static readonly Rule TooLarge = new(
        "NANO018", "a method with a `switch` over more than 255 neighbouring values, or with more than 255 parameters, locals or values on the stack", "a `.pe` has one byte for the number: the rest is cut off", "smaller methods, or a table that is searched");

    internal static readonly Rule UncaughtEnd = new(
        "NANO019", "an entry point that does not catch `Exception`", "an exception that nobody catches ends the program without a word: the board stands still", "a `catch (Exception e)` that tells it and starts the board anew");

    /// <summary>All rules, by their id.</summary>
    internal static readonly Rule[] All =
    [
        GenericDefinition, GenericUse, MultiDimensionalArray, DefaultInterfaceMember, CheckedArithmetic, EnumText, Volatile,
        NestedTypeName, StringIndexInLoop, Instruction, Api, UnsignedLeak, StaticOrder,
        BoundExtension, PointerLocal, NulInText, StructKey, TooLarge, UncaughtEnd,
    ];
}
