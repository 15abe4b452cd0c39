namespace System.IO;

public static class Directory
{
    public static DirectoryInfo CreateDirectory(string path) => throw null;
    public static bool Exists(string path) => throw null;
    public static string GetCurrentDirectory() => throw null;
    public static string[] GetDirectories(string path) => throw null;
    public static string[] GetFiles(string path) => throw null;
    public static void Delete(string path) { }
    public static void Delete(string path, bool recursive) { }
    public static void Move(string sourceDirName, string destDirName) { }
    public static void SetCurrentDirectory(string path) { }
}

public sealed class DirectoryInfo : FileSystemInfo
{
    internal DirectoryInfo() { }
    public DirectoryInfo CreateSubdirectory(string path) => throw null;
    public DirectoryInfo(string path) => throw null;
    public DirectoryInfo[] GetDirectories() => throw null;
    public FileInfo[] GetFiles() => throw null;
    public override string ToString() => throw null;
    public override void Delete() { }
    protected override void HandleRefreshError() { }
    public void Create() { }
    public void Delete(bool recursive) { }
    public void MoveTo(string destDirName) { }
    public DirectoryInfo Parent { get => throw null; }
    public DirectoryInfo Root { get => throw null; }
    public override bool Exists { get => throw null; }
    public override string Name { get => throw null; }
}

public sealed class DriveInfo
{
    internal DriveInfo() { }
    public DriveInfo(string driveName) => throw null;
    public static DriveInfo[] GetDrives() => throw null;
    public static string[] GetFileSystems() => throw null;
    public static void MountRemovableVolumes() { }
    public void Format(string fileSystem, uint parameter) { }
    public void Refresh() { }
    public DriveType DriveType { get => throw null; set { } }
    public long TotalSize { get => throw null; set { } }
    public string Name { get => throw null; set { } }
}

public enum DriveType : int { Fixed = 3, NoRootDirectory = 1, Ram = 4, Removable = 2, Unknown = 0 }

public static class File
{
    public static FileAttributes GetAttributes(string path) => throw null;
    public static FileStream Create(string path) => throw null;
    public static FileStream Create(string path, int bufferSize) => throw null;
    public static FileStream Open(string path, FileMode mode) => throw null;
    public static FileStream Open(string path, FileMode mode, FileAccess access) => throw null;
    public static FileStream Open(string path, FileMode mode, FileAccess access, FileShare share) => throw null;
    public static FileStream OpenRead(string path) => throw null;
    public static FileStream OpenWrite(string path) => throw null;
    public static StreamReader OpenText(string path) => throw null;
    public static StreamWriter AppendText(string path) => throw null;
    public static bool Exists(string path) => throw null;
    public static byte[] ReadAllBytes(string path) => throw null;
    public static string ReadAllText(string path) => throw null;
    public static void AppendAllText(string path, string contents) { }
    public static void Copy(string sourceFileName, string destFileName) { }
    public static void Copy(string sourceFileName, string destFileName, bool overwrite) { }
    public static void Delete(string path) { }
    public static void Move(string sourceFileName, string destFileName) { }
    public static void SetAttributes(string path, FileAttributes fileAttributes) { }
    public static void WriteAllBytes(string path, byte[] bytes) { }
    public static void WriteAllText(string path, string contents) { }
}

[System.Flags] public enum FileAccess : int { Read = 1, ReadWrite = 3, Write = 2 }

[System.Flags] public enum FileAttributes : int { Archive = 32, Directory = 16, Hidden = 2, Normal = 128, ReadOnly = 1, System = 4 }

public sealed class FileInfo : FileSystemInfo
{
    internal FileInfo() { }
    public FileInfo(string fileName) => throw null;
    public FileStream Create() => throw null;
    public override string ToString() => throw null;
    public override void Delete() { }
    protected override void HandleRefreshError() { }
    public DirectoryInfo Directory { get => throw null; }
    public long Length { get => throw null; }
    public override bool Exists { get => throw null; }
    public override string Name { get => throw null; }
    public string DirectoryName { get => throw null; }
}

public enum FileMode : int { Append = 6, Create = 2, CreateNew = 1, Open = 3, OpenOrCreate = 4, Truncate = 5 }

[System.Flags] public enum FileShare : int { None = 0, Read = 1, ReadWrite = 3, Write = 2 }

public class FileStream : Stream
{
    internal FileStream() { }
    public FileStream(string path, FileMode mode) => throw null;
    public FileStream(string path, FileMode mode, FileAccess access) => throw null;
    public FileStream(string path, FileMode mode, FileAccess access, FileShare share) => throw null;
    public FileStream(string path, FileMode mode, FileAccess access, FileShare share, int bufferSize) => throw null;
    public override int Read(SpanByte buffer) => throw null;
    public override int Read(byte[] buffer, int offset, int count) => throw null;
    public override int ReadByte() => throw null;
    public override long Seek(long offset, SeekOrigin origin) => throw null;
    public override void Close() { }
    public override void Flush() { }
    public override void SetLength(long value) { }
    public override void Write(byte[] buffer, int offset, int count) { }
    public override void WriteByte(byte value) { }
    protected override void Dispose(bool disposing) { }
    public override bool CanRead { get => throw null; }
    public override bool CanSeek { get => throw null; }
    public override bool CanWrite { get => throw null; }
    public override long Length { get => throw null; }
    public override long Position { get => throw null; set { } }
    public string Name { get => throw null; }
}

public abstract class FileSystemInfo : MarshalByRefObject
{
    public abstract void Delete();
    protected FileSystemInfo() => throw null;
    protected abstract void HandleRefreshError();
    public virtual void Refresh() { }
    public FileAttributes Attributes { get => throw null; }
    public abstract bool Exists { get; }
    public abstract string Name { get; }
    public string Extension { get => throw null; }
    public virtual string FullName { get => throw null; }
}

public static class Path
{
    public static readonly char AltDirectorySeparatorChar;
    public static readonly char DirectorySeparatorChar;
    public static readonly char PathSeparator;
    public static readonly char VolumeSeparatorChar;
    public static bool HasExtension(string path) => throw null;
    public static bool IsPathRooted(string path) => throw null;
    public static char[] GetInvalidFileNameChars() => throw null;
    public static char[] GetInvalidPathChars() => throw null;
    public static string ChangeExtension(string path, string extension) => throw null;
    public static string Combine(string path1, string path2) => throw null;
    public static string GetDirectoryName(string path) => throw null;
    public static string GetExtension(string path) => throw null;
    public static string GetFileName(string path) => throw null;
    public static string GetFileNameWithoutExtension(string path) => throw null;
    public static string GetFullPath(string path) => throw null;
    public static string GetPathRoot(string path) => throw null;
}
