//! The deepest values a contract may have, read and written by a guest that
//! has used up its stack: what the host does there is done on that same stack.

use ostler_tests::{Answer, Http, Request, Table, call};
use serde_json::{Value, json};

use crate::Site;

/// How often the types of the guest `deep` are in each other.
const NESTED: usize = 14;
/// More often than a guest can call itself.
const TOO_OFTEN: u32 = 1 << 20;

#[tokio::test]
async fn deep_values_on_a_small_stack() {
    let site = Site::start(&["deep"], "").await;
    let mut table = Table::new("Faults: deep values on a small stack");
    for http in Http::BOTH {
        let what = format!("the deepest value, at every depth of the guest ({http})");
        site.row(&mut table, what, async {
            let (mut fits, mut traps) = (0, TOO_OFTEN);
            while traps - fits > 1 {
                let calls = fits.midpoint(traps);
                let answer = echo(&site, http, calls).await;
                if answer.status() == 200 {
                    assert_eq!(answer.lines(), [item(0)], "{calls}");
                    fits = calls;
                } else {
                    assert_eq!(answer.status(), 500, "{}", answer.text());
                    assert_eq!(answer.json()["code"], "internal");
                    traps = calls;
                }
            }
            println!("a guest can call itself {fits} times");
            assert!(fits > 1_000, "{fits}");
        })
        .await;
        let what = format!("a value that nests as deep as JSON may ({http})");
        site.row(&mut table, what, async {
            // The item, the ignored field in it, and 99 levels.
            let ignored = format!("{}{}", "[".repeat(99), "]".repeat(99));
            let first = item(0).to_string();
            let second = first.replacen('{', &format!("{{\"ignored\":{ignored},"), 1);
            let request = Request::ndjson("/deep/echo", format!("{first}\n{second}\n"));
            let answer = call(site.host.addr, http, request).await;
            assert_eq!((answer.status(), answer.lines()), (200, vec![item(0)]));
            let deeper = second.replacen('[', "[[", 1).replacen(']', "]]", 1);
            let request = Request::ndjson("/deep/echo", format!("{first}\n{deeper}\n"));
            let answer = call(site.host.addr, http, request).await;
            assert_eq!(answer.status(), 400, "{}", answer.text());
        })
        .await;
    }
    site.finish(table).await;
}

async fn echo(site: &Site, http: Http, calls: u32) -> Answer {
    let body = format!("{}\n{}\n", item(calls), item(0));
    let request = Request::ndjson("/deep/echo", body);
    call(site.host.addr, http, request).await
}

fn item(calls: u32) -> Value {
    let mut value = json!(7);
    for _ in 0..NESTED {
        value = json!([[{"ok": value}]]);
    }
    json!({"calls": calls, "value": value})
}
