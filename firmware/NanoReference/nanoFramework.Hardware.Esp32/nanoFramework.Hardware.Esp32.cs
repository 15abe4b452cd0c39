using System;

namespace nanoFramework.Hardware.Esp32;

public class Configuration
{
    public Configuration() => throw null;
    public static int GetFunctionPin(DeviceFunction function) => throw null;
    public static void SetPinFunction(int pin, DeviceFunction value) { }
}

public enum DeviceFunction : int { ADC1_CH0 = 327936, ADC1_CH1 = 327937, ADC1_CH10 = 327946, ADC1_CH11 = 327947, ADC1_CH12 = 327948, ADC1_CH13 = 327949, ADC1_CH14 = 327950, ADC1_CH15 = 327951, ADC1_CH16 = 327952, ADC1_CH17 = 327953, ADC1_CH18 = 327954, ADC1_CH19 = 327955, ADC1_CH2 = 327938, ADC1_CH3 = 327939, ADC1_CH4 = 327940, ADC1_CH5 = 327941, ADC1_CH6 = 327942, ADC1_CH7 = 327943, ADC1_CH8 = 327944, ADC1_CH9 = 327945, COM1_CTS = 196867, COM1_RTS = 196866, COM1_RX = 196865, COM1_TX = 196864, COM2_CTS = 197123, COM2_RTS = 197122, COM2_RX = 197121, COM2_TX = 197120, COM3_CTS = 197379, COM3_RTS = 197378, COM3_RX = 197377, COM3_TX = 197376, COM4_CTS = 197635, COM4_RTS = 197634, COM4_RX = 197633, COM4_TX = 197632, I2C1_CLOCK = 131329, I2C1_DATA = 131328, I2C2_CLOCK = 131585, I2C2_DATA = 131584, I2S1_BCK = 393473, I2S1_DATA_OUT = 393475, I2S1_MCK = 393472, I2S1_MDATA_IN = 393476, I2S1_WS = 393474, I2S2_BCK = 393729, I2S2_DATA_OUT = 393731, I2S2_MCK = 393728, I2S2_MDATA_IN = 393732, I2S2_WS = 393730, PWM1 = 262400, PWM10 = 264704, PWM11 = 264960, PWM12 = 265216, PWM13 = 265472, PWM14 = 265728, PWM15 = 265984, PWM16 = 266240, PWM2 = 262656, PWM3 = 262912, PWM4 = 263168, PWM5 = 263424, PWM6 = 263680, PWM7 = 263936, PWM8 = 264192, PWM9 = 264448, SDMMC1_CLOCK = 524544, SDMMC1_COMMAND = 524545, SDMMC1_D0 = 524546, SDMMC1_D1 = 524547, SDMMC1_D2 = 524548, SDMMC1_D3 = 524549, SDMMC2_CLOCK = 524800, SDMMC2_COMMAND = 524801, SDMMC2_D0 = 524802, SDMMC2_D1 = 524803, SDMMC2_D2 = 524804, SDMMC2_D3 = 524805, SPI1_CLOCK = 65794, SPI1_MISO = 65793, SPI1_MOSI = 65792, SPI2_CLOCK = 66050, SPI2_MISO = 66049, SPI2_MOSI = 66048 }

public enum DeviceTypes : int { ADC = 327680, GPIO = 0, I2C = 131072, I2S = 393216, PWM = 262144, SDMMC = 524288, SERIAL = 196608, SPI = 65536 }

public enum EspNativeError : int { FAIL = -1, INVALID_ARG = 258, INVALID_CRC = 265, INVALID_MAC = 267, INVALID_RESPONSE = 264, INVALID_SIZE = 260, INVALID_STATE = 259, INVALID_VERSION = 266, NOT_FOUND = 261, NOT_SUPPORTED = 262, NO_MEM = 257, OK = 0, TIMEOUT = 263, WIFI_BASE = 12288 }

