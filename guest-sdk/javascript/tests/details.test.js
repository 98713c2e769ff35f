// Messages of google.rpc, as protobuf encodes them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { details } from '../src/index.js';

const text = (bytes) => String.fromCharCode(...bytes);

test('encodes as protobuf does', () => {
  const { typeName, value } = details.badRequest({ id: 'must be positive' });
  assert.equal(typeName, 'google.rpc.BadRequest');
  assert.equal(text(value), '\x0a\x16\x0a\x02id\x12\x10must be positive');
});

test('long texts have long lengths', () => {
  const { value } = details.resourceInfo({ resourceType: '', resourceName: 'x'.repeat(300) });
  assert.deepEqual([...value.slice(0, 3)], [0x12, 0xac, 0x02]);
  assert.equal(value.length, 303);
});

test('texts are UTF-8', () => {
  for (const letters of ['\0\x7f\x80\u07ff\u0800\uffff', '\u{10000}\u{10ffff}', '\ud800x']) {
    const { value } = details.errorInfo({ reason: letters });
    assert.deepEqual(value.slice(2), new TextEncoder().encode(letters));
  }
});
