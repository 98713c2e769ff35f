// What a method reads.

import { Handle } from './handles.js';
import { Pollable } from './poll.js';
import { Status, fromHost } from './status.js';

/**
 * How many items one crossing into the host asks for at most. The host hands
 * over only what is already there, and bounds that in bytes.
 */
const BATCH = 64;

/**
 * The stream a method reads: an iterable over what the caller sends.
 *
 * Its end means that the caller ended it. A `Status` thrown while iterating
 * means that it broke: the call was cancelled, its deadline passed, the
 * connection was lost or an item was malformed. Both are final and are given
 * again, so that a broken stream is never taken for a short one.
 */
export class Stream extends Handle {
  #view;
  #queued = [];
  #place = 0;
  #ended = false;
  #broken;

  /** @param view what the author sees of an item */
  constructor(handle, view) {
    super(handle);
    this.#view = view;
  }

  [Symbol.iterator]() {
    return this;
  }

  /** The next item, as an iterator gives it; waits for it. */
  next() {
    if (this.#asksHost()) {
      this.#fill();
    }
    if (this.#place < this.#queued.length) {
      return { value: this.#view(this.#queued[this.#place++]), done: false };
    }
    if (this.#broken) {
      throw this.#broken;
    }
    return { value: undefined, done: true };
  }

  /** Ready when `next` would not wait; good for the life of the stream. */
  subscribe() {
    return new Pollable(this.handle.subscribe(), () => !this.#asksHost());
  }

  #asksHost() {
    return this.#place === this.#queued.length && !this.#ended;
  }

  #fill() {
    try {
      this.#place = 0;
      this.#queued = fromHost(() => this.handle.nextBatch(BATCH));
      this.#ended = this.#queued.length === 0;
    } catch (error) {
      if (!(error instanceof Status)) {
        throw error;
      }
      this.#queued = [];
      this.#ended = true;
      this.#broken = error;
    }
  }
}
