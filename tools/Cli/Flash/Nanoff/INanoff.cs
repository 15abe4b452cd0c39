namespace IotXmpp.Cli.Flash.Nanoff;

/// <summary>nanoff, the tool that writes nanoFramework's runtime and files to a board. Every failure is a <see cref="CliException"/> that says what to do.</summary>
internal interface INanoff
{
    /// <summary>Its program and version, as one reads it.</summary>
    string What { get; }

    /// <summary>Asks the chip what it is; null when it was reached and did not say.</summary>
    Task<ChipDetails?> DetailsAsync(string target, string port, CancellationToken cancel);

    /// <summary>Writes the runtime.</summary>
    Task UpdateAsync(string target, string port, CancellationToken cancel);

    /// <summary>Writes the application.</summary>
    Task DeployAsync(string target, string port, string image, string address, CancellationToken cancel);

    /// <summary>Writes Wi-Fi settings, from a file of <see cref="NanoffFiles.Network"/>.</summary>
    Task NetworkAsync(string port, string json, CancellationToken cancel);

    /// <summary>Writes files, from a file of <see cref="NanoffFiles.Files"/>.</summary>
    /// <param name="port">The serial port, for what is told.</param>
    /// <param name="json">The file.</param>
    /// <param name="destinations">The files on the board that must have been written.</param>
    /// <param name="cancel">Ends it.</param>
    Task FilesAsync(string port, string json, IReadOnlyList<string> destinations, CancellationToken cancel);

    /// <summary>Fetches a runtime into a folder, without a board.</summary>
    /// <returns>The ZIP file with it.</returns>
    Task<string> FetchAsync(string target, string folder, CancellationToken cancel);
}
