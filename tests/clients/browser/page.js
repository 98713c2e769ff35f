// What runs in the page: calls the users example, and guests of tests, with
// Connect's client for browsers and with gRPC-Web's own.

import { create, createFileRegistry, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { GrpcWebClientBase, MethodDescriptor, MethodType } from "grpc-web";

const plain = (schema, message) => toJson(schema, message, { alwaysEmitImplicit: true });

/** What every way of calling is asked to do, by Connect's client. */
class Connect {
  constructor(services, transport) {
    this.schema = services;
    this.users = createClient(services.users, transport);
    this.control = createClient(services.control, transport);
    this.cancel = createClient(services.cancel, transport);
  }

  async unary() {
    return plain(this.schema.users.method.getUser.output, await this.users.getUser({ userId: 7n }));
  }

  async streaming() {
    const users = [];
    for await (const user of this.users.listUsers({ limit: 2 })) {
      users.push(plain(this.schema.users.method.listUsers.output, user));
    }
    return users;
  }

  error() {
    return raised(this.users.getUser({ userId: 404n }));
  }

  ownError() {
    return raised(this.control.failOwn({ which: 3 }));
  }

  async errorAfterItems() {
    const items = [];
    try {
      for await (const item of this.control.send({ items: 3, code: 10 })) items.push(item.value);
    } catch (error) {
      items.push(Code[ConnectError.from(error).code]);
    }
    return items;
  }

  async metadata() {
    let header, trailer;
    const both = {
      onHeader: (headers) => (header = headers.get("x-first")),
      onTrailer: (trailers) => (trailer = trailers.get("x-last-bin")),
    };
    await this.control.set(METADATA, both);
    const sent = await this.control.get({ key: "x-sent" }, { headers: { "x-sent": "mine" } });
    return [header, trailer, sent.value];
  }

  async deadline() {
    return (await raised(this.cancel.wait({}, { timeoutMs: 200 }))).code;
  }

  /** Gives up after five items, which the guest then logs. */
  async cancelled() {
    const abort = new AbortController();
    let items = 0;
    const read = async () => {
      for await (const _ of this.cancel.count({}, { signal: abort.signal })) {
        if (++items === 5) abort.abort();
      }
    };
    const { code } = await raised(read());
    return [code, items >= 5];
  }
}

/** The same by gRPC-Web's own client. */
class GrpcWeb {
  constructor(services, baseUrl, format) {
    this.services = services;
    this.baseUrl = baseUrl;
    this.client = new GrpcWebClientBase({ format });
    // It reads streams as they come in text alone: in binary nothing is there
    // to be given up before the end.
    this.skipped = format === "text" ? [] : ["cancelled"];
  }

  async unary() {
    const { code, message } = await this.call("users", "getUser", { userId: 7n });
    if (code !== undefined) throw new Error(message);
    return plain(this.services.users.method.getUser.output, message);
  }

  async streaming() {
    const { messages } = await this.read("users", "listUsers", { limit: 2 });
    return messages.map((user) => plain(this.services.users.method.listUsers.output, user));
  }

  async error() {
    const { code, message, metadata } = await this.call("users", "getUser", { userId: 404n });
    return { code: Code[code], text: message, details: "grpc-status-details-bin" in metadata };
  }

  async errorAfterItems() {
    const { messages, code } = await this.read("control", "send", { items: 3, code: 10 });
    return [...messages.map((item) => item.value), Code[code]];
  }

  async metadata() {
    const { headers, trailers } = await this.call("control", "set", METADATA);
    const sent = await this.call("control", "get", { key: "x-sent" }, { "x-sent": "mine" });
    return [headers["x-first"], trailers["x-last-bin"], sent.message.value];
  }

  /** This client's deadline is a time of day. */
  async deadline() {
    const { code } = await this.call("cancel", "wait", {}, { deadline: `${Date.now() + 200}` });
    return Code[code];
  }

  /** Whether five items came; a stream that is given up says nothing more. */
  cancelled() {
    return new Promise((resolve) => {
      let items = 0;
      const stream = this.stream("cancel", "count", {});
      stream.on("error", (error) => resolve(`${error}`));
      stream.on("data", () => {
        if (++items !== 5) return;
        stream.cancel();
        resolve(true);
      });
    });
  }

  stream(service, method, request) {
    return this.client.serverStreaming(...this.arguments(service, method, request, {}));
  }

  read(service, method, request) {
    return new Promise((resolve) => {
      const messages = [];
      const stream = this.stream(service, method, request);
      stream.on("data", (message) => messages.push(message));
      stream.on("error", (error) => resolve({ messages, code: error.code }));
      stream.on("end", () => resolve({ messages }));
    });
  }

  call(service, method, request, metadata = {}) {
    return new Promise((resolve) => {
      const answer = { headers: {}, trailers: {} };
      const done = (error, message) => resolve(Object.assign(answer, error, { message: message ?? error?.message }));
      const stream = this.client.rpcCall(...this.arguments(service, method, request, metadata), (error, message) => {
        // What comes after the message is told after it.
        if (error) done(error);
        else stream.on("end", () => done(null, message));
      });
      stream.on("metadata", (headers) => Object.assign(answer.headers, headers));
      stream.on("status", ({ metadata }) => Object.assign(answer.trailers, metadata));
    });
  }

  arguments(service, name, request, metadata) {
    const schema = this.services[service];
    const method = schema.method[name];
    const kind = method.methodKind === "unary" ? MethodType.UNARY : MethodType.SERVER_STREAMING;
    const path = `/${schema.typeName}/${method.name}`;
    const write = (message) => toBinary(method.input, message);
    const read = (bytes) => fromBinary(method.output, bytes);
    const described = new MethodDescriptor(path, kind, Object, Object, write, read);
    return [this.baseUrl + path, create(method.input, request), metadata, described];
  }
}

const METADATA = {
  headers: [{ key: "x-first", value: "1" }],
  trailers: [{ key: "x-last-bin", value: "AQI" }],
};

async function raised(promise) {
  try {
    await promise;
    return { code: "nothing" };
  } catch (error) {
    const { code, rawMessage, details } = ConnectError.from(error);
    return { code: Code[code], text: rawMessage, details: details.map((detail) => detail.type ?? detail.desc?.typeName) };
  }
}

function ways(services, baseUrl) {
  const connect = (options) => new Connect(services, createConnectTransport({ baseUrl, ...options }));
  const web = (options) => new Connect(services, createGrpcWebTransport({ baseUrl, ...options }));
  return {
    "Connect, JSON": connect({ useBinaryFormat: false }),
    "Connect, proto": connect({ useBinaryFormat: true }),
    "Connect, GET": connect({ useHttpGet: true }),
    "gRPC-Web, proto": web({ useBinaryFormat: true }),
    "gRPC-Web, JSON": web({ useBinaryFormat: false }),
    "gRPC-Web's own, text": new GrpcWeb(services, baseUrl, "text"),
    "gRPC-Web's own, binary": new GrpcWeb(services, baseUrl, "binary"),
  };
}

function services(descriptors) {
  const bytes = Uint8Array.from(atob(descriptors), (char) => char.charCodeAt(0));
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
  return {
    users: registry.getService("demo.users.v1.Users"),
    control: registry.getService("test.control.v1.Control"),
    cancel: registry.getService("test.cancel.v1.Cancel"),
  };
}

const steps = ["unary", "streaming", "error", "ownError", "errorAfterItems", "metadata", "deadline", "cancelled"];

/** What each step gives, by way of calling. */
globalThis.everything = async (descriptors, baseUrl) => {
  const told = {};
  for (const [name, way] of Object.entries(ways(services(descriptors), baseUrl))) {
    told[name] = {};
    for (const step of steps.filter((step) => step in way && !way.skipped?.includes(step))) {
      told[name][step] = await way[step]().catch((error) => `${error}`);
    }
  }
  return told;
};

/** What one call of each way gives. */
globalThis.one = async (descriptors, baseUrl) => {
  const told = {};
  for (const [name, way] of Object.entries(ways(services(descriptors), baseUrl))) {
    told[name] = await way.unary().catch((error) => `${error}`);
  }
  return told;
};
