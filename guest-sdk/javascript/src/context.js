// What is known of the call being served, and what can be said beside it.
// Every function speaks of the call that runs now.

import { host } from './host.js';
import { fromHost } from './status.js';

/**
 * Metadata of the request, pairs in order; keys are in lower case and may
 * repeat. Values of keys that end in `-bin` are unpadded base64.
 */
export const metadata = () => host.context.metadata();

/** The first value of a key; undefined without one. */
export const get = (key) => host.context.get(key) ?? undefined;

/** Milliseconds left before the deadline; undefined without a deadline. */
export const remaining = () => milliseconds(host.context.remaining());

/** The deadline, as `Date.now()` counts; undefined without one. */
export const deadline = () => milliseconds(host.context.deadline());

/**
 * Whether the caller gave up or the deadline passed. A method that goes on is
 * stopped when its grace is over.
 */
export const cancelled = () => host.context.cancelled();

/** Whether this deployment is being replaced: long calls should end soon. */
export const draining = () => host.context.draining();

/** The service's name, such as `users`. */
export const service = () => host.context.service();

/** The method's name, such as `get-user`. */
export const method = () => host.context.method();

/** The id of this call, as in the host's logs. */
export const callId = () => host.context.callId();

/** The tenant this deployment belongs to. */
export const tenant = () => host.context.tenant();

/** The address of the caller, where there is a connection. */
export const peer = () => host.context.peer() ?? undefined;

/** Who calls (`name` and `kind`); undefined when the call is not authenticated. */
export const principal = () => host.context.principal() ?? undefined;

/**
 * Adds a header to the reply. Throws a `Status` when the head has been sent
 * already (the first item of a stream takes it along), or when the key or the
 * value is not allowed.
 */
export const setHeader = (key, value) => {
  fromHost(() => host.context.setHeader(key, value));
};

/** Adds a trailer to the reply; a `Status` when key or value is not allowed. */
export const setTrailer = (key, value) => {
  fromHost(() => host.context.setTrailer(key, value));
};

/** Sends the head of the reply now, before its first item. */
export const flushHeaders = () => host.context.flushHeaders();

/** Of nanoseconds: a BigInt, or a number where the engine has none for u64. */
function milliseconds(nanoseconds) {
  return nanoseconds == null ? undefined : Number(nanoseconds) / 1e6;
}
