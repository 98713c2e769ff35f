//! Good and bad configurations, with the exact words of each refusal.

use std::path::Path;
use std::time::Duration;

use ostler_control::AccessLog;
use ostler_transport::listener::ListenerConfig;

use super::*;

fn parse(text: &str) -> Result<Config, String> {
    with_env(text, &[])
}

fn with_env(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Config::parse(text, "ostler.toml", Path::new("/etc/ostler"), &variables)
        .map_err(|e| e.to_string())
}

const FULL: &str = r#"
[server]
listen = ["127.0.0.1:0", "[::1]:0"]
grace = "5s"
access-log = "info"
cache = "/var/cache/ostler"
cache-size = "2GiB"
store = "/var/lib/ostler"
loaded = 12
instances = 1_000
compile = { memory = "512MiB", size = "8MiB" }

[server.http]
contract = false
metadata = ["X-Tenant"]
header-timeout = "5s"
stream-window = "128KiB"
streams = 50
event-idle = "7s"

[server.tls]
certificate = "host.pem"
key = "/keys/host.key"
client-ca = "clients.pem"
client-auth = "optional"

[[server.listener]]
listen = "127.0.0.1:50051"
h2 = "large"
tls = false

[[server.listener]]
listen = ["127.0.0.1:2", "127.0.0.1:3"]

[trust]
keys = ["release.pem", "ed25519:AA/="]

[registry]
plain-http = ["registry.lan:5000"]
timeout = "1m"
[telemetry]
otlp = "http://localhost:4318"
headers = ["X-Token=a=b"]
sampling = 0.25
interval = "5s"
service-name = "edge"

[limits]
cpu = "2s"
message = "1MiB"
reply = "3MiB"

[[service]]
component = "users.wasm"
watch = true
limits = { memory = "32MiB", timeout = "10s", stream-idle = "1m", concurrency = 7 }
config = { greeting = "hello", retries = 3, loud = true, ratio = 0.5 }

[[service]]
component = "/opt/blobs.wasm"
"#;

#[test]
fn a_full_file() {
    let config = parse(FULL).unwrap();
    let server = &config.server;
    assert_eq!(server.listen, ["127.0.0.1:0", "[::1]:0"]);
    assert_eq!(server.grace, Duration::from_secs(5));
    let listener = &server.listener;
    assert!(!listener.http.contract);
    assert_eq!(listener.http.metadata_headers, ["x-tenant"]);
    assert_eq!(listener.header_timeout, Duration::from_secs(5));
    assert_eq!((listener.stream_window, listener.streams), (128 << 10, 50));
    assert_eq!(listener.http.event_idle, Duration::from_secs(7));
    let addresses = server.addresses(listener);
    let of = |(name, config): &(String, ListenerConfig)| {
        let windows = (config.stream_window, config.connection_window);
        (name.clone(), windows, config.frame_size, config.streams)
    };
    let normal = |name: &str| (name.to_owned(), (128 << 10, None), 16 << 10, 50);
    let large = ((4 << 20, Some(4 << 20)), 1 << 20, 200);
    assert_eq!(
        addresses.iter().map(of).collect::<Vec<_>>(),
        [
            normal("127.0.0.1:0"),
            normal("[::1]:0"),
            ("127.0.0.1:50051".to_owned(), large.0, large.1, large.2),
            normal("127.0.0.1:2"),
            normal("127.0.0.1:3"),
        ]
    );
    let tls = TlsConfig {
        certificate: "/etc/ostler/host.pem".into(),
        key: "/keys/host.key".into(),
        client_ca: Some("/etc/ostler/clients.pem".into()),
        client_optional: true,
    };
    let speaks_tls = |place: usize| addresses[place].1.tls.as_ref() == Some(&tls);
    assert_eq!([0, 2, 3].map(speaks_tls), [true, false, true]);
    assert_eq!(server.access_log, AccessLog::Info);
    assert_eq!(
        server.cache.as_deref(),
        Some(Path::new("/var/cache/ostler"))
    );
    assert_eq!(server.cache_size, 2 << 30);
    assert_eq!(server.store.as_deref(), Some(Path::new("/var/lib/ostler")));
    assert_eq!(server.loaded, 12);
    assert_eq!(server.instances, Some(1000));
    let telemetry = &config.telemetry;
    assert_eq!(telemetry.otlp.as_deref(), Some("http://localhost:4318"));
    assert_eq!(
        telemetry.headers,
        [("x-token".to_owned(), "a=b".to_owned())]
    );
    assert_eq!(telemetry.sampling, 0.25);
    assert_eq!(telemetry.interval, Duration::from_secs(5));
    assert_eq!(telemetry.service_name, "edge");

    let registries = &config.registries;
    assert_eq!(registries.plain_http, ["registry.lan:5000"]);
    assert_eq!(registries.timeout, Duration::from_secs(60));
    assert_eq!(config.trust, ["/etc/ostler/release.pem", "ed25519:AA/="]);

    let [users, blobs] = &config.services[..] else {
        panic!("two services");
    };
    assert_eq!(users.component, Path::new("/etc/ostler/users.wasm").into());
    assert_eq!((users.watch, blobs.watch), (true, false));
    let guest = users.limits.guest();
    assert_eq!((guest.memory, guest.instances), (32 << 20, 7));
    assert_eq!(guest.cpu, Duration::from_secs(2));
    assert_eq!(guest.stream_idle, Duration::from_secs(60));
    let call = &users.limits.call;
    assert_eq!(call.timeout, Some(Duration::from_secs(10)));
    assert_eq!(
        (call.message, call.reply, call.concurrency, call.depth),
        (1 << 20, Some(3 << 20), 7, 100)
    );
    let mut given = users.config.clone();
    given.sort();
    let pairs = given.iter().map(|(k, v)| (k.as_str(), v.as_str()));
    assert_eq!(
        pairs.collect::<Vec<_>>(),
        [
            ("greeting", "hello"),
            ("loud", "true"),
            ("ratio", "0.5"),
            ("retries", "3")
        ]
    );

    assert_eq!(blobs.component, Path::new("/opt/blobs.wasm").into());
    assert_eq!(blobs.limits.guest().cpu, Duration::from_secs(2));
    assert_eq!(blobs.limits.guest().memory, 64 << 20);
    assert_eq!(blobs.limits.call.timeout, None);
}

