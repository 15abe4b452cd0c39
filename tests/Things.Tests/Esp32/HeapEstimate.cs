using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace IotXmpp.Things.Tests.Esp32;

/// <summary>
/// What a graph of objects takes on nanoFramework's managed heap, by that runtime's rules: everything is made of blocks of 12 bytes; an object has one and one for each field, an array
/// two and its elements (12 bytes for a reference), a string two and its UTF-8 bytes. A literal's bytes stay in the assembly, but each time that it is loaded it is an object of its own (ldstr does not
/// intern), so each place that holds one counts. Objects that are not the firmware's (the simulated board) are left out.
/// </summary>
internal sealed class HeapEstimate
{
    private const int Block = 12;

    private readonly HashSet<object> _seen = new(ReferenceEqualityComparer.Instance);
    private readonly Queue<object> _open = new();

    public long Bytes { get; private set; }

    public Dictionary<string, long> ByType { get; } = [];

    /// <summary>Bytes of literals, among the others.</summary>
    public long Literals { get; private set; }

    public int LargestArray { get; private set; }

    /// <summary>The whole of what these objects and the firmware's static fields hold.</summary>
    public static HeapEstimate Of(params object[] roots)
    {
        var estimate = new HeapEstimate();
        foreach (object root in roots)
        {
            estimate.Add(root);
        }

        foreach (Assembly assembly in Assemblies())
        {
            foreach (FieldInfo field in assembly.GetTypes().Where(t => !t.IsGenericTypeDefinition).SelectMany(t => t.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)).Where(f => !f.IsLiteral))
            {
                if (!Attribute.IsDefined(field.DeclaringType!, typeof(CompilerGeneratedAttribute)))
                {
                    estimate.Bytes += Block;
                    estimate.Add(field.GetValue(null));
                }
            }
        }

        long statics = estimate.Bytes;
        while (estimate._open.TryDequeue(out object? next))
        {
            long before = estimate.Bytes;
            estimate.Measure(next);
            string name = next is string ? "string" : next.GetType().Name;
            estimate.ByType["statics"] = statics;
            estimate.ByType[name] = estimate.ByType.GetValueOrDefault(name) + estimate.Bytes - before;
        }

        return estimate;
    }

    private static Assembly[] Assemblies() => [typeof(Xmpp.XmppClient).Assembly, typeof(ThingLoop).Assembly, typeof(IotXmpp.Esp32.BoardApplication).Assembly];

    private static bool IsOurs(Type type) => Assemblies().Contains(type.Assembly) || type.IsArray || type == typeof(string) || type == typeof(ArrayList) || type == typeof(Hashtable);

    private static int Round(int bytes) => (bytes + Block - 1) / Block * Block;

    private void Add(object? value)
    {
        if (value is string { Length: > 0 } text && ReferenceEquals(string.IsInterned(text), text))
        {
            Bytes += 2 * Block;
            Literals += 2 * Block;
        }
        else if (value is not null && IsOurs(value.GetType()) && _seen.Add(value))
        {
            _open.Enqueue(value);
        }
    }

    private void Measure(object value)
    {
        switch (value)
        {
            case string text:
                Bytes += (2 * Block) + Round(System.Text.Encoding.UTF8.GetByteCount(text) + 1);
                break;
            case Array array:
                Type element = array.GetType().GetElementType()!;
                int size = element.IsPrimitive || element.IsEnum ? array.Length * System.Runtime.InteropServices.Marshal.SizeOf(element.IsEnum ? Enum.GetUnderlyingType(element) : element == typeof(bool) ? typeof(byte) : element == typeof(char) ? typeof(short) : element) : array.Length * Block;
                LargestArray = Math.Max(LargestArray, size);
                Bytes += (2 * Block) + Round(size);
                if (!element.IsPrimitive && !element.IsEnum)
                {
                    foreach (object? item in array)
                    {
                        Add(item);
                    }
                }

                break;
            case ArrayList list:
                Bytes += (4 * Block) + (2 * Block) + (Math.Max(4, list.Capacity) * Block);
                foreach (object? item in list)
                {
                    Add(item);
                }

                break;
            case Hashtable table:
                Bytes += 180 + (table.Count * 6 * Block);
                foreach (DictionaryEntry entry in table)
                {
                    Add(entry.Key);
                    Add(entry.Value);
                }

                break;
            default:
                Bytes += Block;
                for (Type? type = value.GetType(); type is not null && type != typeof(object); type = type.BaseType)
                {
                    foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                    {
                        Bytes += Block;
                        if (!field.FieldType.IsValueType)
                        {
                            Add(field.GetValue(value));
                        }
                    }
                }

                break;
        }
    }
}
