//! Floods of HTTP/2 frames that cost a client nothing: the host ends them, or
//! stops reading.

use ostler_tests::Table;

use crate::Site;
use crate::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, RST_STREAM, SETTINGS, Wire, frame,
    goaway, greeting, head,
};

/// Of a client that is told to calm down (RFC 9113, section 7).
const CALM: u32 = 11;

/// Bytes of a flood at most.
const MOST: usize = 64 << 20;
/// What the host may take, bytes, of a client that reads nothing: its own
/// buffers, and those of the system.
const TAKEN: usize = 16 << 20;

#[tokio::test]
async fn floods_over_http2() {
    let site = Site::start(&["cancel"], "").await;
    let addr = site.host.addr;
    let mut table = Table::new("Faults: floods over HTTP/2");
    let head = head("/cancel/hold", "application/json");
    site.row(
        &mut table,
        "10,000 streams, each reset at once: ENHANCE_YOUR_CALM",
        async {
            let mut wire = Wire::connect(addr).await;
            wire.write(greeting()).await;
            let streams = (0..10_000_u32).map(|n| 2 * n + 1);
            let resets = streams.flat_map(|stream| {
                let open = frame(HEADERS, END_HEADERS | END_STREAM, stream, &head);
                [open, frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat()
            });
            let resets: Vec<u8> = resets.collect();
            wire.write(resets).await;
            let said = wire.ended().await;
            assert_eq!(goaway(&said), Some(CALM));
        },
    )
    .await;
    site.row(
        &mut table,
        "headers continued without end: ENHANCE_YOUR_CALM",
        async {
            let mut wire = Wire::connect(addr).await;
            wire.write(greeting()).await;
            wire.write(frame(HEADERS, 0, 1, &head)).await;
            let field = [vec![0, 1, b'x', 100], vec![b'y'; 100]].concat();
            let more = frame(CONTINUATION, 0, 1, &field.repeat(100));
            wire.flood(&more, MOST).await;
            let said = wire.ended().await;
            // The reset that follows may overtake what was said.
            assert!(matches!(goaway(&said), Some(CALM) | None), "{said:?}");
        },
    )
    .await;
    let empty = [
        greeting(),
        frame(HEADERS, END_HEADERS, 1, &head),
        frame(DATA, 0, 1, &[]).repeat(10_000),
    ];
    site.row(&mut table, "10,000 frames without data", async {
        let mut wire = Wire::connect(addr).await;
        wire.write(empty.concat()).await;
        wire.ended().await;
    })
    .await;
    let floods = [
        (
            "pings whose answers nobody reads",
            frame(PING, 0, 0, &[7; 8]),
        ),
        (
            "settings whose answers nobody reads",
            frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255]),
        ),
    ];
    for (what, one) in floods {
        site.row(&mut table, what, async {
            let mut wire = Wire::connect(addr).await;
            wire.write(greeting()).await;
            let taken = wire.flood(&one.repeat(1_000), MOST).await;
            assert!(taken < TAKEN, "{taken} bytes were taken");
            wire.reset();
        })
        .await;
    }
    site.finish(table).await;
}
