namespace IotXmpp.Hub.Storage;

/// <summary>Why the database could not do what was asked.</summary>
public enum StorageFailure
{
    /// <summary>No reason with a name of its own: see the message. Answer <c>internal-server-error</c>.</summary>
    Other,
    /// <summary>The disk, or the size that the settings allow, is full. Answer <c>resource-constraint</c>.</summary>
    Full,
    /// <summary>The queue of writes is full and stayed so for the whole wait. Answer <c>resource-constraint</c> (type wait).</summary>
    Overloaded,
    /// <summary>Reading or writing the disk, or the line to the database server, failed. Answer <c>internal-server-error</c>.</summary>
    Io,
    /// <summary>Another process held the database for longer than the busy time-out. Answer <c>internal-server-error</c>.</summary>
    Busy,
    /// <summary>A unique, foreign key, not-null or check constraint. A bug unless the caller expects it.</summary>
    Constraint,
    /// <summary>The file is damaged or is no database.</summary>
    Corrupt,
    /// <summary>The schema is not the one that this program knows.</summary>
    Schema,
    /// <summary>The database is closed or closing.</summary>
    Closed,
}

/// <summary>A failure of the database. The write it concerns is not stored, or not known to be stored, and must not be acknowledged.</summary>
public sealed class StorageException : Exception
{
    /// <summary>Makes the exception.</summary>
    public StorageException(StorageFailure failure, string message, Exception? inner = null) : base(message, inner) => Failure = failure;

    /// <summary>The reason in one word.</summary>
    public StorageFailure Failure { get; }

    /// <summary>True when the sender should wait and try again or send less: the engine answers <c>resource-constraint</c> (RFC 6120 §8.3.3.18) instead of <c>internal-server-error</c>.</summary>
    public bool IsResourceConstraint => Failure is StorageFailure.Full or StorageFailure.Overloaded;
}
