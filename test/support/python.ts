import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const INSTALL_DEADLINE_MS = 180_000;

/** A Python with the packages of a requirements file, or why there is none. */
export type PythonEnvironment = { python: string } | { missing: string };

/**
 * Makes a virtual environment in a cache outside the checkout, once for each content of `requirements`.
 * Synchronous, because whether tests are skipped has to be known before they are declared.
 */
export function pythonEnvironment(requirements: string): PythonEnvironment {
  const cache = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
  const version = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = path.join(cache, 'agentic-memories', `python-${version}`);
  const python = path.join(folder, 'bin', 'python');
  const complete = path.join(folder, 'complete');
  if (existsSync(complete)) return { python };
  try {
    mkdirSync(path.dirname(folder), { recursive: true });
    rmSync(folder, { recursive: true, force: true });
    run('python3', ['-m', 'venv', folder]);
    run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
    mkdirSync(complete);
    return { python };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

function run(command: string, parameters: string[]): void {
  execFileSync(command, parameters, { timeout: INSTALL_DEADLINE_MS, stdio: ['ignore', 'ignore', 'pipe'] });
}