#[test]
fn nothing_gives_the_defaults() {
    let config = parse("").unwrap();
    assert_eq!(config.server.listen, ["127.0.0.1:8080"]);
    assert_eq!(config.server.grace, Duration::from_secs(30));
    assert!(config.server.listener.http.contract);
    assert_eq!(config.limits.guest().instances, 256);
    assert_eq!(config.limits.call.message, 4 << 20);
    assert_eq!(config.limits.call.reply, None);
    assert!(config.services.is_empty());
}

#[test]
fn the_environment_overrides_the_file_but_not_a_service() {
    let config = with_env(
        FULL,
        &[
            ("OSTLER_SERVER_LISTEN", "0.0.0.0:1, 0.0.0.0:2"),
            ("OSTLER_SERVER_ACCESS_LOG", "off"),
            ("OSTLER_SERVER_COMPILE_TIMEOUT", "9s"),
            ("OSTLER_LIMITS_CPU", "3s"),
            ("OSTLER_LIMITS_CONCURRENCY", "9"),
            ("OSTLER_LOG", "debug"),
            ("HOME", "/root"),
        ],
    );
    let config = config.unwrap();
    assert_eq!(config.server.listen, ["0.0.0.0:1", "0.0.0.0:2"]);
    assert_eq!(config.server.access_log, AccessLog::Off);
    let compile = &config.server.compile;
    assert_eq!((compile.memory, compile.size), (512 << 20, 8 << 20));
    assert_eq!(compile.time, Duration::from_secs(9));
    let [users, blobs] = &config.services[..] else {
        panic!("two services");
    };
    assert_eq!(users.limits.guest().cpu, Duration::from_secs(3));
    assert_eq!(users.limits.call.concurrency, 7);
    assert_eq!(blobs.limits.call.concurrency, 9);
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_remedy() {
    let table = [
        (
            "[server]\nlisen = \"x\"",
            "ostler.toml:2: unknown key \"lisen\" in [server]; did you mean \"listen\"?",
        ),
        (
            "[sever]\n",
            "ostler.toml:1: unknown key \"sever\"; did you mean \"server\"?",
        ),
        (
            "port = 3",
            "ostler.toml:1: unknown key \"port\"; known are: server, limits, registry, telemetry, service, trust",
        ),
        (
            "[[service]]\ncomponent = \"a\"\nlimits = { memmory = 1 }",
            "ostler.toml:3: unknown key \"memmory\" in limits of [[service]]; did you mean \"memory\"?",
        ),
        (
            "[[service]]\ncomponet = \"a\"",
            "ostler.toml:2: unknown key \"componet\" in [[service]]; did you mean \"component\"?",
        ),
        (
            "\n[[service]]\nlimits = {}",
            "ostler.toml:2: [[service]] without a component; add component = \"FILE.wasm\"",
        ),
        (
            "[service]\ncomponent = \"a\"",
            "ostler.toml:1: service: write [[service]], one for each component",
        ),
        (
            "[limits]\ncpu = 5",
            "ostler.toml:2: cpu: expected a duration such as \"30s\" or \"250ms\", found 5",
        ),
        (
            "[limits]\nmemory = \"64M\"",
            "ostler.toml:2: memory: expected a size such as \"64MiB\" or 4096, found \"64M\"",
        ),
        (
            "[limits]\nconcurrency = 0",
            "ostler.toml:2: concurrency: expected a whole number above 0, found 0",
        ),
        (
            "[server.http]\ncontract = \"yes\"",
            "ostler.toml:2: contract: expected true or false, found \"yes\"",
        ),
        (
            "[server]\naccess-log = \"warn\"",
            "ostler.toml:2: access-log: expected one of \"off\", \"debug\", \"info\", found \"warn\"",
        ),
        (
            "[server.compile]\nmemmory = \"1GiB\"",
            "ostler.toml:2: unknown key \"memmory\" in [server.compile]; did you mean \"memory\"?",
        ),
        (
            "[server]\nlisten = [1]",
            "ostler.toml:2: listen: expected a list of texts, found an array",
        ),
        (
            "[server.http]\nheader-timout = \"1s\"",
            "ostler.toml:2: unknown key \"header-timout\" in [server.http]; did you mean \"header-timeout\"?",
        ),
        (
            "[[server.listener]]\nh2 = \"large\"",
            "ostler.toml:1: [[server.listener]] without an address; add listen = \"HOST:PORT\"",
        ),
        (
            "[[server.listener]]\nlisten = \"x:1\"\nh2 = \"huge\"",
            "ostler.toml:3: h2: expected one of \"normal\", \"large\", found \"huge\"",
        ),
        (
            "[server.listener]\nlisten = \"x:1\"",
            "ostler.toml:1: listener: write [[server.listener]], one for each group of addresses",
        ),
        (
            "[[service]]\ncomponent = \"oci://localhost/users\"\nwatch = true",
            "ostler.toml:3: watch: a file or a folder is watched, a registry is not",
        ),
        (
            "\n[trust]\n",
            "ostler.toml:2: [trust] without keys; add keys = [\"PUBLIC.pem\"]",
        ),
        (
            "[trust]\nkeys = []",
            "ostler.toml:2: keys: expected at least one key, found none",
        ),
        (
            "server = 3",
            "ostler.toml:1: server: expected a table, found an integer",
        ),
        (
            "[[service]]\ncomponent = \"a\"\nconfig = { a = [] }",
            "ostler.toml:3: config.a: expected a text, a number, true or false",
        ),
    ];
    for (text, error) in table {
        assert_eq!(parse(text).unwrap_err(), error, "{text}");
    }
    let syntax = parse("[server\n").unwrap_err();
    assert!(syntax.starts_with("ostler.toml:1: "), "{syntax}");
}

#[test]
fn what_is_wrong_with_a_variable_names_it() {
    let table = [
        (
            ("OSTLER_SERVER_GRACE", "soon"),
            "OSTLER_SERVER_GRACE: expected a duration such as \"30s\" or \"250ms\", found \"soon\"",
        ),
        (
            ("OSTLER_LIMITS_STREAM_IDLE", ""),
            "OSTLER_LIMITS_STREAM_IDLE: expected a duration such as \"30s\" or \"250ms\", found \"\"",
        ),
        (
            ("OSTLER_SERVER_HTTP_CONTRACT", "1"),
            "OSTLER_SERVER_HTTP_CONTRACT: expected true or false, found \"1\"",
        ),
    ];
    for (variable, error) in table {
        assert_eq!(with_env("", &[variable]).unwrap_err(), error);
    }
}

#[test]
fn the_variables_of_opentelemetry() {
    let usual = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=1,B=2=3"),
        ("OTEL_SERVICE_NAME", "edge"),
    ];
    let telemetry = with_env("", &usual).unwrap().telemetry;
    assert_eq!(telemetry.otlp.as_deref(), Some("http://collector:4318"));
    let headers = [("a", "1"), ("b", "2=3")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    assert_eq!(telemetry.headers, headers);
    assert_eq!(telemetry.service_name, "edge");
    // Ours count more.
    let file = "[telemetry]\notlp = \"http://file\"\n";
    let telemetry = with_env(file, &usual).unwrap().telemetry;
    assert_eq!(telemetry.otlp.as_deref(), Some("http://file"));
    let both = [usual[0], ("OSTLER_TELEMETRY_OTLP", "http://ours")];
    let telemetry = with_env(file, &both).unwrap().telemetry;
    assert_eq!(telemetry.otlp.as_deref(), Some("http://ours"));
    let disabled = [usual[0], ("OTEL_SDK_DISABLED", "true")];
    assert_eq!(with_env("", &disabled).unwrap().telemetry.otlp, None);
}
