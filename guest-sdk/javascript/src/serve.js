// Between the host's calls and an author's methods; generated code uses it.

import { closeAll } from './handles.js';
import { bind } from './host.js';
import * as log from './log.js';
import { Closed, Sink } from './sink.js';
import { Failure, Status, toHost } from './status.js';
import { PARAMS, keepByteOrderMarks } from './starlingmonkey.js';
import { Stream } from './stream.js';
import { SAME, Unsafe, compile, withoutBigInts } from './values.js';

/** What differs between engines: values of parameters, and all others. */
const ENGINES = {
  starlingmonkey: {
    prepare: keepByteOrderMarks,
    param: (types) => compile(types, PARAMS),
    other: () => () => SAME,
    // A returned object that looks like a result is taken for one there.
    ok: (value) => ({ tag: 'ok', val: value }),
  },
  quickjs: {
    prepare: () => {
      withoutBigInts();
      log.addConsole();
    },
    param: (types) => compile(types),
    other: (types) => compile(types),
    ok: (value) => value,
  },
};

/**
 * What the host calls, in front of the author's objects.
 *
 * @param engine `starlingmonkey` or `quickjs`
 * @param interfaces those of the host
 * @param types of the contract, for `compile`
 */
export function server(engine, interfaces, types) {
  bind(interfaces);
  const { prepare, param, other, ok } = ENGINES[engine];
  prepare();
  const converters = { param: param(types), other: other(types) };

  /**
   * @param module the author's
   * @param name of the interface
   * @param methods what differs between the author's methods and the host's
   *   functions: `params` and `result` are types; `reads` is the type of the
   *   stream, `writes` that of the sink, `batch` how many items it gathers;
   *   `fails` is `never`, `status` or `other`, `error` the type of the other.
   */
  return (module, name, methods) => {
    const author = module[name];
    const missing = Object.keys(methods).filter((method) => typeof author?.[method] !== 'function');
    if (missing.length > 0) {
      throw new TypeError(
        `service.js: the contract needs \`export const ${name}\` with the methods ${missing.join(', ')}`,
      );
    }
    const exported = Object.entries(methods).map(([method, spec]) => {
      const compiled = compileMethod(spec, converters);
      const call = (...given) => {
        try {
          const value = compiled.call(author, method, given);
          return spec.fails === 'never' ? value : ok(value);
        } catch (error) {
          throw compiled.known(error) ?? unknown(`${name}.${method}`, spec, error);
        } finally {
          closeAll();
        }
      };
      return [method, call];
    });
    return Object.fromEntries(exported);
  };
}

function compileMethod(spec, { param, other }) {
  const params = spec.params.map(param);
  const result = other(spec.result);
  const read = other(spec.reads);
  const written = other(spec.writes);
  const failed = other(spec.error);
  const reads = spec.reads !== undefined;
  const writes = spec.writes !== undefined;

  const arguments_ = (given) => {
    if (reads) {
      const stream = new Stream(given[0], read.view);
      return writes ? [stream, new Sink(given[1], spec.batch, written.lower)] : [stream];
    }
    const sink = writes ? [new Sink(given.at(-1), spec.batch, written.lower)] : [];
    return [...params.map(({ view }, place) => view(given[place])), ...sink];
  };

  return {
    call(author, method, given) {
      try {
        const value = author[method](...arguments_(given));
        if (typeof value?.then === 'function') {
          throw new TypeError('it returned a promise: methods are plain functions that wait');
        }
        return result.lower(value);
      } catch (error) {
        if (error instanceof Closed && writes) {
          return undefined;
        }
        throw error;
      }
    },
    /** An error that the contract knows, as the engines take it. */
    known(error) {
      if (spec.fails === 'status' && error instanceof Unsafe) {
        return withPayload(toHost(Status.outOfRange(error.message)));
      }
      if (spec.fails === 'status' && error instanceof Status) {
        return withPayload(toHost(error));
      }
      if (spec.fails === 'other' && error instanceof Failure) {
        return withPayload(failed.lower(error.value));
      }
      return undefined;
    },
  };
}

function withPayload(payload) {
  return Object.assign(new Error('the method failed'), { payload });
}

/** Says what the host sees only as a trap. */
function unknown(place, { fails }, error) {
  const expected = { never: 'nothing', status: 'a Status', other: 'a Failure' }[fails];
  log.error(`${place} threw ${error}`, { stack: error?.stack ?? '', may_fail_with: expected });
  const trap = new Error(String(error));
  // Engines would take what they find here for an error of the contract.
  const payload = {
    get() {
      throw trap;
    },
  };
  return Object.defineProperty(trap, 'payload', payload);
}
