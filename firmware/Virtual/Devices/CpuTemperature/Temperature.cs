namespace UnitsNet;

/// <summary>A temperature; of the package's many units the one that is read here.</summary>
public readonly struct Temperature
{
    private Temperature(double degreesCelsius)
    {
        DegreesCelsius = degreesCelsius;
    }

    /// <summary>In degrees Celsius.</summary>
    public double DegreesCelsius { get; }

    /// <summary>Makes one.</summary>
    /// <param name="value">Degrees Celsius.</param>
    /// <exception cref="ArgumentException">It is no number.</exception>
    public static Temperature FromDegreesCelsius(double value)
        => double.IsFinite(value) ? new Temperature(value) : throw new ArgumentException("a temperature is a number", nameof(value));
}
