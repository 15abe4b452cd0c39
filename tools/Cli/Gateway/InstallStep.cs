using System.Text;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Flash;
using IotXmpp.Cli.Output;

namespace IotXmpp.Cli.Gateway;

/// <summary>One thing that an installation does to a machine; it can be shown without being done.</summary>
/// <param name="Why">What for, for people.</param>
internal abstract record InstallStep(string Why)
{
    /// <summary>How long a program may take. Default 2 min: <c>systemctl</c> waits for the service to be ready.</summary>
    private static readonly TimeSpan ProgramLimit = TimeSpan.FromMinutes(2);

    /// <summary>Shows it.</summary>
    public abstract void Show(Screen screen);

    /// <summary>Does it.</summary>
    /// <exception cref="CliException">It cannot be done; one line says why and what to do.</exception>
    public abstract Task DoAsync(IProcessRunner runner, CancellationToken cancel);

    private static void Head(Screen screen, string kind, string why, string text, string style, Action<JsonObject>? more = null)
    {
        screen.Json(() =>
        {
            var json = new JsonObject { ["event"] = kind, ["why"] = why };
            more?.Invoke(json);
            return json;
        });
        screen.Line(($"# {why}", "dim"));
        screen.Line((text, style));
    }

    private static string Octal(UnixFileMode mode) => Convert.ToString((int)mode, 8).PadLeft(4, '0');

    private static CliException NoRight(string path, Exception e) => new(ExitCode.Failed, $"{path} cannot be written: {e.Message}; does this run as root?");

    /// <summary>A file.</summary>
    /// <param name="Why">What for.</param>
    /// <param name="Path">Where.</param>
    /// <param name="Mode">Its mode.</param>
    /// <param name="Bytes">What is in it.</param>
    /// <param name="IsSecret">Whether it is not shown.</param>
    internal sealed record WriteFile(string Why, string Path, UnixFileMode Mode, byte[] Bytes, bool IsSecret = false) : InstallStep(Why)
    {
        public override void Show(Screen screen)
        {
            string text = IsSecret ? "(hidden)" : Encoding.UTF8.GetString(Bytes);
            Head(screen, "file", Why, $"{Path}  {Octal(Mode)}", "bold", json =>
            {
                json["file"] = Path;
                json["mode"] = Octal(Mode);
                json["text"] = text;
            });
            foreach (string line in text.TrimEnd('\n').Split('\n'))
            {
                screen.Line("    " + line);
            }
        }

        public override Task DoAsync(IProcessRunner runner, CancellationToken cancel)
        {
            try
            {
                Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
                string next = Path + ".new";
                File.Delete(next);
                var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
                if (!OperatingSystem.IsWindows())
                {
                    // From its first byte: a secret is never readable by others, not even for a moment.
                    options.UnixCreateMode = Mode;
                }

                using (var file = new FileStream(next, options))
                {
                    file.Write(Bytes);
                    file.Flush(flushToDisk: true);
                }

                File.Move(next, Path, overwrite: true);
                return Task.CompletedTask;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw NoRight(Path, e);
            }
        }
    }

    /// <summary>The files of a folder, in another that has nothing else afterwards.</summary>
    internal sealed record CopyFolder(string Why, string From, string To) : InstallStep(Why)
    {
        public override void Show(Screen screen) => Head(screen, "copy", Why, $"{From} -> {To}", "bold", json =>
        {
            json["from"] = From;
            json["to"] = To;
        });

        public override Task DoAsync(IProcessRunner runner, CancellationToken cancel)
        {
            try
            {
                // Beside it first: a service that runs keeps its files, and a copy that breaks off leaves what was there.
                string next = To + ".new";
                RemovePath.Delete(next);
                Directory.CreateDirectory(next);
                foreach (string file in Directory.EnumerateFiles(From, "*", SearchOption.AllDirectories))
                {
                    cancel.ThrowIfCancellationRequested();
                    string target = System.IO.Path.Combine(next, System.IO.Path.GetRelativePath(From, file));
                    Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
                    File.Copy(file, target);
                }

                RemovePath.Delete(To);
                Directory.Move(next, To);
                return Task.CompletedTask;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw NoRight(To, e);
            }
        }
    }

    /// <summary>A link, as <c>systemctl enable</c> makes it.</summary>
    internal sealed record MakeLink(string Why, string Path, string Target) : InstallStep(Why)
    {
        public override void Show(Screen screen) => Head(screen, "link", Why, $"{Path} -> {Target}", "bold", json =>
        {
            json["file"] = Path;
            json["target"] = Target;
        });

        public override Task DoAsync(IProcessRunner runner, CancellationToken cancel)
        {
            try
            {
                Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
                File.Delete(Path);
                File.CreateSymbolicLink(Path, Target);
                return Task.CompletedTask;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw NoRight(Path, e);
            }
        }
    }

    /// <summary>A file or folder that goes; one that is not there is fine.</summary>
    internal sealed record RemovePath(string Why, string Path) : InstallStep(Why)
    {
        public override void Show(Screen screen) => Head(screen, "remove", Why, $"rm -r {Path}", "cyan", json => json["file"] = Path);

        public override Task DoAsync(IProcessRunner runner, CancellationToken cancel)
        {
            try
            {
                Delete(Path);
                return Task.CompletedTask;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw NoRight(Path, e);
            }
        }

        public static void Delete(string path)
        {
            if (Directory.Exists(path))
            {
                Directory.Delete(path, recursive: true);
            }
            else if (File.Exists(path) || new FileInfo(path).LinkTarget is not null)
            {
                File.Delete(path);
            }
        }
    }

    /// <summary>A program that is run.</summary>
    /// <param name="Why">What for.</param>
    /// <param name="Call">Which.</param>
    /// <param name="MayFail">Whether it is fine when it says no: what it shall undo may not be there.</param>
    internal sealed record RunProgram(string Why, ProcessCall Call, bool MayFail = false) : InstallStep(Why)
    {
        public override void Show(Screen screen) => Head(screen, "command", Why, Call.ToString(), "cyan", json =>
        {
            json["program"] = Call.Program;
            json["arguments"] = new JsonArray([.. Call.Arguments.Select(a => (JsonNode)JsonValue.Create(a)!)]);
        });

        public override async Task DoAsync(IProcessRunner runner, CancellationToken cancel)
        {
            ProcessResult? result = await runner.RunAsync(Call, null, ProgramLimit, cancel);
            if (result is null && !MayFail)
            {
                throw new CliException(ExitCode.Failed, $"there is no {Call.Program} on this machine ({Why})");
            }

            if (result is { Code: not 0 } && !MayFail)
            {
                string said = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault(string.Empty).Trim().TrimEnd('.');
                throw new CliException(ExitCode.Failed, $"{Call} ended with {result.Code}{(said.Length > 0 ? ": " + said : string.Empty)}; journalctl -u iotxmpp-gateway has more when it is the service");
            }
        }
    }
}
