// What a method writes.

import { Handle } from './handles.js';
import { Pollable } from './poll.js';

/**
 * The peer is gone: nothing more can be sent. A method that lets it pass has
 * ended as it should.
 */
export class Closed extends Error {
  constructor() {
    super('the peer is gone');
  }
}

/**
 * The stream a method writes. It ends when the method returns; a `Status` that
 * is thrown is the status of the stream, after the items already sent. `close`
 * ends the output while the method goes on.
 */
export class Sink extends Handle {
  #batch;
  #lower;
  #closed = false;

  /**
   * @param batch how many items `sendAll` gathers
   * @param lower what the host takes for an item
   */
  constructor(handle, batch, lower) {
    super(handle);
    this.#batch = batch;
    this.#lower = lower;
  }

  /** Whether a send has said that the peer is gone. */
  get isClosed() {
    return this.#closed;
  }

  /** Sends one item, waiting while the peer is slow; throws `Closed` when it is gone. */
  send(item) {
    const lowered = this.#lower(item);
    this.#noting(() => this.handle.send(lowered));
  }

  /**
   * Sends many items with few crossings into the host, a batch at a time. The
   * iterable is asked for a batch only when the one before it is sent, so it may
   * be endless; one that itself waits for something belongs in a loop of `send`,
   * since its items would wait for each other here.
   */
  sendAll(items) {
    if (this.#batch === 1) {
      for (const item of items) {
        this.send(item);
      }
      return;
    }
    let batch = [];
    for (const item of items) {
      batch.push(this.#lower(item));
      if (batch.length === this.#batch) {
        this.#sendBatch(batch);
        batch = [];
      }
    }
    if (batch.length > 0) {
      this.#sendBatch(batch);
    }
  }

  /** Ready when `send` would not wait. */
  subscribe() {
    return new Pollable(this.handle.subscribe());
  }

  #sendBatch(batch) {
    this.#noting(() => this.handle.sendBatch(batch));
  }

  #noting(send) {
    try {
      send();
    } catch (error) {
      if (error?.payload !== 'closed') {
        throw error;
      }
      this.#closed = true;
      throw new Closed();
    }
  }
}
