// Calls the users example, and guests of tests, with Connect's own client.
//
//     rpc.cjs ADDRESS DESCRIPTORS
//
// Prints what each step gives on each protocol, as one JSON object.

const { readFileSync } = require("node:fs");
const { createFileRegistry, fromBinary, toJson } = require("@bufbuild/protobuf");
const { FileDescriptorSetSchema } = require("@bufbuild/protobuf/wkt");
const { Code, ConnectError, createClient } = require("@connectrpc/connect");
const node = require("@connectrpc/connect-node");

const [address, descriptors] = process.argv.slice(2);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptors)));
const users = registry.getService("demo.users.v1.Users");
const cancel = registry.getService("test.cancel.v1.Cancel");
const control = registry.getService("test.control.v1.Control");
const baseUrl = `http://${address}`;

const transports = {
  "connect, HTTP/1.1, proto": node.createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: true }),
  "connect, HTTP/1.1, JSON": node.createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: false }),
  "connect, HTTP/2, proto": node.createConnectTransport({ baseUrl, httpVersion: "2", useBinaryFormat: true }),
  "connect, HTTP/2, JSON": node.createConnectTransport({ baseUrl, httpVersion: "2", useBinaryFormat: false }),
  "connect, HTTP/2, GET": node.createConnectTransport({ baseUrl, httpVersion: "2", useHttpGet: true }),
  "gRPC, proto": node.createGrpcTransport({ baseUrl }),
  "gRPC, JSON": node.createGrpcTransport({ baseUrl, useBinaryFormat: false }),
  "gRPC-Web, HTTP/1.1": node.createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
  "gRPC-Web, HTTP/2": node.createGrpcWebTransport({ baseUrl, httpVersion: "2" }),
};

const plain = (schema, message) => toJson(schema, message, { alwaysEmitImplicit: true });

async function all(schema, messages) {
  const found = [];
  for await (const message of messages) found.push(plain(schema, message));
  return found;
}

async function* each(messages) {
  yield* messages;
}

/** A message a turn: the second is sent once the first was answered. */
async function inTurns(client) {
  const heard = [];
  let answered;
  const turns = {
    async *[Symbol.asyncIterator]() {
      for (const text of ["hi", "bye"]) {
        const reply = new Promise((resolve) => (answered = resolve));
        yield { text, user: "ada" };
        await reply;
      }
    },
  };
  for await (const reply of client.conversation(turns)) {
    heard.push(reply.reply);
    answered();
  }
  return heard;
}

async function metadata(client) {
  let header, trailer;
  await client.set(
    {
      headers: [{ key: "x-first", value: "1" }],
      trailers: [{ key: "x-last-bin", value: "AQI" }],
    },
    { onHeader: (h) => (header = h.get("x-first")), onTrailer: (t) => (trailer = t.get("x-last-bin")) },
  );
  const sent = await client.get({ key: "x-sent" }, { headers: { "x-sent": "mine" } });
  return [header, trailer, sent.value];
}

async function partial(client) {
  const items = [];
  try {
    for await (const message of client.send({ items: 3, code: 10 })) items.push(message.value);
  } catch (error) {
    items.push(Code[ConnectError.from(error).code]);
  }
  return items;
}

const raised = async (promise) => {
  try {
    await promise;
    return "nothing";
  } catch (error) {
    const { code, rawMessage, details } = ConnectError.from(error);
    return { code: Code[code], text: rawMessage, details: details.map((d) => d.type ?? d.desc?.typeName) };
  }
};

const steps = {
  unary: async (u) => plain(users.method.getUser.output, await u.getUser({ userId: 7n })),
  "server streaming": (u) => all(users.method.listUsers.output, u.listUsers({ limit: 2 })),
  "a default": async (u) => (await all(users.method.listUsers.output, u.listUsers({}))).length,
  "client streaming": async (u) =>
    plain(users.method.aggregate.output, await u.aggregate(each([{ value: 1 }, { value: 2 }]))),
  "an error": (u) => raised(u.getUser({ userId: 404n })),
  "an error of its own": (_, c) => raised(c.failOwn({ which: 3 })),
  "a deadline": (_u, _c, cancel) => raised(cancel.wait({}, { timeoutMs: 200 })),
  metadata: (_, c) => metadata(c),
  "an error after items": (_, c) => partial(c),
  bidirectional: (u) => inTurns(u),
};

async function main() {
  const told = {};
  for (const [name, transport] of Object.entries(transports)) {
    const clients = [createClient(users, transport), createClient(control, transport), createClient(cancel, transport)];
    told[name] = {};
    for (const [step, run] of Object.entries(steps)) {
      // Both directions at once need HTTP/2.
      if (step === "bidirectional" && name.includes("HTTP/1.1")) continue;
      told[name][step] = await run(...clients).catch((error) => `${error}`);
    }
  }
  console.log(JSON.stringify(told));
  process.exit(0);
}

main();
