// What an author of a service in JavaScript needs.
//
// A service is an object with a method for each function of the contract,
// exported from `service.js` under the interface's name. A `stream<T>` that
// comes in is a `Stream`, an iterable; one that goes out is a `Sink`, the last
// parameter. A method fails by throwing a `Status`.

export * as context from './context.js';
export * as details from './details.js';
export * as log from './log.js';
export { Pollable, after, poll, sleep } from './poll.js';
export { Closed, Sink } from './sink.js';
export { Failure, Status } from './status.js';
export { Stream } from './stream.js';
