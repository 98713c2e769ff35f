"""Calls the guest `orders` with gRPC's own client for Python, its stubs made by
protoc from the `.proto` file that the guest's contract was imported from.

    orders.py ADDRESS FOLDER

Prints what each step gives, as one JSON object.
"""

import queue
import struct
import sys

import grpc
from common import OPTIONS, raised, run, stubs
from google.protobuf.json_format import MessageToDict

PAYMENTS = ("card", "invoice_account", "cash", "voucher")


def plain(message):
    return MessageToDict(message, preserving_proto_field_name=True)


class Steps:
    def __init__(self, channel, modules):
        self.channel = channel
        self.orders, services = modules["acme.orders.v2beta"]
        self.stub = services.OrderDeskStub(channel)

    def _get(self, number):
        return self.stub.GetOrder(self.orders.GetOrderRequest(name=f"orders/{number}"))

    def a_whole_order(self):
        return plain(self._get(2))

    def numbers_one_by_one(self):
        """A list that is not packed has a tag before each number."""
        request = self.orders.GetOrderRequest(name="orders/2").SerializeToString()
        order = self.channel.unary_unary("/acme.orders.v2beta.OrderDesk/GetOrder")(request)
        return b"".join(struct.pack("<BI", 1 << 3 | 5, code) for code in (1, 2, 3)) in order

    def payments(self):
        return [self._get(number).WhichOneof("payment") for number in range(1, 6)]

    def what_is_absent(self):
        """Fields that know absence: of every third order, and a phone number of every other."""
        gifts = [self._get(number) for number in (1, 2, 3)]
        return [
            [order.gift_wrap if order.HasField("gift_wrap") else None for order in gifts],
            [order.recipient.HasField("phone_number") for order in gifts],
            gifts[0].HasField("note"),
        ]

    def placed(self):
        """As it was sent, but for the name and the note, in which the guest says what it saw."""
        notes = []
        for payment in (*PAYMENTS, None):
            order = self._filled(payment)
            request = self.orders.PlaceOrderRequest(order=order, requestID="mine")
            kept = self.stub.PlaceOrder(request)
            notes.append(kept.note)
            order.name = "orders/mine"
            order.note = kept.note
            if kept != order:
                return [plain(order), plain(kept)]
        return notes

    def placed_empty(self):
        """An order without anything is as empty when it comes back."""
        order = self.orders.Order()
        kept = self.stub.PlaceOrder(self.orders.PlaceOrderRequest(order=order, validate_only=True))
        return plain(kept)

    def server_streaming(self):
        request = self.orders.ListOrdersRequest(page_size=3, state=self.orders.Order.STATE_IN_DISPUTE)
        return [[order.name, order.state] for order in self.stub.ListOrders(request)]

    def of_any_state(self):
        return [order.state for order in self.stub.ListOrders(self.orders.ListOrdersRequest(page_size=5))]

    def client_streaming(self):
        orders = (self._filled(payment) for payment in PAYMENTS)
        return plain(self.stub.ImportOrders(orders))

    def bidirectional(self):
        """The second request is sent once the first was answered."""
        requests = queue.Queue()
        events = self.stub.TrackOrders(iter(requests.get, None))
        seen = []
        for number in (3, 4):
            requests.put(self.orders.TrackOrdersRequest(name=f"orders/{number}"))
            seen.append([plain(next(events)) for _ in range(4)])
        requests.put(None)
        return [*seen, list(events)]

    def nothing_to_say(self):
        return plain(self.stub.DeleteOrder(self.orders.DeleteOrderRequest(name="orders/2", force=True)))

    def an_error(self):
        return raised(lambda: self.stub.DeleteOrder(self.orders.DeleteOrderRequest(name="orders/2")))

    def an_error_of_a_stream(self):
        requests = [self.orders.TrackOrdersRequest(name=name) for name in ("orders/1", "orders/0")]
        events = []

        def read():
            for event in self.stub.TrackOrders(iter(requests)):
                events.append(event.WhichOneof("what"))

        return [raised(read), events]

    def _filled(self, payment):
        """An order with something in every field, paid in that way."""
        order = self.orders.Order(
            name="ignored",
            state=self.orders.Order.STATE_IN_DISPUTE,
            labels={"": "empty", "size": "L"},
            note="",
            gift_wrap=False,
            adjustments=[0, -(2**31), 2**31 - 1],
            channels=["CHANNEL_PHONE", "CHANNEL_UNSPECIFIED", "CHANNEL_WEB"],
        )
        item = order.items.add(sku="mug", quantity=2)
        item.price.units = -7
        item.price.nanos = -1
        item.size.height = 0.1
        order.items.add(sku="hat", quantity=40)
        order.gifts[-(2**31)].CopyFrom(item)
        order.recipient.address_lines.extend(["", "Oxford"])
        order.recipient.phone_number = ""
        order.create_time.seconds = -1
        order.create_time.nanos = 999_999_999
        order.handling_time.seconds = -5
        order.handling_time.nanos = -1
        order.coupon_code.value = ""
        order.totals.CopyFrom(
            self.orders.Totals(
                credit=-1, units=-2, weight=3, volume=4, balance=-5, tax=-6, batch=7, serial=8, offset=-9,
                shift=-10, rate=0.5, share=0.25, final=True, digest=b"\x00\xff", codes=[12, 0, 13],
            )
        )
        if payment == "card":
            order.card.expires = 14
        elif payment == "cash":
            order.cash.SetInParent()
        elif payment == "invoice_account":
            order.invoice_account = ""
        elif payment == "voucher":
            order.voucher = -15
        return order


def main():
    address, folder = sys.argv[1:]
    with grpc.insecure_channel(address, options=OPTIONS) as channel:
        run(Steps(channel, stubs(folder)))


main()
