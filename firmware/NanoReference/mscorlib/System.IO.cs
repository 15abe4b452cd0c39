namespace System.IO;

public class IOException : SystemException
{
    public IOException() => throw null;
    public IOException(string message) => throw null;
    public IOException(string message, Exception innerException) => throw null;
    public IOException(string message, int hresult) => throw null;
    public IOException.IOExceptionErrorCode ErrorCode { get => throw null; }
    public enum IOExceptionErrorCode : int { DirectoryNotEmpty = -436207616, DirectoryNotFound = -486539264, FileNotFound = -503316480, InvalidDriver = -520093696, Others = -536870912, PathAlreadyExists = -402653184, PathTooLong = -452984832, TooManyOpenHandles = -385875968, UnauthorizedAccess = -419430400, VolumeNotFound = -469762048 }
}
