namespace IotXmpp.Things;

/// <summary>What an actuator does when nobody can command it any more.</summary>
public enum UplinkLostPolicy
{
    /// <summary>Stays as it is: a light.</summary>
    Hold,
    /// <summary>Goes off: a heater, a pump.</summary>
    Off,
    /// <summary>Goes on: a fan, a freezer.</summary>
    On,
}
