// Says what it knows of its call, and ends as it is told: as
// `tests/guests/control` does.

import { Failure, Status, context, log } from 'ostler-guest';

export const control = {
  context: () => ({
    metadata: context.metadata().map(([key, value]) => ({ key, value })),
    remaining: whole(context.remaining()),
    deadline: whole(context.deadline()),
    cancelled: context.cancelled(),
    draining: context.draining(),
    service: context.service(),
    method: context.method(),
    callId: context.callId(),
    tenant: context.tenant(),
    peer: context.peer(),
    principal: context.principal()?.name,
  }),

  get: (key) => context.get(key),

  set(headers, trailers) {
    const refused = (pairs, set) => pairs.flatMap(({ key, value }) => refusal(set, key, value));
    return [...refused(headers, context.setHeader), ...refused(trailers, context.setTrailer)];
  },

  fail({ code, message, details }) {
    throw new Status(code, message, details.map(stringValue));
  },

  failOwn(which) {
    const errors = [
      undefined,
      { tag: 'empty' },
      { tag: 'too-many', val: 7 },
      { tag: 'named', val: { key: 'a', value: 'b' } },
    ];
    const error = errors[Math.min(which, 3)];
    if (error) {
      throw new Failure(error);
    }
    return 'fine';
  },

  send(items, code, out) {
    context.setHeader('x-first', 'before the items');
    for (let item = 1; item <= items; item += 1) {
      out.send(item);
    }
    context.setTrailer('x-last', 'after the items');
    if (code !== undefined) {
      throw new Status(code, `after ${items} items`);
    }
  },

  flush(numbers, out) {
    context.setHeader('x-flushed', 'yes');
    context.flushHeaders();
    out.send([...numbers].length);
  },

  endEarly(numbers, out) {
    out.send(1);
    out.close();
    log.info(`read ${countUntilBroken(numbers)} items after the end of the output`);
  },

  readSome(numbers, out) {
    const { value } = numbers.next();
    numbers.close();
    out.send(value ?? 0);
  },

  add: (number, step) => (number + step) | 0,

  nothing() {},
};

function whole(milliseconds) {
  return milliseconds === undefined ? undefined : BigInt(Math.floor(milliseconds));
}

function refusal(set, key, value) {
  try {
    set(key, value);
    return [];
  } catch (error) {
    if (!(error instanceof Status)) {
      throw error;
    }
    return [String(error)];
  }
}

function countUntilBroken(numbers) {
  let count = 0;
  try {
    for (const _ of numbers) {
      count += 1;
    }
  } catch (error) {
    if (!(error instanceof Status)) {
      throw error;
    }
  }
  return count;
}

/** `google.protobuf.StringValue`, of at most 127 bytes of ASCII here. */
function stringValue(text) {
  const bytes = [...text].slice(0, 127).map((letter) => letter.charCodeAt(0));
  const value = Uint8Array.from([0x0a, bytes.length, ...bytes]);
  return { typeName: 'google.protobuf.StringValue', value };
}
