import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../local/package-root';
import type { ServerAddress } from './server';

/** Where the server is unless somebody says otherwise. */
export const DEFAULT_URL = 'http://127.0.0.1:8080';
export const URL_VARIABLE = 'AGENTIC_MEMORIES_URL';
export const KEY_VARIABLE = 'AGENTIC_MEMORIES_API_KEY';

/** The version of the package that this is a part of. */
export function packageVersion(): string {
  const file = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}

/** A command as the person would type it here, on the same server. The key stays out of it. */
export function commandLine(words: string[], address?: ServerAddress): string {
  const throughNpm = process.env['npm_lifecycle_event'] === 'memories';
  const url = address?.url;
  const elsewhere = url !== undefined && url !== (process.env[URL_VARIABLE] ?? DEFAULT_URL);
  return [
    throughNpm ? 'npm run memories --' : 'npx agentic-memories',
    ...words,
    ...(elsewhere ? ['--url', url] : []),
  ].join(' ');
}
