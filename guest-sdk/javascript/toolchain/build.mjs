// Makes a component of a service: one module of the author's, the SDK's and the
// generated code, then the engine around it.
//
// Started as `node build.mjs CONFIG`, a JSON file with `engine` (`starlingmonkey`
// or `quickjs`), `entry`, `sdk`, `bundle`, `wit`, `world` and `output`, all paths
// absolute.

import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { rolldown } from 'rolldown';

const config = JSON.parse(await readFile(process.argv[2], 'utf8'));

/** Interfaces of the host, such as `ostler:rpc/log@0.1.0`. */
const INTERFACE = /^[a-z][a-z0-9-]*:[a-z0-9-]+\//;

const engines = {
  async starlingmonkey() {
    const { componentize } = await import('@bytecodealliance/componentize-js');
    const { component } = await componentize({
      sourcePath: config.bundle,
      witPath: config.wit,
      worldName: config.world,
      // The host grants no sockets; what it grants stays: clocks, random, output.
      disableFeatures: ['http', 'fetch-event'],
    });
    return component;
  },

  async quickjs() {
    const { componentize } = await import('componentize-qjs');
    const { component } = await componentize({
      jsSource: await readFile(config.bundle, 'utf8'),
      jsPath: config.bundle,
      moduleRoot: dirname(config.bundle),
      witPath: config.wit,
      world: config.world,
      // Without the asynchronous ABI, which a call in an instance of its own
      // has no use for.
      sync: true,
    });
    return component;
  },
};

try {
  await bundle();
  await writeFile(config.output, await engines[config.engine]());
} catch (error) {
  // Where in the toolchain it was thrown says nothing about the service.
  console.error(error.message);
  process.exitCode = 1;
}

/** Engines resolve relative paths alone; an author also imports packages. */
async function bundle() {
  const build = await rolldown({
    input: config.entry,
    platform: 'neutral',
    external: INTERFACE,
    resolve: {
      alias: {
        'ostler-guest/serve': join(config.sdk, 'serve.js'),
        'ostler-guest': join(config.sdk, 'index.js'),
      },
    },
    onLog(level, log) {
      if (level !== 'debug' && level !== 'info') {
        throw new Error(log.message);
      }
    },
  });
  await build.write({ file: config.bundle, format: 'esm' });
  await build.close();
}
