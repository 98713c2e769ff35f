// The details most callers understand: messages of `google.rpc` (googleapis,
// google/rpc/error_details.proto), encoded without a protobuf library.

/** The cause, for programs to act on; the reason in UPPER_SNAKE_CASE. */
export function errorInfo({ reason, domain = '', metadata = {} }) {
  const entries = Object.entries(metadata).map(([key, value]) =>
    bytes(3, [...text(1, key), ...text(2, value)]),
  );
  return any('google.rpc.ErrorInfo', [text(1, reason), text(2, domain), ...entries]);
}

/** What was asked for and could not be had. */
export function resourceInfo({ resourceType, resourceName, owner = '', description = '' }) {
  const texts = [resourceType, resourceName, owner, description];
  return any(
    'google.rpc.ResourceInfo',
    texts.map((value, place) => text(place + 1, value)),
  );
}

/** Which fields of the request are wrong: path and what is wrong with it. */
export function badRequest(violations) {
  const fields = Object.entries(violations).map(([path, wrong]) =>
    bytes(1, [...text(1, path), ...text(2, wrong)]),
  );
  return any('google.rpc.BadRequest', fields);
}

function any(typeName, parts) {
  return { typeName, value: Uint8Array.from(parts.flat()) };
}

/** Empty texts are left out, as proto3 does. */
function text(field, value) {
  return value === '' ? [] : bytes(field, utf8(value));
}

function bytes(field, value) {
  // Wire type 2; all fields here are below 16, so the tag is one byte.
  return [(field << 3) | 2, ...length(value.length), ...value];
}

function length(left) {
  // The low seven bits, and the mark that more follow.
  return left < 0x80 ? [left] : [(left & 0x7f) | 0x80, ...length(left >>> 7)];
}

/** NB: not TextEncoder, which QuickJS lacks. */
function utf8(value) {
  return [...value].flatMap((letter) => {
    const code = letter.codePointAt(0);
    if (code < 0x80) {
      return [code];
    }
    if (code < 0x800) {
      return [0xc0 | (code >> 6), tail(code)];
    }
    if (code >= 0xd800 && code < 0xe000) {
      // Half of a surrogate pair is no character; encoders write this one.
      return [0xef, 0xbf, 0xbd];
    }
    if (code < 0x10000) {
      return [0xe0 | (code >> 12), tail(code >> 6), tail(code)];
    }
    return [0xf0 | (code >> 18), tail(code >> 12), tail(code >> 6), tail(code)];
  });
}

/** One of the bytes after the first: six bits of the character. */
function tail(bits) {
  return 0x80 | (bits & 0x3f);
}
