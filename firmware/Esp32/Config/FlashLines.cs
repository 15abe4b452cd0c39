using IotXmpp.Xml;

namespace IotXmpp.Esp32;

/// <summary>A small file of lines <c>name=value</c> in UTF-8; <c>#</c> begins a comment line. White space around name and value does not count, nor does a NUL at the end.</summary>
internal sealed class FlashLines
{
    private readonly byte[] _file;
    private int _at;

    /// <summary>Takes the bytes of a file.</summary>
    public FlashLines(byte[] file)
    {
        _file = file;
    }

    /// <summary>The name of the line that was read.</summary>
    public string Name { get; private set; }

    /// <summary>The value of the line that was read.</summary>
    public string Value { get; private set; }

    /// <summary>The number of the line that was read, from 1.</summary>
    public int Line { get; private set; }

    /// <summary>Whether the line that was read is none of the form <c>name=value</c>.</summary>
    public bool IsBad { get; private set; }

    /// <summary>Reads the next line that says something.</summary>
    /// <returns>False at the end.</returns>
    public bool Next()
    {
        while (_at < _file.Length)
        {
            int start = _at;
            while (_at < _file.Length && _file[_at] != '\n')
            {
                _at++;
            }

            int end = _at++;
            Line++;
            Trim(ref start, ref end);
            if (start == end || _file[start] == '#')
            {
                continue;
            }

            int equals = start;
            while (equals < end && _file[equals] != '=')
            {
                equals++;
            }

            IsBad = equals == start || equals == end;
            int nameEnd = equals;
            int valueStart = equals + 1;
            if (!IsBad)
            {
                Trim(ref start, ref nameEnd);
                Trim(ref valueStart, ref end);
                Name = Utf8.Decode(_file, start, nameEnd - start);
                Value = Utf8.Decode(_file, valueStart, end - valueStart);
            }

            return true;
        }

        return false;
    }

    /// <summary>Whether a value can stand in such a file: no control character, no white space at its ends.</summary>
    /// <param name="value">The value.</param>
    public static bool CanHold(string value)
    {
        byte[] bytes = Utf8.Encode(value);
        for (int i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] < ' ')
            {
                return false;
            }
        }

        return bytes.Length == 0 || (bytes[0] != ' ' && bytes[bytes.Length - 1] != ' ');
    }

    private void Trim(ref int start, ref int end)
    {
        while (start < end && IsSpace(_file[start]))
        {
            start++;
        }

        while (end > start && IsSpace(_file[end - 1]))
        {
            end--;
        }
    }

    private static bool IsSpace(byte b) => b == ' ' || b == '\t' || b == '\r' || b == 0;
}
