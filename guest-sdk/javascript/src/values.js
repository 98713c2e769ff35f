// Values where engines differ.
//
// An author sees what componentize-js shows: 64-bit integers are BigInts, an
// option that is none is undefined, lists of numbers are typed arrays.
// componentize-qjs shows 64-bit integers as numbers, large ones of 32 bits as
// negative ones, and none as null, so its values are converted, along the types
// that generated code brings.
//
// A number beyond 2^53 has lost its value before any code of ours sees it. It
// is refused, never handed on.

/** Said when an integer is refused. */
const LIMIT =
  'a 64-bit integer beyond 2^53 - 1 cannot pass through QuickJS: build with componentize-js';

/** Values of the engine, and those an author sees, are the same. */
export const SAME = { view: (value) => value, lower: (value) => value, same: true };

/** Thrown for an integer that the engine cannot carry. */
export class Unsafe extends RangeError {
  constructor() {
    super(LIMIT);
  }
}

const WIDE = {
  view: (value) => {
    // The sign is lost too: the most of u64 arrives as -1.
    if (!Number.isSafeInteger(value)) {
      throw new Unsafe();
    }
    return BigInt(value);
  },
  lower: (value) => {
    // What is no integer at all is an error of its own.
    const number = Number(BigInt(value));
    if (!Number.isSafeInteger(number)) {
      throw new Unsafe();
    }
    return number;
  },
};

const UNSIGNED = {
  view: (value) => {
    if (value < 0) {
      throw new Unsafe();
    }
    return WIDE.view(value);
  },
  lower: (value) => {
    const number = WIDE.lower(value);
    if (number < 0) {
      throw new RangeError(`${value} is below zero, which a u64 cannot be`);
    }
    return number;
  },
};

/** One of 2^31 or more comes, and must go, as the negative number of its bits. */
const U32 = { view: (value) => value >>> 0, lower: (value) => value | 0 };

const ARRAYS = {
  u8: Uint8Array,
  s8: Int8Array,
  u16: Uint16Array,
  s16: Int16Array,
  u32: Uint32Array,
  s32: Int32Array,
  f32: Float32Array,
  f64: Float64Array,
  u64: BigUint64Array,
  s64: BigInt64Array,
};

const QUICKJS = {
  primitive: (type) => ({ u32: U32, s64: WIDE, u64: UNSIGNED })[type] ?? SAME,

  list: (item, convert, types) => {
    const Array_ = ARRAYS[types[item]];
    if (Array_) {
      return numbers(Array_, convert(item));
    }
    return unlessSame([convert(item)], ([{ view, lower }]) => ({
      view: (items) => items.map(view),
      lower: (items) => items.map(lower),
    }));
  },

  option: (some, convert) => {
    const { view, lower } = convert(some);
    return {
      view: (value) => (value === null ? undefined : view(value)),
      lower: (value) => (value === null || value === undefined ? null : lower(value)),
    };
  },
};

/** Of what holds other values, in any engine. */
const PARTS = {
  option: (some, convert) =>
    unlessSame([convert(some)], ([{ view, lower }]) => ({
      view: (value) => (value === undefined ? undefined : view(value)),
      lower: (value) => (value === null || value === undefined ? undefined : lower(value)),
    })),

  tuple: (parts, convert) =>
    unlessSame(parts.map(convert), (parts) => ({
      view: (values) => values.map((value, place) => parts[place].view(value)),
      lower: (values) => values.map((value, place) => parts[place].lower(value)),
    })),

  record: (fields, convert) =>
    unlessSame(
      fields.map(([, type]) => convert(type)),
      (parts) => ({
        view: (value) => mapped(fields, (name, place) => parts[place].view(value[name])),
        lower: (value) => mapped(fields, (name, place) => parts[place].lower(value[name])),
      }),
    ),

  // Also `result`, and an option inside an option.
  variant: (cases, convert) => {
    const parts = new Map(cases.map(([tag, type]) => [tag, convert(type)]));
    return unlessSame([...parts.values()], () => ({
      view: ({ tag, val }) => ({ tag, val: parts.get(tag).view(val) }),
      lower: ({ tag, val }) => ({ tag, val: (parts.get(tag) ?? SAME).lower(val) }),
    }));
  },
};

/**
 * The conversion for a place in a list of types: a text is a primitive; an
 * object has one key that says what it is made of, with places in the same list.
 *
 * @param kinds what an engine does with some of them
 */
export function compile(types, kinds = QUICKJS) {
  const done = new Map();
  const convert = (place) => {
    if (place === null || place === undefined) {
      return SAME;
    }
    if (!done.has(place)) {
      done.set(place, make(types[place]));
    }
    return done.get(place);
  };
  const make = (type) => {
    if (typeof type === 'string') {
      return kinds.primitive(type);
    }
    const [[kind, of]] = Object.entries(type);
    return (kinds[kind] ?? PARTS[kind])(of, convert, types);
  };
  return convert;
}

/** Nothing to do for the parts is nothing to do for the whole. */
function unlessSame(parts, make) {
  return parts.every((part) => part.same) ? SAME : make(parts);
}

function mapped(fields, value) {
  return Object.fromEntries(fields.map(([name], place) => [name, value(name, place)]));
}

function numbers(Array_, { view, same }) {
  return {
    view: (values) => {
      if (values instanceof Array_) {
        return values;
      }
      return Array_.from(values, same ? undefined : view);
    },
    // The engine copies the bytes of a typed array, 64-bit integers too.
    lower: (values) => (values instanceof Array_ ? values : Array_.from(values)),
  };
}

/** What `subscribe-duration` takes, of milliseconds. */
export let nanoseconds = (milliseconds) =>
  BigInt(Math.min(Math.max(0, Math.round(milliseconds * 1e6)), Number.MAX_SAFE_INTEGER));

/** For an engine whose 64-bit integers are numbers. */
export function withoutBigInts() {
  const exact = nanoseconds;
  nanoseconds = (milliseconds) => Number(exact(milliseconds));
}
