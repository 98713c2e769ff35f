//! Serves clients that never heard of WIT: the contract in `wit/` is what
//! `ostler import` makes of `proto/orders.proto`.

use std::collections::BTreeMap;

use order_desk::{
    Card, Channel, DeleteOrderRequest, GetOrderRequest, ImportOrdersResponse, ListOrdersRequest,
    Money, Order, OrderDesk, OrderEvent, OrderEventWhat, OrderItem, OrderItemSize, OrderPayment,
    OrderRecipient, OrderState, PlaceOrderRequest, Totals, TrackOrdersRequest,
};
use ostler_guest::details::{BadRequest, ResourceInfo};
use ostler_guest::types::{Duration, Timestamp};
use ostler_guest::{Sink, Status, Stream};

ostler_guest::service!("wit");

/// Orders that can be looked up have the numbers from 1 to this.
const LAST_ORDER: u32 = 403;

struct Service;

impl OrderDesk for Service {
    fn get_order(request: GetOrderRequest) -> Result<Order, Status> {
        Ok(order(number(&request.name)?))
    }

    /// What it saw, by its own names, is in the note.
    fn place_order(request: PlaceOrderRequest) -> Result<Order, Status> {
        let Some(mut order) = request.order else {
            return Err(Status::invalid_argument("nothing is ordered")
                .with_detail(BadRequest::field("order", "must be set")));
        };
        if !request.validate_only {
            order.name = format!("orders/{}", request.request_id);
        }
        order.note = Some(format!("{:?} {:?}", order.payment, order.totals));
        Ok(order)
    }

    fn list_orders(request: ListOrdersRequest, mut out: Sink<Order>) -> Result<(), Status> {
        let orders = (1..=LAST_ORDER).map(order);
        let wanted = orders.filter(|order| request.state.is_none_or(|state| state == order.state));
        out.send_all(wanted.take(usize::try_from(request.page_size)?))?;
        Ok(())
    }

    fn import_orders(orders: Stream<Order>) -> Result<ImportOrdersResponse, Status> {
        let mut told = ImportOrdersResponse {
            imported: 0,
            units_by_sku: BTreeMap::new(),
        };
        for order in orders {
            told.imported += 1;
            for item in order?.items {
                *told.units_by_sku.entry(item.sku).or_default() += i64::from(item.quantity);
            }
        }
        Ok(told)
    }

    fn track_orders(
        requests: Stream<TrackOrdersRequest>,
        mut out: Sink<OrderEvent>,
    ) -> Result<(), Status> {
        for request in requests {
            let name = request?.name;
            let order = order(number(&name)?);
            let delay = Duration {
                seconds: -1,
                nanos: -500_000_000,
            };
            for (type_, what) in [
                ("state", Some(OrderEventWhat::Moved(order.state))),
                ("time", Some(OrderEventWhat::Delayed(delay))),
                ("place", Some(OrderEventWhat::From("the shop".to_owned()))),
                ("nothing", None),
            ] {
                out.send(OrderEvent {
                    name: name.clone(),
                    what,
                    type_: vec![type_.to_owned()],
                })?;
            }
        }
        Ok(())
    }

    fn delete_order(request: DeleteOrderRequest) -> Result<(), Status> {
        let order = order(number(&request.name)?);
        if order.state == OrderState::Shipped && !request.force {
            let text = format!("{} is on its way", order.name);
            return Err(Status::failed_precondition(text));
        }
        Ok(())
    }
}

fn number(name: &str) -> Result<u32, Status> {
    let number = name.strip_prefix("orders/").unwrap_or_default().parse();
    number
        .ok()
        .filter(|number| (1..=LAST_ORDER).contains(number))
        .ok_or_else(|| {
            Status::not_found(format!("no order {name:?}")).with_detail(ResourceInfo {
                resource_type: "acme.example/Order".to_owned(),
                resource_name: name.to_owned(),
                ..ResourceInfo::default()
            })
        })
}

/// An order that is made of its number, with something in every field.
fn order(number: u32) -> Order {
    let states = [
        OrderState::Unspecified,
        OrderState::Paid,
        OrderState::Shipped,
        OrderState::Lost,
        OrderState::InDispute,
    ];
    Order {
        name: format!("orders/{number}"),
        items: vec![item("mug", 2), item("hat", number)],
        state: states[number as usize % states.len()],
        recipient: Some(OrderRecipient {
            name: "Ada".to_owned(),
            address_lines: vec!["1 Main Street".to_owned(), "Oxford".to_owned()],
            phone_number: number.is_multiple_of(2).then(|| "0".to_owned()),
        }),
        labels: BTreeMap::from([("colour".to_owned(), "red".to_owned())]),
        gifts: BTreeMap::from([(-3, item("pen", 1))]),
        payment: payment(number),
        create_time: Some(Timestamp {
            seconds: 1_700_000_000 + i64::from(number),
            nanos: 500_000_000,
        }),
        handling_time: Some(Duration {
            seconds: 90,
            nanos: 250_000_000,
        }),
        note: Some(String::new()),
        gift_wrap: (!number.is_multiple_of(3)).then_some(number % 3 == 1),
        adjustments: vec![-1, 0, 150],
        channels: vec![Channel::Web, Channel::Phone],
        coupon_code: Some("TEN".to_owned()),
        totals: Some(totals()),
    }
}

fn item(sku: &str, quantity: u32) -> OrderItem {
    OrderItem {
        sku: sku.to_owned(),
        quantity,
        price: Some(Money {
            currency_code: "EUR".to_owned(),
            units: 12,
            nanos: -500_000_000,
        }),
        size: Some(OrderItemSize {
            width: 0.5,
            height: 2.0,
        }),
    }
}

/// Each of the ways in turn, and none.
fn payment(number: u32) -> Option<OrderPayment> {
    Some(match number % 5 {
        0 => return None,
        1 => OrderPayment::Card(Card {
            number_hash: "c0ffee".to_owned(),
            expires: 203_012,
        }),
        2 => OrderPayment::InvoiceAccount("acme-7".to_owned()),
        3 => OrderPayment::Cash,
        _ => OrderPayment::Voucher(-77),
    })
}

/// Different values everywhere, at the ends of their ranges.
fn totals() -> Totals {
    Totals {
        credit: i32::MIN,
        units: i64::MIN,
        weight: u32::MAX,
        volume: u64::MAX,
        balance: -2,
        tax: i64::MAX,
        batch: u32::MAX - 1,
        serial: u64::MAX - 1,
        offset: i32::MIN + 1,
        shift: i64::MIN + 1,
        rate: 0.25,
        share: -0.125,
        final_: true,
        digest: vec![0, 255],
        codes: vec![1, 2, 3],
    }
}
