namespace nanoFramework.Networking;

public class Sntp
{
    public Sntp() => throw null;
    public static void Start() { }
    public static void Stop() { }
    public static void UpdateNow() { }
    public static bool IsStarted { get => throw null; }
    public static string Server1 { get => throw null; set { } }
    public static string Server2 { get => throw null; set { } }
}
