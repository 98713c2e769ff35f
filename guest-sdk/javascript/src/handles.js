// What the host lends to a call, and takes back at its end. A handle that is
// only forgotten lives until some later garbage collection, or for ever; the
// host would count it against the instance.

/** Open handles, in order of creation. An instance serves one call at a time. */
const open = new Set();

/** A resource of the host, dropped once: by `close`, or with the call. */
export class Handle {
  constructor(handle) {
    this.handle = handle;
    open.add(this);
  }

  /** Drops it; it must not be used afterwards. */
  close() {
    if (open.delete(this)) {
      // An engine without this method counts references instead.
      this.handle[Symbol.dispose ?? Symbol.for('dispose')]?.();
      this.handle = undefined;
    }
  }
}

/** Drops what the call has left open: pollables before what they watch. */
export function closeAll() {
  [...open].reverse().forEach((handle) => handle.close());
}
