using Mono.Cecil;

namespace IotXmpp.NanoCheck.Flow;

/// <summary>The type that the runtime keeps with a whole number on its stack. It is that of the number's origin, not what C# thinks after a conversion that needs no instruction.</summary>
internal enum Sign
{
    /// <summary>No whole number, or not known.</summary>
    None,

    /// <summary>As <c>int</c> or <c>long</c>.</summary>
    Signed,

    /// <summary>As <c>ulong</c>, but from 32 bits or fewer: read with a sign it is the same.</summary>
    Widened,

    /// <summary>As <c>uint</c> or <c>ulong</c>, and perhaps below zero when it is read with a sign.</summary>
    Unsigned,
}

/// <summary>What is known of a value on the evaluation stack.</summary>
/// <param name="Type">Its type, or null.</param>
/// <param name="Sign">How the runtime keeps it.</param>
/// <param name="Boxed">The enum or struct that was boxed into it, or null.</param>
/// <param name="Text">The constant string, or null.</param>
internal sealed record StackValue(TypeReference? Type, Sign Sign, TypeReference? Boxed = null, string? Text = null)
{
    /// <summary>Nothing is known.</summary>
    internal static readonly StackValue Unknown = new(null, Sign.None);

    /// <summary>A whole number with a sign, such as a constant.</summary>
    internal static readonly StackValue Signed = new(null, Sign.Signed);

    /// <summary>A number of 32 bits or fewer that became one of 64 without a sign.</summary>
    internal static readonly StackValue Widened = new(null, Sign.Widened);

    /// <summary>A whole number without a sign.</summary>
    internal static readonly StackValue Unsigned = new(null, Sign.Unsigned);

    /// <summary>A value of a declared type.</summary>
    internal static StackValue Of(TypeReference type) => new(type, SignOf(type));

    /// <summary>What holds on both ways to an instruction; the worse of two signs.</summary>
    internal static StackValue Join(StackValue a, StackValue b) => a == b ? a : new(
        a.Type?.FullName == b.Type?.FullName ? a.Type : null, (Sign)Math.Max((int)a.Sign, (int)b.Sign), a.Boxed ?? b.Boxed, a.Text == b.Text ? a.Text : null);

    /// <summary>How the runtime keeps a number that is loaded from a place of this type; small ones become an <c>int</c>.</summary>
    internal static Sign SignOf(TypeReference type)
    {
        switch (type.MetadataType)
        {
            case MetadataType.UInt32 or MetadataType.UInt64 or MetadataType.UIntPtr:
                return Sign.Unsigned;
            case MetadataType.Int32 or MetadataType.Int64 or MetadataType.IntPtr or MetadataType.Boolean or MetadataType.Char
                or MetadataType.SByte or MetadataType.Byte or MetadataType.Int16 or MetadataType.UInt16:
                return Sign.Signed;
            case MetadataType.ValueType when type.Resolve() is { IsEnum: true } definition:
                return SignOf(definition.Fields.First(f => !f.IsStatic).FieldType);
            case MetadataType.RequiredModifier or MetadataType.OptionalModifier:
                return SignOf(((IModifierType)type).ElementType);
            default:
                return Sign.None;
        }
    }
}
