// Log lines, which the host writes to its own log together with the tenant, the
// service, the method and the call id. Fields are an object:
// `log.info('looked up', { user: 7 })`.

import { host } from './host.js';

/** Whether a line of this level (`trace` to `error`) would be kept. */
export const enabled = (level) => host.log.enabled(level);

export const trace = (message, fields) => write('trace', message, fields);
export const debug = (message, fields) => write('debug', message, fields);
export const info = (message, fields) => write('info', message, fields);
export const warn = (message, fields) => write('warn', message, fields);
export const error = (message, fields) => write('error', message, fields);

function write(level, message, fields = {}) {
  if (host.log.enabled(level)) {
    const pairs = Object.entries(fields).map(([name, value]) => [name, String(value)]);
    host.log.log(level, String(message), pairs);
  }
}

/** A console for an engine without one. */
export function addConsole() {
  const line = (level) => (...parts) => write(level, parts.join(' '));
  globalThis.console ??= {
    log: line('info'),
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
  };
}
