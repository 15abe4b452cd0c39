namespace System.Net.NetworkInformation;

public enum AddressMode : byte { AutoIP = 3, DHCP = 1, Invalid = 0, Static = 2 }

public enum AuthenticationType : byte { EAP = 1, None = 0, Open = 4, PEAP = 2, Shared = 5, WCN = 3, WEP = 6, WPA = 7, WPA2 = 8 }

public enum EncryptionType : byte { Certificate = 6, None = 0, WEP = 1, WPA = 2, WPA2 = 3, WPA2_PSK = 5, WPA_PSK = 4 }

public static class IPGlobalProperties
{
    public static IPAddress GetIPAddress() => throw null;
}

public delegate void NetworkAPStationChangedEventHandler(int NetworkIndex, NetworkAPStationEventArgs e);

public class NetworkAPStationEventArgs : EventArgs
{
    internal NetworkAPStationEventArgs() { }
    public bool IsConnected { get => throw null; }
    public int StationIndex { get => throw null; }
}

public delegate void NetworkAddressChangedEventHandler(object sender, EventArgs e);

public delegate void NetworkAvailabilityChangedEventHandler(object sender, NetworkAvailabilityEventArgs e);

public class NetworkAvailabilityEventArgs : EventArgs
{
    internal NetworkAvailabilityEventArgs() { }
    public bool IsAvailable { get => throw null; }
}

public static class NetworkChange
{
    public static event NetworkAPStationChangedEventHandler NetworkAPStationChanged { add { } remove { } }
    public static event NetworkAddressChangedEventHandler NetworkAddressChanged { add { } remove { } }
    public static event NetworkAvailabilityChangedEventHandler NetworkAvailabilityChanged { add { } remove { } }
}

public class NetworkInterface
{
    internal NetworkInterface() { }
    protected NetworkInterface(int interfaceIndex) => throw null;
    public static NetworkInterface[] GetAllNetworkInterfaces() => throw null;
    public static bool GetIsNetworkAvailable() => throw null;
    public void EnableAutomaticDns() { }
    public void EnableDhcp() { }
    public void EnableStaticIP(string ipv4Address, string ipv4subnetMask, string ipv4gatewayAddress, string ipv6Address, string ipv6SubnetMask, string ipv6GatewayAddress) { }
    public void EnableStaticIPv4(string ipv4Address, string ipv4SubnetMask, string ipv4GatewayAddress) { }
    public void EnableStaticIPv4Dns(string[] dnsAddresses) { }
    public void EnableStaticIPv6(string ipv6Address, string ipv6SubnetMask, string ipv6GatewayAddress) { }
    public void EnableStaticIPv6Dns(string[] dnsAddresses) { }
    public void ReleaseDhcpLease() { }
    public void RenewDhcpLease() { }
    public NetworkInterfaceType NetworkInterfaceType { get => throw null; }
    public bool IsAutomaticDnsEnabled { get => throw null; }
    public bool IsDhcpEnabled { get => throw null; }
    public byte[] PhysicalAddress { get => throw null; set { } }
    public string IPv4Address { get => throw null; }
    public string IPv4GatewayAddress { get => throw null; }
    public string IPv4SubnetMask { get => throw null; }
    public string[] IPv4DnsAddresses { get => throw null; }
    public uint SpecificConfigId { get => throw null; set { } }
}

public enum NetworkInterfaceType : int { Ethernet = 6, Unknown = 1, Wireless80211 = 71, WirelessAP = 72 }

[System.Flags] public enum PhyProtocols : int { PHY802_11b = 1, PHY802_11g = 2, PHY802_11lr = 8, PHY802_11n = 4 }

public enum RadioType : byte { NotSpecified = 0, _802_11a = 1, _802_11b = 2, _802_11g = 4, _802_11n = 8 }

public class Wireless80211Configuration
{
    internal Wireless80211Configuration() { }
    public Wireless80211Configuration(uint id) => throw null;
    public static Wireless80211Configuration[] GetAllWireless80211Configurations() => throw null;
    public void SaveConfiguration() { }
    public AuthenticationType Authentication { get => throw null; set { } }
    public EncryptionType Encryption { get => throw null; set { } }
    public RadioType Radio { get => throw null; set { } }
    public Wireless80211Configuration.ConfigurationOptions Options { get => throw null; set { } }
    public string Password { get => throw null; set { } }
    public string Ssid { get => throw null; set { } }
    public uint Id { get => throw null; }
    [System.Flags] public enum ConfigurationOptions : byte { AutoConnect = 6, Disable = 1, Enable = 2, None = 0, SmartConfig = 10 }
}

public class WirelessAPConfiguration
{
    internal WirelessAPConfiguration() { }
    public WirelessAPConfiguration(uint id) => throw null;
    public WirelessAPStation GetConnectedStations(int stationIndex) => throw null;
    public WirelessAPStation[] GetConnectedStations() => throw null;
    public static WirelessAPConfiguration[] GetAllWirelessAPConfigurations() => throw null;
    public void DeAuthStation(int stationIndex) { }
    public void SaveConfiguration() { }
    public AuthenticationType Authentication { get => throw null; set { } }
    public EncryptionType Encryption { get => throw null; set { } }
    public RadioType Radio { get => throw null; set { } }
    public WirelessAPConfiguration.ConfigurationOptions Options { get => throw null; set { } }
    public byte Channel { get => throw null; set { } }
    public byte MaxConnections { get => throw null; set { } }
    public string Password { get => throw null; set { } }
    public string Ssid { get => throw null; set { } }
    public uint Id { get => throw null; }
    [System.Flags] public enum ConfigurationOptions : byte { AutoStart = 6, Disable = 1, Enable = 2, HiddenSSID = 8, None = 0 }
}

public class WirelessAPStation
{
    internal WirelessAPStation() { }
    public PhyProtocols PhyModes { get => throw null; }
    public byte[] MacAddress { get => throw null; }
    public sbyte Rssi { get => throw null; }
}
