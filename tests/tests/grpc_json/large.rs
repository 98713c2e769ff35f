//! The settings of a listener for clients that do not wait for windows.

use std::net::SocketAddr;

use ostler_tests::{Host, Table, within};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const CONFIG: &str = r#"
[[server.listener]]
listen = "127.0.0.1:0"
h2 = "large"
"#;

/// Frame types and settings (RFC 9113, sections 6.5 and 6.9).
const SETTINGS: u8 = 4;
const WINDOW_UPDATE: u8 = 8;
const MAX_CONCURRENT_STREAMS: u16 = 3;
const INITIAL_WINDOW_SIZE: u16 = 4;
const MAX_FRAME_SIZE: u16 = 5;

#[tokio::test]
async fn settings() {
    let host = Host::start(&["users"], Some(CONFIG)).await;
    let listen = |at: usize| {
        host.listing["listen"][at]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    };
    let mut table = Table::new("HTTP/2 settings");
    table
        .row("a listener as it is", async {
            let (settings, window) = told(listen(0)).await;
            assert_eq!(settings.get(INITIAL_WINDOW_SIZE), Some(64 << 10));
            assert_eq!(settings.get(MAX_CONCURRENT_STREAMS), Some(200));
            assert_eq!(settings.get(MAX_FRAME_SIZE), Some(16 << 10));
            assert_eq!(window, 200 * (64 << 10));
        })
        .await;
    table
        .row("a large one", async {
            let (settings, window) = told(listen(1)).await;
            assert_eq!(settings.get(INITIAL_WINDOW_SIZE), Some(4 << 20));
            assert_eq!(settings.get(MAX_CONCURRENT_STREAMS), Some(200));
            assert_eq!(settings.get(MAX_FRAME_SIZE), Some(1 << 20));
            assert_eq!(window, 4 << 20);
        })
        .await;
    table.finish();
}

#[derive(Default)]
struct Settings(Vec<(u16, u32)>);

impl Settings {
    fn get(&self, id: u16) -> Option<u32> {
        let found = self.0.iter().find(|(known, _)| *known == id);
        found.map(|(_, value)| *value)
    }
}

/// What a new connection is told: settings, and the connection's window.
async fn told(addr: SocketAddr) -> (Settings, u32) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    stream.write_all(preface).await.unwrap();
    within("settings and a window", async {
        let (mut settings, mut window) = (None, None);
        while settings.is_none() || window.is_none() {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await.unwrap();
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; length as usize];
            stream.read_exact(&mut payload).await.unwrap();
            match head[3] {
                // Not the acknowledgement of ours.
                SETTINGS if head[4] == 0 => settings = Some(read(&payload)),
                // What is added to the 65,535 bytes of a new connection.
                WINDOW_UPDATE => {
                    window = Some(65_535 + u32::from_be_bytes(payload[..4].try_into().unwrap()));
                }
                _ => {}
            }
        }
        (settings.unwrap_or_default(), window.unwrap_or_default())
    })
    .await
}

fn read(payload: &[u8]) -> Settings {
    let pair = |bytes: &[u8]| {
        let id = u16::from_be_bytes(bytes[..2].try_into().unwrap());
        (id, u32::from_be_bytes(bytes[2..].try_into().unwrap()))
    };
    Settings(payload.chunks_exact(6).map(pair).collect())
}
