// Waiting for one of several things, and for time to pass. What a call leaves
// open is closed when it ends.

import { Handle } from './handles.js';
import { host } from './host.js';
import { nanoseconds } from './values.js';

/** More at once would be a trap. */
const MOST = 1024;

/** Something that becomes ready. */
export class Pollable extends Handle {
  /** @param known what the guest itself knows: items that crossed over earlier */
  constructor(handle, known = () => false) {
    super(handle);
    this.known = known;
  }

  /** Whether it is ready now. */
  ready() {
    return this.known() || this.handle.ready();
  }

  /** Waits until it is ready. */
  block() {
    if (!this.known()) {
      this.handle.block();
    }
  }
}

/** Waits until at least one is ready and gives the places of those that are. */
export function poll(pollables) {
  if (pollables.length < 1 || pollables.length > MOST) {
    throw new RangeError(`poll takes 1 to ${MOST} pollables, not ${pollables.length}`);
  }
  if (pollables.some((pollable) => pollable.known())) {
    // Nothing to wait for, but the others get their turn too.
    return [...pollables.keys()].filter((place) => pollables[place].ready());
  }
  return [...host.poll.poll(pollables.map((pollable) => pollable.handle))];
}

/** Ready when that many milliseconds have passed. */
export function after(milliseconds) {
  return new Pollable(host.poll.subscribeDuration(nanoseconds(milliseconds)));
}

/**
 * Waits that many milliseconds, without using CPU. It does not end earlier when
 * the call is cancelled: see `context.cancelled`.
 */
export function sleep(milliseconds) {
  const timer = after(milliseconds);
  timer.block();
  timer.close();
}
