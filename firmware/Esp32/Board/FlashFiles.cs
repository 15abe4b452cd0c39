using System;
using System.IO;
using IotXmpp.Things;

namespace IotXmpp.Esp32.Board;

/// <summary>The files of a board's flash (littlefs on <c>I:\</c>): whole files, and segments in one folder, such as those of the telemetry ring.</summary>
public sealed class FlashFiles : IBoardFiles, ISegmentStore
{
    private readonly string _folder;
    private readonly string _prefix;

    /// <summary>Opens the folder of segments.</summary>
    /// <param name="folder">Its whole path: that of the telemetry ring, or of images.</param>
    public FlashFiles(string folder)
    {
        _folder = folder;
        _prefix = folder + "\\";
        if (!Directory.Exists(_folder))
        {
            Directory.CreateDirectory(_folder);
        }
    }

    /// <inheritdoc/>
    byte[] IBoardFiles.Read(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllBytes(path) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public bool TryWrite(string path, byte[] data)
    {
        try
        {
            File.WriteAllBytes(path, data);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Delete(string path)
    {
        try
        {
            if (File.Exists(path))
            {
                File.Delete(path);
            }
        }
        catch (IOException)
        {
            return; // it is found again, and tried again
        }
    }

    /// <inheritdoc/>
    public int[] List()
    {
        string[] files = Directory.GetFiles(_folder);
        int[] numbers = new int[files.Length];
        int count = 0;
        for (int i = 0; i < files.Length; i++)
        {
            int slash = files[i].LastIndexOf('\\');
            int number;
            if (!int.TryParse(files[i].Substring(slash + 1), out number))
            {
                continue;
            }

            int at = count++;
            while (at > 0 && numbers[at - 1] > number)
            {
                numbers[at] = numbers[at - 1];
                at--;
            }

            numbers[at] = number;
        }

        int[] exact = new int[count];
        Array.Copy(numbers, 0, exact, 0, count);
        return exact;
    }

    /// <inheritdoc/>
    public int Length(int segment)
    {
        string path = _prefix + segment.ToString();
        return File.Exists(path) ? (int)new FileInfo(path).Length : 0;
    }

    /// <inheritdoc/>
    public int Read(int segment, int position, byte[] buffer, int offset, int count)
    {
        string path = _prefix + segment.ToString();
        try
        {
            if (!File.Exists(path))
            {
                return 0;
            }

            using (FileStream file = new FileStream(path, FileMode.Open, FileAccess.Read))
            {
                if (position >= file.Length)
                {
                    return 0;
                }

                file.Seek(position, SeekOrigin.Begin);
                int there = (int)file.Length - position;
                return file.Read(buffer, offset, count < there ? count : there);
            }
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <inheritdoc/>
    public bool TryAppend(int segment, byte[] buffer, int offset, int count)
    {
        try
        {
            using (FileStream file = new FileStream(_prefix + segment.ToString(), FileMode.Append, FileAccess.Write))
            {
                file.Write(buffer, offset, count);
                file.Flush();
            }

            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Delete(int segment)
    {
        Delete(_prefix + segment.ToString());
    }
}
