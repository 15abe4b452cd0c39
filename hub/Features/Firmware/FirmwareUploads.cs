using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Security.Cryptography;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Firmware;

/// <summary>How a piece of an upload was taken.</summary>
public enum PieceOutcome
{
    /// <summary>It was; more is awaited.</summary>
    Taken,

    /// <summary>It was the last; the outcome of the whole stands beside.</summary>
    Last,

    /// <summary>There is no such upload, or of somebody else, or it has ended.</summary>
    NotFound,

    /// <summary>It does not begin where the last one ended.</summary>
    WrongPlace,
}

/// <summary>Images that come piece by piece over XMPP: each goes straight on into <see cref="FirmwareService.AddAsync"/>; nothing but one piece is held in memory.</summary>
internal sealed class FirmwareUploads(FirmwareService firmware, TimeProvider time) : IDisposable
{
    /// <summary>Bytes of a piece at most: 98,304, as base64 half of what an operator's stanza may have.</summary>
    public const int MaxPiece = 98_304;

    private readonly ConcurrentDictionary<string, Upload> _uploads = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>Begins an upload.</summary>
    /// <returns>Its id; null where the account has too many open.</returns>
    public string? Begin(Jid by, FirmwareManifest manifest)
    {
        lock (_gate)
        {
            Sweep();
            if (_uploads.Values.Count(u => u.By.Equals(by.Bare)) >= firmware.Options.MaxUploads)
            {
                return null;
            }

            string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
            _uploads[id] = new Upload(by.Bare, manifest, firmware, time.GetUtcNow());
            return id;
        }
    }

    /// <summary>Takes a piece.</summary>
    public async Task<(PieceOutcome Outcome, FirmwareOutcome Whole, FirmwareImage? Image)> PutAsync(Jid by, string id, long offset, ReadOnlyMemory<byte> piece, CancellationToken cancel)
    {
        if (!_uploads.TryGetValue(id, out Upload? upload) || !upload.By.Equals(by.Bare))
        {
            return (PieceOutcome.NotFound, default, null);
        }

        if (!upload.TryTake(offset, piece.Length, time.GetUtcNow(), out bool isLast))
        {
            return (PieceOutcome.WrongPlace, default, null);
        }

        bool goesOn = !(await upload.Pipe.Writer.WriteAsync(piece, cancel).ConfigureAwait(false)).IsCompleted;
        if (!isLast && goesOn)
        {
            return (PieceOutcome.Taken, default, null);
        }

        // The whole, or the end of who takes it: then it says why.
        _uploads.TryRemove(id, out _);
        await upload.Pipe.Writer.CompleteAsync().ConfigureAwait(false);
        (FirmwareOutcome outcome, FirmwareImage? image) = await upload.Adding.ConfigureAwait(false);
        return (PieceOutcome.Last, outcome, image);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Upload upload in _uploads.Values)
        {
            upload.GiveUp();
        }
    }

    private void Sweep()
    {
        DateTimeOffset oldest = time.GetUtcNow().AddMinutes(-firmware.Options.UploadMinutes);
        foreach ((string id, Upload upload) in _uploads)
        {
            if (upload.Seen < oldest && _uploads.TryRemove(id, out _))
            {
                upload.GiveUp();
            }
        }
    }

    private sealed class Upload
    {
        private readonly Lock _gate = new();
        private readonly long _size;
        private long _taken;

        public Upload(Jid by, FirmwareManifest manifest, FirmwareService firmware, DateTimeOffset now)
        {
            By = by;
            Seen = now;
            _size = manifest.Size;
            Adding = AddAsync(by, manifest, firmware);
        }

        public Jid By { get; }

        public DateTimeOffset Seen { get; private set; }

        public Pipe Pipe { get; } = new(new PipeOptions(pauseWriterThreshold: 2 * MaxPiece, resumeWriterThreshold: MaxPiece, useSynchronizationContext: false));

        public Task<(FirmwareOutcome Outcome, FirmwareImage? Image)> Adding { get; }

        public bool TryTake(long offset, int count, DateTimeOffset now, out bool isLast)
        {
            lock (_gate)
            {
                isLast = _taken + count >= _size;
                if (offset != _taken || count == 0)
                {
                    return false;
                }

                _taken += count;
                Seen = now;
                return true;
            }
        }

        public void GiveUp() => Pipe.Writer.Complete(new OperationCanceledException());

        private async Task<(FirmwareOutcome Outcome, FirmwareImage? Image)> AddAsync(Jid by, FirmwareManifest manifest, FirmwareService firmware)
        {
            await Task.Yield();
            Stream content = Pipe.Reader.AsStream();
            try
            {
                return await firmware.AddAsync(by, manifest, content).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                return (FirmwareOutcome.WrongSize, null);
            }
            finally
            {
                await content.DisposeAsync().ConfigureAwait(false); // completes the reader: who still sends is told
            }
        }
    }
}
