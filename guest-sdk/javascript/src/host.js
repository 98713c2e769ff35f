// The host's interfaces, which generated code hands over: toolchains differ in
// how they are imported, and tests bring their own.

/** `context`, `log` and `poll` of `ostler:rpc`. */
export const host = {};

/** Called once, before any call. */
export function bind(interfaces) {
  Object.assign(host, interfaces);
}
