// How a method fails.

const CODES = [
  'cancelled',
  'unknown',
  'invalid-argument',
  'deadline-exceeded',
  'not-found',
  'already-exists',
  'permission-denied',
  'resource-exhausted',
  'failed-precondition',
  'aborted',
  'out-of-range',
  'unimplemented',
  'internal',
  'unavailable',
  'data-loss',
  'unauthenticated',
];

/** Why a call failed: the only error that reaches the caller as it is. */
export class Status extends Error {
  /**
   * @param {string} code one of gRPC's codes, in kebab-case, such as `not-found`
   * @param {string} message for the developer who reads it
   * @param {{typeName: string, value: Uint8Array}[]} details for programs
   */
  constructor(code, message = '', details = []) {
    if (!CODES.includes(code)) {
      throw new TypeError(`no such code: ${code}`);
    }
    super(message);
    this.code = code;
    this.details = [...details];
  }

  get name() {
    return this.code.replaceAll('-', '_').toUpperCase();
  }

  /** Adds a detail, such as one of `details`. */
  withDetail(detail) {
    this.details.push(detail);
    return this;
  }

  /** The caller gave up. */
  static cancelled(message) {
    return new Status('cancelled', message);
  }

  /** Nothing better fits. */
  static unknown(message) {
    return new Status('unknown', message);
  }

  /** The request is wrong whatever the state of the system. */
  static invalidArgument(message) {
    return new Status('invalid-argument', message);
  }

  /** The time was up. */
  static deadlineExceeded(message) {
    return new Status('deadline-exceeded', message);
  }

  /** What was asked for does not exist. */
  static notFound(message) {
    return new Status('not-found', message);
  }

  /** What was to be created exists. */
  static alreadyExists(message) {
    return new Status('already-exists', message);
  }

  /** The caller is known and may not do this. */
  static permissionDenied(message) {
    return new Status('permission-denied', message);
  }

  /** A limit or a quota is used up. */
  static resourceExhausted(message) {
    return new Status('resource-exhausted', message);
  }

  /** The system is not in the state this needs; a retry does not help. */
  static failedPrecondition(message) {
    return new Status('failed-precondition', message);
  }

  /** A conflict with another call; a retry of the whole may help. */
  static aborted(message) {
    return new Status('aborted', message);
  }

  /** Past the end of what exists. */
  static outOfRange(message) {
    return new Status('out-of-range', message);
  }

  /** This service does not do that. */
  static unimplemented(message) {
    return new Status('unimplemented', message);
  }

  /** Something that must hold does not. */
  static internal(message) {
    return new Status('internal', message);
  }

  /** Not now; a retry may help. */
  static unavailable(message) {
    return new Status('unavailable', message);
  }

  /** Data is lost or damaged for good. */
  static dataLoss(message) {
    return new Status('data-loss', message);
  }

  /** The caller is not known. */
  static unauthenticated(message) {
    return new Status('unauthenticated', message);
  }
}

/** The error of a method whose contract says `result<_, E>` with an `E` of its own. */
export class Failure extends Error {
  constructor(value) {
    super('the method failed with a value of its contract');
    this.value = value;
  }
}

/** The record of `ostler:rpc/types`. */
export function toHost({ code, message, details }) {
  return { code, message, details };
}

/** Runs a function of the host, whose error becomes the one an author knows. */
export function fromHost(call) {
  try {
    return call();
  } catch (error) {
    const given = error?.payload;
    if (given === undefined) {
      throw error;
    }
    throw new Status(given.code, given.message, given.details);
  }
}
