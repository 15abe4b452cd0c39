using System.Net;

namespace IotXmpp.TestKit.Dialogues;

/// <summary>A server that dialogues can be held with: the hub, or another one to learn who is right.</summary>
public interface IDialogueServer : IAsyncDisposable
{
    /// <summary>The domain that it serves: <c>hub.test</c> in the scripts.</summary>
    string Domain { get; }

    /// <summary>Where it listens for plain TCP (and STARTTLS).</summary>
    IPEndPoint Plain { get; }

    /// <summary>Where it listens for direct TLS, if it does.</summary>
    IPEndPoint? DirectTls { get; }

    /// <summary>Where it listens for HTTP, if it does.</summary>
    IPEndPoint? Http => null;

    /// <summary>Makes an account.</summary>
    Task AddAccountAsync(string name, string password);

    /// <summary>Says who owns a thing's account: the one who may control it.</summary>
    Task SetOwnerAsync(string name, string owner);

    /// <summary>Forbids an account to log in.</summary>
    Task DisableAsync(string name);

    /// <summary>Gives an account another password.</summary>
    Task ChangePasswordAsync(string name, string password);

    /// <summary>Makes an account an administrator.</summary>
    Task SetAdministratorAsync(string name);

    /// <summary>Moves the server's clock, if it is one that can be moved.</summary>
    void Advance(TimeSpan by);
}
