import { readFileSync } from 'node:fs';
import path from 'node:path';
import vm from 'node:vm';

/** What browsers and edge runtimes have in common, as far as a client of an API may use it. */
const WEB_GLOBALS = [
  'AbortController',
  'AbortSignal',
  'DOMException',
  'Headers',
  'ReadableStream',
  'Request',
  'Response',
  'TextDecoder',
  'TextEncoder',
  'URL',
  'URLSearchParams',
  'clearInterval',
  'clearTimeout',
  'console',
  'crypto',
  'fetch',
  'setInterval',
  'setTimeout',
] as const;

/**
 * Loads a CommonJS module, and what it requires by relative paths, where there is nothing of Node: no `process`, no
 * `Buffer`, no module of its own, and no code made of strings.
 */
export function loadInWebRuntime(file: string): Record<string, unknown> {
  const context = vm.createContext(Object.fromEntries(WEB_GLOBALS.map((name) => [name, globalThis[name]])), {
    codeGeneration: { strings: false, wasm: false },
  });
  const loaded = new Map<string, { exports: Record<string, unknown> }>();
  const load = (from: string): Record<string, unknown> => {
    const known = loaded.get(from);
    if (known) return known.exports;
    const module = { exports: {} };
    loaded.set(from, module);
    const wrapped = vm.runInContext(
      `(function (exports, require, module) {${readFileSync(from, 'utf8')}\n})`,
      context,
      { filename: from },
    ) as (exports: object, require: (name: string) => object, module: object) => void;
    wrapped(
      module.exports,
      (name) => {
        if (!/^\.\.?\//.test(name)) throw new Error(`${from} requires ${name}, which is not there`);
        return load(path.resolve(path.dirname(from), name.replace(/(?:\.js)?$/, '.js')));
      },
      module,
    );
    return module.exports;
  };
  return load(file);
}
