using System.Text;

namespace System.IO;

public class MemoryStream : Stream
{
    public MemoryStream() => throw null;
    public MemoryStream(byte[] buffer) => throw null;
    public MemoryStream(byte[] buffer, bool isWritable) => throw null;
    public override int Read(SpanByte buffer) => throw null;
    public override int Read(byte[] buffer, int offset, int count) => throw null;
    public override int ReadByte() => throw null;
    public override long Seek(long offset, SeekOrigin origin) => throw null;
    public override void Flush() { }
    public override void SetLength(long value) { }
    public override void Write(byte[] buffer, int offset, int count) { }
    public override void WriteByte(byte value) { }
    protected override void Dispose(bool disposing) { }
    public virtual byte[] GetBuffer() => throw null;
    public virtual byte[] ToArray() => throw null;
    public virtual void WriteTo(Stream stream) { }
    public override bool CanRead { get => throw null; }
    public override bool CanSeek { get => throw null; }
    public override bool CanWrite { get => throw null; }
    public override long Length { get => throw null; }
    public override long Position { get => throw null; set { } }
}

public enum SeekOrigin : int { Begin = 0, Current = 1, End = 2 }

public abstract class Stream : MarshalByRefObject, IDisposable
{
    public abstract int Read(SpanByte buffer);
    public abstract int Read(byte[] buffer, int offset, int count);
    public abstract long Seek(long offset, SeekOrigin origin);
    public abstract void Flush();
    public abstract void SetLength(long value);
    public abstract void Write(byte[] buffer, int offset, int count);
    protected Stream() => throw null;
    protected virtual void Dispose(bool disposing) { }
    public virtual int ReadByte() => throw null;
    public virtual void Close() { }
    public virtual void WriteByte(byte value) { }
    public void CopyTo(Stream destination) { }
    public void Dispose() { }
    public abstract bool CanRead { get; }
    public abstract bool CanSeek { get; }
    public abstract bool CanWrite { get; }
    public abstract long Length { get; }
    public abstract long Position { get; set; }
    public virtual bool CanTimeout { get => throw null; }
    public virtual int ReadTimeout { get => throw null; set { } }
    public virtual int WriteTimeout { get => throw null; set { } }
}

public class StreamReader : TextReader
{
    internal StreamReader() { }
    public StreamReader(Stream stream, bool leaveOpen = false) => throw null;
    public override int Peek() => throw null;
    public override int Read() => throw null;
    public override int Read(char[] buffer, int index, int count) => throw null;
    public override string ReadLine() => throw null;
    public override string ReadToEnd() => throw null;
    public override void Close() { }
    protected override void Dispose(bool disposing) { }
    public bool EndOfStream { get => throw null; }
    public virtual Stream BaseStream { get => throw null; }
    public virtual Encoding CurrentEncoding { get => throw null; }
}

public class StreamWriter : TextWriter
{
    internal StreamWriter() { }
    public StreamWriter(Stream stream, bool leaveOpen = false) => throw null;
    public override void Close() { }
    public override void Flush() { }
    public override void Write(char value) { }
    public override void Write(string value) { }
    public override void WriteLine() { }
    public override void WriteLine(string value) { }
    protected override void Dispose(bool disposing) { }
    public override Encoding Encoding { get => throw null; }
    public override string NewLine { get => throw null; set { } }
    public virtual Stream BaseStream { get => throw null; }
}

public abstract class TextReader : MarshalByRefObject, IDisposable
{
    protected TextReader() => throw null;
    protected virtual void Dispose(bool disposing) { }
    public virtual int Peek() => throw null;
    public virtual int Read() => throw null;
    public virtual int Read(char[] buffer, int index, int count) => throw null;
    public virtual int ReadBlock(char[] buffer, int index, int count) => throw null;
    public virtual string ReadLine() => throw null;
    public virtual string ReadToEnd() => throw null;
    public virtual void Close() { }
    public void Dispose() { }
}

public abstract class TextWriter : MarshalByRefObject, IDisposable
{
    protected char[] CoreNewLine;
    protected TextWriter() => throw null;
    protected virtual void Dispose(bool disposing) { }
    public virtual void Close() { }
    public virtual void Flush() { }
    public virtual void Write(bool value) { }
    public virtual void Write(char value) { }
    public virtual void Write(char[] buffer) { }
    public virtual void Write(char[] buffer, int index, int count) { }
    public virtual void Write(double value) { }
    public virtual void Write(float value) { }
    public virtual void Write(int value) { }
    public virtual void Write(long value) { }
    public virtual void Write(object value) { }
    public virtual void Write(string value) { }
    public virtual void Write(uint value) { }
    public virtual void Write(ulong value) { }
    public virtual void WriteLine() { }
    public virtual void WriteLine(bool value) { }
    public virtual void WriteLine(char value) { }
    public virtual void WriteLine(char[] buffer) { }
    public virtual void WriteLine(char[] buffer, int index, int count) { }
    public virtual void WriteLine(double value) { }
    public virtual void WriteLine(float value) { }
    public virtual void WriteLine(int value) { }
    public virtual void WriteLine(long value) { }
    public virtual void WriteLine(object value) { }
    public virtual void WriteLine(string value) { }
    public virtual void WriteLine(uint value) { }
    public virtual void WriteLine(ulong value) { }
    public void Dispose() { }
    public abstract Encoding Encoding { get; }
    public virtual string NewLine { get => throw null; set { } }
}
