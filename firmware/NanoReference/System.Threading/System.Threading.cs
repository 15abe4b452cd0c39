namespace System.Threading;

public struct CancellationToken
{
    private byte _stub;
    public CancellationToken(bool canceled) => throw null;
    public CancellationTokenRegistration Register(Action callback) => throw null;
    public bool Equals(CancellationToken other) => throw null;
    public override bool Equals(object other) => throw null;
    public override int GetHashCode() => throw null;
    public void ThrowIfCancellationRequested() { }
    public WaitHandle WaitHandle { get => throw null; }
    public bool CanBeCanceled { get => throw null; }
    public bool IsCancellationRequested { get => throw null; }
    public static CancellationToken None { get => throw null; }
}

public struct CancellationTokenRegistration : IDisposable
{
    private byte _stub;
    public bool Equals(CancellationTokenRegistration other) => throw null;
    public override bool Equals(object obj) => throw null;
    public override int GetHashCode() => throw null;
    public static bool operator ==(CancellationTokenRegistration left, CancellationTokenRegistration right) => throw null;
    public static bool operator !=(CancellationTokenRegistration left, CancellationTokenRegistration right) => throw null;
    public void Dispose() { }
}

public class CancellationTokenSource : IDisposable
{
    public CancellationTokenSource() => throw null;
    public CancellationTokenSource(TimeSpan delay) => throw null;
    public CancellationTokenSource(int millisecondsDelay) => throw null;
    protected virtual void Dispose(bool disposing) { }
    public void Cancel() { }
    public void Cancel(bool throwOnFirstException) { }
    public void CancelAfter(TimeSpan delay) { }
    public void CancelAfter(int millisecondsDelay) { }
    public void Dispose() { }
    public CancellationToken Token { get => throw null; }
    public bool IsCancellationRequested { get => throw null; }
}

public class OperationCanceledException : SystemException
{
    public OperationCanceledException() => throw null;
    public OperationCanceledException(string message) => throw null;
    public OperationCanceledException(string message, Exception innerException) => throw null;
}
