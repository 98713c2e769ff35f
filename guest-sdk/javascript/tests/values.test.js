// Conversions for an engine whose 64-bit integers are numbers.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PARAMS } from '../src/starlingmonkey.js';
import { SAME, Unsafe, compile } from '../src/values.js';

const TYPES = [
  'u64',
  's64',
  'u32',
  'same',
  { list: 0 },
  { list: 2 },
  { option: 0 },
  { variant: [['none', null], ['some', 6]] },
  { record: [['id', 0], ['name', 3]] },
  { tuple: [1, 3] },
  { list: 8 },
  { list: 3 },
];
const convert = compile(TYPES);

test('each kind of value is what an author expects, and goes back', () => {
  const rows = [
    [0, 7, 7n],
    [0, Number.MAX_SAFE_INTEGER, 9007199254740991n],
    [1, -7, -7n],
    [2, -1, 4294967295],
    [6, null, undefined],
    [6, 7, 7n],
    [7, { tag: 'none', val: undefined }, { tag: 'none', val: undefined }],
    [7, { tag: 'some', val: null }, { tag: 'some', val: undefined }],
    [8, { id: 7, name: 'x' }, { id: 7n, name: 'x' }],
    [9, [-7, 'x'], [-7n, 'x']],
    [10, [{ id: 1, name: '' }], [{ id: 1n, name: '' }]],
  ];
  for (const [type, engine, author] of rows) {
    assert.deepEqual(convert(type).view(engine), author, `view of ${JSON.stringify(TYPES[type])}`);
    assert.deepEqual(convert(type).lower(author), engine, `${JSON.stringify(TYPES[type])} lowered`);
  }
});

test('lists of numbers are typed arrays', () => {
  assert.deepEqual(convert(4).view([1, 2]), BigUint64Array.of(1n, 2n));
  assert.deepEqual(convert(5).view([-1, 2]), Uint32Array.of(4294967295, 2));
  assert.deepEqual(convert(5).lower([1]), Uint32Array.of(1));
});

test('an integer that has lost its value, or would lose it, is refused', () => {
  const [u64, s64] = [convert(0), convert(1)];
  for (const value of [2 ** 53, -1, 2 ** 63]) {
    assert.throws(() => u64.view(value), Unsafe);
  }
  for (const value of [2 ** 53, -(2 ** 53)]) {
    assert.throws(() => s64.view(value), Unsafe);
  }
  assert.throws(() => u64.lower(2n ** 53n), Unsafe);
  assert.throws(() => s64.lower(-(2n ** 53n)), Unsafe);
  assert.throws(() => u64.lower(-1n), RangeError);
  assert.throws(() => u64.lower('seven'), SyntaxError);
  assert.throws(() => convert(4).view([1, 2 ** 53]), Unsafe);
});

test('what needs no conversion gets none', () => {
  assert.equal(convert(3), SAME);
  assert.equal(convert(11), SAME);
  assert.equal(convert(undefined), SAME);
});

test('a signed parameter gets its sign back', () => {
  const param = compile(TYPES, PARAMS);
  assert.equal(param(1).view(2n ** 64n - 1n), -1n);
  assert.equal(param(1).view(-1n), -1n);
  assert.deepEqual(param(9).view([2n ** 63n, 'x']), [-(2n ** 63n), 'x']);
  assert.equal(param(0), SAME);
});
