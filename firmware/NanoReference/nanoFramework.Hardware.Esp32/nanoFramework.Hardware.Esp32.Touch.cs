using System;
using nanoFramework.Runtime.Events;

namespace nanoFramework.Hardware.Esp32.Touch;

public enum DenoiseCapacitance : int { Cap10pf6 = 4, Cap12pf0 = 5, Cap13pf4 = 6, Cap14pf8 = 7, Cap5pf = 0, Cap6pf4 = 1, Cap7pf8 = 2, Cap9pf2 = 3 }

public enum DenoiseRange : int { Bit10 = 1, Bit12 = 0, Bit4 = 3, Bit8 = 2 }

public class DenoiseSetting
{
    public DenoiseSetting() => throw null;
    public DenoiseCapacitance DenoiseCapacitance { get => throw null; set { } }
    public DenoiseRange DenoiseRange { get => throw null; set { } }
}

public class Esp32FilterSetting : IFilterSetting
{
    public Esp32FilterSetting() => throw null;
    public uint Period { get => throw null; set { } }
}

public enum FilterSettingDebounce : int { Five = 5, Four = 4, NoDebounce = 0, One = 1, Seven = 7, Six = 6, Three = 3, Two = 2 }

public enum FilterSettingMode : int { Iir128 = 5, Iir16 = 2, Iir256 = 6, Iir32 = 3, Iir4 = 0, Iir64 = 4, Iir8 = 1, IirJitter = 7 }

public enum FilterSettingNoiseThreshold : int { High = 3, Low = 0, MediumHigh = 2, Mediumlow = 1 }

public enum FilterSettingSmoothMode : int { Iir2 = 1, Iir4 = 2, Iir8 = 3, Off = 0 }

public interface IFilterSetting
{
}

public enum MeasurementMode : int { Software = 1, Timer = 0 }

public class MeasurementTime
{
    public MeasurementTime() => throw null;
    public TimeSpan MeasurementCycles { get => throw null; set { } }
    public ushort SleepCycles { get => throw null; set { } }
}

public class S2S3FilterSetting : IFilterSetting
{
    public S2S3FilterSetting() => throw null;
    public byte JitterSize { get => throw null; set { } }
    public FilterSettingDebounce FilterSettingDebounce { get => throw null; set { } }
    public FilterSettingMode PeriodeSettingMode { get => throw null; set { } }
    public FilterSettingNoiseThreshold FilterSettingNoiseThreshold { get => throw null; set { } }
    public FilterSettingSmoothMode FilterSettingSmoothMode { get => throw null; set { } }
}

public struct TouchChargeSpeed
{
    private byte _stub;
    public TouchChargeSpeed.ChargeSpeed Speed { get => throw null; set { } }
    public TouchChargeSpeed.InitialCharge Charge { get => throw null; set { } }
    public enum ChargeSpeed : int { Fastest = 7, Slowest = 1, Speed2 = 2, Speed3 = 3, Speed4 = 4, Speed5 = 5, Speed6 = 6, Zero = 0 }
    public enum InitialCharge : int { High = 1, Low = 0 }
}

public enum TouchHighVoltage : int { Volt2V4 = 0, Volt2V5 = 1, Volt2V6 = 2, Volt2V7 = 3 }

public enum TouchHighVoltageAttenuation : int { Volt0V0 = 3, Volt0V5 = 2, Volt1V0 = 1, Volt1V5 = 0 }

public enum TouchLowVoltage : int { Volt0V5 = 0, Volt0V6 = 1, Volt0V7 = 2, Volt0V8 = 3 }

public class TouchPad : IDisposable
{
    internal TouchPad() { }
    public event TouchPadValueChangedEventHandler ValueChanged { add { } remove { } }
    public int GetCalibrationData(int count = 5) => throw null;
    public TouchChargeSpeed GetChargeSpeed() => throw null;
    public TouchPad(int touchPadNumber) => throw null;
    public static int GetGpioNumberFromTouchNumber(int touchpadNumber) => throw null;
    public static DenoiseSetting GetDenoise() => throw null;
    public static MeasurementTime GetMeasurementTime() => throw null;
    public static void SetDenoise(DenoiseSetting denoiseSetting) { }
    public static void SetMeasurementTime(MeasurementTime measurementTime) { }
    public static void SetVoltage(TouchHighVoltage touchHighVoltage, TouchLowVoltage touchLowVoltage, TouchHighVoltageAttenuation touchHighVoltageAttenuation) { }
    public static void StartFilter(IFilterSetting filterSetting) { }
    public static void StopFilter() { }
    public uint Read() => throw null;
    public void Dispose() { }
    public void SetChargeSpeed(TouchChargeSpeed touchChargeSpeed) { }
    public int CalibrationData { get => throw null; }
    public int TouchPadNumber { get => throw null; }
    public static bool DenoiseEnabled { get => throw null; set { } }
    public static bool IsFilterOn { get => throw null; }
    public static MeasurementMode MeasurementMode { get => throw null; set { } }
    public static TouchHighVoltage TouchHighVoltage { get => throw null; }
    public static TouchHighVoltageAttenuation TouchHighVoltageAttenuation { get => throw null; }
    public static TouchLowVoltage TouchLowVoltage { get => throw null; }
    public static TouchTriggerMode TouchTriggerMode { get => throw null; set { } }
    public static WakeUpSource WakeUpSource { get => throw null; set { } }
    public uint Threshold { get => throw null; set { } }
}

public class TouchPadEventArgs : BaseEvent
{
    internal TouchPadEventArgs() { }
    public TouchPadEventArgs(int padNumber, bool touched) => throw null;
    public bool Touched { get => throw null; }
    public int PadNumber { get => throw null; }
}

public delegate void TouchPadValueChangedEventHandler(object sender, TouchPadEventArgs e);

public enum TouchTriggerMode : int { AboveThreshold = 1, BellowThreshold = 0 }

public enum WakeUpSource : int { BothSet1AndSet2 = 0, OnlySet1 = 1 }
