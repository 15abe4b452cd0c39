namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>What a request must bring to come to an endpoint; metadata of each endpoint behind <see cref="RestGate"/>.</summary>
public interface IRestAdmission
{
    /// <summary>The scope that the token needs.</summary>
    string Scope { get; }

    /// <summary>The parameters of the query that it takes; others are refused.</summary>
    IReadOnlyList<RestParameter> Parameters { get; }

    /// <summary>Whether it lasts as long as the client reads: no time-out.</summary>
    bool IsStream { get; }

    /// <summary>Bytes of the body, at most; null for the setting.</summary>
    long? BodyBytes { get; }
}
