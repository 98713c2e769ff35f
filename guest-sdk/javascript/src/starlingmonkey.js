// Values that componentize-js 0.23 hands over changed. NB: this ends with a
// version that does not; the test guest `types` shows whether it does.

import { SAME } from './values.js';

/**
 * The bindings decode texts with a decoder that takes a leading U+FEFF for a
 * byte order mark and drops it. Only theirs is to keep it: the one that an
 * author's code sees stays as it was.
 */
export function keepByteOrderMarks() {
  const { decode } = TextDecoder.prototype;
  const exact = new TextDecoder('utf-8', { ignoreBOM: true });
  globalThis.TextDecoder = class extends TextDecoder {
    decode(...given) {
      return decode.apply(this, given);
    }
  };
  Object.getPrototypeOf(TextDecoder.prototype).decode = function (bytes) {
    const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    return decode.call(marked ? exact : this, bytes);
  };
}

const SIGNED = { view: (value) => BigInt.asIntN(64, value), lower: SAME.lower };

/**
 * An s64 among the parameters comes without its sign. One inside a list, or an
 * item of a stream, has gone through memory and is right; once more does no harm.
 */
export const PARAMS = {
  primitive: (type) => (type === 's64' ? SIGNED : SAME),
  list: () => SAME,
};
