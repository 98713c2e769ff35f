// Author's methods behind the functions that a host calls.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Closed, Failure, Status, after, details, poll } from '../src/index.js';
import { server } from '../src/serve.js';
import { failing, interfaces, reads, writes } from './host.js';

const NUMBERS = { params: [], reads: 0, fails: 'status' };
const OUT = { params: [], writes: 0, batch: 2, fails: 'status' };

/** What the host calls, of one method. */
function exposed(spec, method, host = interfaces(), engine = 'quickjs') {
  const expose = server(engine, host, ['same', 'u64']);
  return expose({ numbers: { method } }, 'numbers', { method: spec }).method;
}

function payload(call) {
  try {
    call();
  } catch (error) {
    return error.payload;
  }
  return assert.fail('it did not throw');
}

test('a stream is one sequence, and its handle is dropped', () => {
  const method = exposed({ ...NUMBERS }, (numbers) => [...numbers].join());
  const handle = reads([1, 2], [3], []);
  assert.equal(method(handle), '1,2,3');
  assert.equal(handle.dropped, 1);
});

test('a broken stream is not a short one', () => {
  const lost = { code: 'unavailable', message: 'lost', details: [] };
  const method = exposed(NUMBERS, (numbers) => {
    assert.deepEqual(numbers.next(), { value: 1, done: false });
    assert.throws(() => numbers.next(), Status);
    return [...numbers].length;
  });
  assert.deepEqual(payload(() => method(reads([1], failing(lost)))), lost);
});

test('items go in batches, until the peer is gone', () => {
  const sizes = (sink) => sink.sent.map((batch) => batch.length);
  const method = exposed(OUT, (out) => out.sendAll([1, 2, 3, 4, 5]));
  const [all, some] = [writes(), writes(2)];
  assert.equal(method(all), undefined);
  assert.deepEqual(sizes(all), [2, 2, 1]);
  // `Closed` escapes, which ends the method as it should.
  assert.equal(method(some), undefined);
  assert.deepEqual(sizes(some), [2]);
  assert.equal(some.dropped, 1);
});

test('a sink knows that it is closed', () => {
  const method = exposed(OUT, (out) => {
    assert.ok(!out.isClosed);
    assert.throws(() => out.send(1), Closed);
    assert.ok(out.isClosed);
  });
  assert.equal(method(writes(0)), undefined);
});

test('a status is the status, with its details', () => {
  const method = exposed({ params: [], fails: 'status' }, () => {
    throw Status.notFound('no user 7').withDetail(
      details.resourceInfo({ resourceType: 'user', resourceName: '7' }),
    );
  });
  const { code, message, details: given } = payload(() => method());
  assert.deepEqual([code, message, given.length], ['not-found', 'no user 7', 1]);
});

test('an error of the contract is handed over, in the values of the engine', () => {
  const method = exposed({ params: [], fails: 'other', error: 1 }, () => {
    throw new Failure(7n);
  });
  assert.equal(payload(() => method()), 7);
});

test('any other error is a trap, and its message is in the log', () => {
  const throws = [
    [{ fails: 'status' }, () => null.x, /TypeError: /],
    [{ fails: 'never' }, () => { throw Status.internal('x'); }, /INTERNAL: x/],
    [{ fails: 'status' }, () => { throw 'text'; }, /text/],
    [{ fails: 'status' }, failing('forged'), /see payload/],
    [{ fails: 'status' }, async () => {}, /returned a promise/],
    [{ fails: 'status' }, () => { throw new Closed(); }, /the peer is gone/],
  ];
  for (const [spec, method, expected] of throws) {
    const host = interfaces();
    const call = exposed({ params: [], ...spec }, method, host);
    // Whatever an engine takes for the contract's error is not there either.
    assert.throws(() => payload(() => call()), expected);
    assert.match(host.lines.join(), expected);
    assert.match(host.lines.join(), /^error: numbers\.method threw /);
  }
});

test('an integer that the engine cannot carry is refused', () => {
  const call = exposed({ params: [1], fails: 'status' }, () => assert.fail('it was called'));
  assert.equal(payload(() => call(2 ** 53)).code, 'out-of-range');
});

test('a result is never taken for an error', () => {
  const variant = { tag: 'err', val: 'a case that is called so' };
  const spec = { params: [], fails: 'status' };
  const call = exposed(spec, () => variant, interfaces(), 'starlingmonkey');
  assert.deepEqual(call(), { tag: 'ok', val: variant });
});

test('what waits inside the guest is ready without the host', () => {
  const method = exposed(NUMBERS, (numbers) => {
    const [input, timer] = [numbers.subscribe(), after(1000)];
    assert.equal(timer.handle.nanoseconds, 1e9);
    assert.deepEqual(poll([input, timer]), [1]);
    numbers.next();
    assert.ok(input.ready());
    assert.deepEqual(poll([input, timer]), [0, 1]);
  });
  method(reads([1, 2]));
});

test('a service without a method is refused at build time', () => {
  const expose = server('quickjs', interfaces(), []);
  const spec = { params: [], fails: 'never' };
  assert.throws(() => expose({}, 'numbers', { sum: spec }), /export const numbers.* sum/);
});
