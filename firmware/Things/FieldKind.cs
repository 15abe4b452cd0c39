namespace IotXmpp.Things;

/// <summary>The type of a field or parameter, as XEP-0323 and XEP-0325 name it. Stored in flash: numbers are never changed.</summary>
public enum FieldKind
{
    /// <summary>A number with a unit.</summary>
    Numeric = 0,
    /// <summary>True or false.</summary>
    Boolean = 1,
    /// <summary>Text.</summary>
    String = 2,
    /// <summary>A whole number without a unit, 32 bits.</summary>
    Int = 3,
    /// <summary>A whole number without a unit, 64 bits.</summary>
    Long = 4,
}

/// <summary>What sort of value a field is (XEP-0323 §3.3). Stored in flash: numbers are never changed.</summary>
[System.Flags]
public enum FieldRole
{
    /// <summary>Measured at the moment of its time.</summary>
    Momentary = 1,
    /// <summary>The state of the thing, not of the world.</summary>
    Status = 2,
    /// <summary>Says which thing this is.</summary>
    Identity = 4,
    /// <summary>Counted or computed from other values.</summary>
    Computed = 8,
}