public static class Gpio
{
    public const int IO00 = unchecked((int)(0));
    public const int IO01 = unchecked((int)(1));
    public const int IO02 = unchecked((int)(2));
    public const int IO03 = unchecked((int)(3));
    public const int IO04 = unchecked((int)(4));
    public const int IO05 = unchecked((int)(5));
    public const int IO06 = unchecked((int)(6));
    public const int IO07 = unchecked((int)(7));
    public const int IO08 = unchecked((int)(8));
    public const int IO09 = unchecked((int)(9));
    public const int IO10 = unchecked((int)(10));
    public const int IO11 = unchecked((int)(11));
    public const int IO12 = unchecked((int)(12));
    public const int IO13 = unchecked((int)(13));
    public const int IO14 = unchecked((int)(14));
    public const int IO15 = unchecked((int)(15));
    public const int IO16 = unchecked((int)(16));
    public const int IO17 = unchecked((int)(17));
    public const int IO18 = unchecked((int)(18));
    public const int IO19 = unchecked((int)(19));
    public const int IO20 = unchecked((int)(20));
    public const int IO21 = unchecked((int)(21));
    public const int IO22 = unchecked((int)(22));
    public const int IO23 = unchecked((int)(23));
    public const int IO24 = unchecked((int)(24));
    public const int IO25 = unchecked((int)(25));
    public const int IO26 = unchecked((int)(26));
    public const int IO27 = unchecked((int)(27));
    public const int IO28 = unchecked((int)(28));
    public const int IO29 = unchecked((int)(29));
    public const int IO30 = unchecked((int)(30));
    public const int IO31 = unchecked((int)(31));
    public const int IO32 = unchecked((int)(32));
    public const int IO33 = unchecked((int)(33));
    public const int IO34 = unchecked((int)(34));
    public const int IO35 = unchecked((int)(35));
    public const int IO36 = unchecked((int)(36));
    public const int IO37 = unchecked((int)(37));
    public const int IO38 = unchecked((int)(38));
    public const int IO39 = unchecked((int)(39));
}

public class HighResTimer : IDisposable
{
    public event HighResTimerExpiredEventHandler OnHighResTimerExpired { add { } remove { } }
    public HighResTimer() => throw null;
    protected virtual void Dispose(bool disposing) { }
    public static ulong GetCurrent() => throw null;
    public void Dispose() { }
    public void StartOnePeriodic(ulong period_us) { }
    public void StartOneShot(ulong timeout_us) { }
    public void Stop() { }
}

public delegate void HighResTimerExpiredEventHandler(HighResTimer sender, object e);

public class NativeMemory
{
    public NativeMemory() => throw null;
    public static void GetMemoryInfo(NativeMemory.MemoryType memType, out uint totalSize, out uint totalFreeSize, out uint largestFreeBlock) => throw null;
    public enum MemoryType : int { All = 0, Internal = 1, SpiRam = 2 }
}

public class Sleep
{
    public Sleep() => throw null;
    public static int GetWakeupTouchpad() => throw null;
    public static EspNativeError EnableWakeupByMultiPins(Sleep.WakeupGpioPin pins, Sleep.WakeupMode mode) => throw null;
    public static EspNativeError EnableWakeupByPin(Sleep.WakeupGpioPin pin, int level) => throw null;
    public static EspNativeError EnableWakeupByTimer(TimeSpan time) => throw null;
    public static EspNativeError EnableWakeupByTouchPad(int padNumber1, int padNumber2 = -1, byte thresholdCoefficient = 80) => throw null;
    public static EspNativeError EnableWakeupByUart(Sleep.WakeUpPort portNumber, int edgeCount) => throw null;
    public static EspNativeError StartLightSleep() => throw null;
    public static Sleep.WakeupCause GetWakeupCause() => throw null;
    public static Sleep.WakeupGpioPin GetWakeupGpioPin() => throw null;
    public static void StartDeepSleep() { }
    public enum WakeUpPort : int { COM1 = 0, COM2 = 1 }
    public enum WakeupCause : int { Bt = 12, CoCpu = 10, CoCpuTrapTrig = 11, Ext0 = 2, Ext1 = 3, Gpio = 7, Timer = 4, TouchPad = 5, Uart = 8, Ulp = 6, Undefined = 0, Wifi = 9 }
    [System.Flags] public enum WakeupGpioPin : ulong { None = 0, Pin0 = 1, Pin1 = 2, Pin10 = 1024, Pin11 = 2048, Pin12 = 4096, Pin13 = 8192, Pin14 = 16384, Pin15 = 32768, Pin16 = 65536, Pin17 = 131072, Pin18 = 262144, Pin19 = 524288, Pin2 = 4, Pin20 = 1048576, Pin21 = 2097152, Pin25 = 33554432, Pin26 = 67108864, Pin27 = 134217728, Pin3 = 8, Pin32 = 4294967296, Pin33 = 8589934592, Pin34 = 17179869184, Pin35 = 34359738368, Pin36 = 68719476736, Pin37 = 137438953472, Pin38 = 274877906944, Pin39 = 549755813888, Pin4 = 16, Pin5 = 32, Pin6 = 64, Pin7 = 128, Pin8 = 256, Pin9 = 512 }
    public enum WakeupMode : int { AllLow = 0, AnyHigh = 1 }
}
