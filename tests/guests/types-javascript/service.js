// Echoes every type there is, but maps: as `tests/guests/types` does.

/** Unicode's: engines without its tables do not know `\p{White_Space}`. */
const WHITE_SPACE = /[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

export const types = {
  echo: (value) => value,

  echoAll(values, out) {
    for (const value of values) {
      out.send(value);
    }
  },

  echoWellKnown: (value) => value,

  show(a, b, c, d, e) {
    const text = b === undefined ? 'None' : `Some(${JSON.stringify(b)})`;
    const floats = [...c].map(float).join(', ');
    return `${a} ${text} [${floats}] Colour::${pascal(d)} (${e[0]}, ${e[1]})`;
  },

  lengths: (texts) => Uint32Array.from(texts, utf8Length),

  maybe: (text) => text || undefined,

  pick(number) {
    const shapes = [
      { tag: 'point' },
      { tag: 'circle', val: 1.5 },
      { tag: 'named', val: 'square' },
    ];
    const polygon = [
      [0, 1],
      [-2.5, 3],
    ];
    return shapes[number] ?? { tag: 'polygon', val: polygon };
  },

  allowed: (all) => ({ read: true, write: all, runIt: all }),

  divide(a, b) {
    // What does not fit, or has no result, is zero.
    if (b === 0 || (a === -(2 ** 31) && b === -1)) {
      return [0, 0];
    }
    return [(a / b) | 0, a % b | 0];
  },

  words(text, out) {
    out.sendAll(text.split(WHITE_SPACE).filter((word) => word !== ''));
  },

  maybes(values, out) {
    for (const value of values) {
      out.send(value);
    }
  },

  lists(values, out) {
    for (const value of values) {
      const sum = value.reduce((sum, item) => (sum + item) >>> 0, 0);
      out.send([sum, `[${[...value].join(', ')}]`]);
    }
  },

  shapes(values, out) {
    const colours = { point: 'red', circle: 'green' };
    for (const { tag } of values) {
      out.send(colours[tag] ?? 'dark-blue');
    }
  },
};

function float(value) {
  return Number.isInteger(value) ? `${value}.0` : `${value}`;
}

function pascal(name) {
  return name.replace(/(?:^|-)(.)/g, (_, letter) => letter.toUpperCase());
}

function utf8Length(text) {
  const lengths = [...text].map((letter) => {
    const code = letter.codePointAt(0);
    return 1 + (code >= 0x80) + (code >= 0x800) + (code >= 0x10000);
  });
  return lengths.reduce((sum, length) => sum + length, 0);
}
