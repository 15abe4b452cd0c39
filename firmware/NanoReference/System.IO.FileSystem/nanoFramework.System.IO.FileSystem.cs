using System;

namespace nanoFramework.System.IO.FileSystem;

public class CardDetectParameters
{
    public bool autoMount;
    public bool cardDetectedState;
    public bool enableCardDetectPin;
    public uint cardDetectPin;
    public CardDetectParameters() => throw null;
}

public delegate void CardDetectStateEventHandler(object sender, CardDetectChangedEventArgs e);

public class SDCard : IDisposable
{
    internal SDCard() { }
    public event CardDetectStateEventHandler CardDetectChanged { add { } remove { } }
    public SDCard(SDCardMmcParameters mmcParameters, CardDetectParameters cdParameters = default) => throw null;
    public SDCard(SDCardSpiParameters spiParameters, CardDetectParameters cdParameters = default) => throw null;
    public SDCard(uint slotIndex = 0) => throw null;
    public void Dispose() { }
    public void Mount() { }
    public void Unmount() { }
    public bool CardDetectEnabled { get => throw null; }
    public bool IsCardDetected { get => throw null; }
    public bool IsMounted { get => throw null; }
    public CardDetectParameters CdParameters { get => throw null; }
    public SDCard.SDInterfaceType CardType { get => throw null; }
    public SDCardMmcParameters MmcParameters { get => throw null; }
    public SDCardSpiParameters SpiParameters { get => throw null; }
    public uint SlotIndex { get => throw null; }
    public enum SDDataWidth : int { _1_bit = 1, _4_bit = 2 }
    public enum SDInterfaceType : int { Mmc = 1, Spi = 2, System = 0 }
}

public class SDCardMmcParameters
{
    public SDCard.SDDataWidth dataWidth;
    public uint slotIndex;
    public SDCardMmcParameters() => throw null;
}

public class SDCardSpiParameters
{
    public uint chipSelectPin;
    public uint slotIndex;
    public uint spiBus;
    public SDCardSpiParameters() => throw null;
}
