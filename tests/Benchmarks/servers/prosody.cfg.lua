-- Prosody as Debian ships it, without what a comparison must not have: rate limits and server-to-server.
-- compare.sh fills in @DIR@, @PORT@, @TLS_PORT@ and @DOMAIN@.
-- Ordinary accounts may not create nodes in Prosody's service: the publishers are its administrators.
local publishers = {}
for i = 0, 9999 do publishers[i + 1] = "load" .. i .. "@@DOMAIN@" end

run_as_root = true
pidfile = "@DIR@/prosody.pid"
data_path = "@DIR@/data"
certificates = "@DIR@"
plugin_paths = {}
network_backend = "epoll"
log = { warn = "@DIR@/prosody.log" }
interfaces = { "127.0.0.1" }
c2s_ports = { @PORT@ }
c2s_direct_tls_ports = { @TLS_PORT@ }
s2s_ports = {}
http_ports = {}
https_ports = {}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_hashed"
storage = "internal"
modules_disabled = { "s2s" }
modules_enabled = {
    "disco", "roster", "saslauth", "tls", "blocklist", "carbons", "pep", "private", "smacks", "csi_simple", "ping", "time", "version", "posix",
}
ssl = { certificate = "@DIR@/cert.pem", key = "@DIR@/key.pem" }

VirtualHost "@DOMAIN@"

Component "pubsub.@DOMAIN@" "pubsub"
    autocreate_on_publish = false
    expose_publisher = false
    default_admin_affiliation = "owner"
    pubsub_max_items = 1000
    admins = publishers
