//! A service whose `.proto` was there first: its clients do not notice.

use std::fs;
use std::path::Path;

use ostler_tests::{Host, Table};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{ostler, rows, text, told};

/// The guest: `proto/` is where its contract, in `wit/`, is from.
const GUEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/guests/orders");

/// What the guest sees of numbers of every kind, by its own names.
const TOTALS: &str = "Some(Totals { credit: -1, units: -2, weight: 3, volume: 4, balance: -5, \
                      tax: -6, batch: 7, serial: 8, offset: -9, shift: -10, rate: 0.5, \
                      share: 0.25, final: true, digest: [0, 255], codes: [12, 0, 13] })";

#[tokio::test]
async fn the_contract_is_what_import_makes_of_the_file() {
    let made = TempDir::new().unwrap();
    let proto = Path::new(GUEST).join("proto/orders.proto");
    ostler(&["import", text(&proto), "--out", text(made.path())]).await;
    let files = |folder: &Path| {
        let entries = fs::read_dir(folder).unwrap();
        let mut files: Vec<_> = entries
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                (
                    path.file_name().unwrap().to_owned(),
                    fs::read_to_string(path).unwrap(),
                )
            })
            .collect();
        files.sort();
        files
    };
    let kept = files(&Path::new(GUEST).join("wit"));
    assert_eq!(kept.len(), 2);
    assert_eq!(
        files(made.path()),
        kept,
        "run `ostler import --force proto/orders.proto` in {GUEST}"
    );
}

#[tokio::test]
async fn clients_of_the_file_are_served() {
    let host = Host::start(&["orders"], None).await;
    let told = told("orders.py", &host, &Path::new(GUEST).join("proto")).await;
    let mut table = Table::new("gRPC's client of an imported service");
    let events = |order: &str, state: &str| {
        json!([
            {"name": order, "type": ["state"], "moved": state},
            {"name": order, "type": ["time"], "delayed": "-1.500s"},
            {"name": order, "type": ["place"], "from": "the shop"},
            {"name": order, "type": ["nothing"]},
        ])
    };
    let payments = [
        "Some(OrderPayment::Card(Card { number-hash: \"\", expires: 14 }))",
        "Some(OrderPayment::InvoiceAccount(\"\"))",
        "Some(OrderPayment::Cash)",
        "Some(OrderPayment::Voucher(-15))",
        "None",
    ];
    let expected = json!({
        "a whole order": order_2(),
        "numbers one by one": true,
        "payments": ["card", "invoice_account", "cash", "voucher", null],
        "what is absent": [[true, false, null], [false, true, false], true],
        "placed": payments.map(|payment| format!("{payment} {TOTALS}")),
        "placed empty": {"note": "None None"},
        "server streaming": [["orders/4", 1000], ["orders/9", 1000], ["orders/14", 1000]],
        "of any state": [5, 3, 40, 1000, 0],
        "client streaming": {"imported": 4, "units_by_sku": {"mug": "8", "hat": "160"}},
        "bidirectional": [events("orders/3", "STATE_LOST"), events("orders/4", "STATE_IN_DISPUTE"), []],
        "nothing to say": {},
        "an error": {"code": "FAILED_PRECONDITION", "text": "orders/2 is on its way", "details": 0},
        "an error of a stream": [
            {"code": "NOT_FOUND", "text": "no order \"orders/0\"", "details": 1},
            ["moved", "delayed", "from", null],
        ],
    });
    rows(&mut table, "grpcio", &told, expected).await;
    table.finish();
}

/// `orders/2` in the JSON of protobuf, as the `.proto` names everything.
fn order_2() -> Value {
    let item = |sku: &str, quantity: u32| {
        json!({
            "sku": sku,
            "quantity": quantity,
            "price": {"currency_code": "EUR", "units": "12", "nanos": -500_000_000},
            "size": {"width": 0.5, "height": 2.0},
        })
    };
    json!({
        "name": "orders/2",
        "items": [item("mug", 2), item("hat", 2)],
        "state": "STATE_SHIPPED",
        "recipient": {
            "name": "Ada",
            "address_lines": ["1 Main Street", "Oxford"],
            "phone_number": "0",
        },
        "labels": {"colour": "red"},
        "gifts": {"-3": item("pen", 1)},
        "invoice_account": "acme-7",
        "create_time": "2023-11-14T22:13:22.500Z",
        "handling_time": "90.250s",
        "note": "",
        "gift_wrap": false,
        "adjustments": [-1, 0, 150],
        "channels": ["CHANNEL_WEB", "CHANNEL_PHONE"],
        "coupon_code": "TEN",
        "totals": {
            "credit": i32::MIN,
            "units": i64::MIN.to_string(),
            "weight": u32::MAX,
            "volume": u64::MAX.to_string(),
            "balance": -2,
            "tax": i64::MAX.to_string(),
            "batch": u32::MAX - 1,
            "serial": (u64::MAX - 1).to_string(),
            "offset": i32::MIN + 1,
            "shift": (i64::MIN + 1).to_string(),
            "rate": 0.25,
            "share": -0.125,
            "final": true,
            "digest": "AP8=",
            "codes": [1, 2, 3],
        },
    })
}
