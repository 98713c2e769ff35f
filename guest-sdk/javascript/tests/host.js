// A host for tests: what generated code would hand over.

/** An error as the engines throw it. */
export const failing = (payload) => () => {
  throw Object.assign(new Error('see payload'), { payload });
};

/** A handle that counts how often it is dropped. */
export function handle(methods = {}) {
  const made = { ...methods, dropped: 0 };
  made[Symbol.dispose ?? Symbol.for('dispose')] = () => {
    made.dropped += 1;
  };
  made.subscribe ??= () => handle({ ready: () => false, block() {} });
  return made;
}

/** A stream that gives one batch after the other; a function is called. */
export const reads = (...batches) =>
  handle({
    nextBatch: () => {
      const batch = batches.shift() ?? [];
      return typeof batch === 'function' ? batch() : batch;
    },
  });

/** A sink that takes so many items. */
export function writes(room = Infinity) {
  const sent = [];
  const take = (items) => {
    if (sent.flat().length >= room) {
      failing('closed')();
    }
    sent.push(items);
  };
  return Object.assign(handle({ send: (item) => take([item]), sendBatch: take }), { sent });
}

/** The host's interfaces, with the lines that were logged. */
export function interfaces() {
  const lines = [];
  const log = { enabled: () => true, log: (level, message) => lines.push(`${level}: ${message}`) };
  const poll = {
    poll: (handles) => [...handles.keys()].filter((place) => handles[place].ready()),
    subscribeDuration: (nanoseconds) => handle({ nanoseconds, ready: () => true, block() {} }),
  };
  const context = {};
  return { context, log, poll, lines };
}
