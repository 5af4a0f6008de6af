import { spawn } from 'node:child_process';

const LINE_EVERY_MS = 10_000;

/** A step ended with an error; its output has been shown. */
export class StepFailed extends Error {
  name = 'StepFailed';
}

/**
 * Runs one step as a process of its own. Its output is kept back and shown only if it fails; meanwhile a plain line
 * every ten seconds says how long it has taken, so that it shows without a terminal too.
 * @throws StepFailed
 */
export async function step(what, command, args, options = {}) {
  const started = Date.now();
  const elapsed = () => `${Math.round((Date.now() - started) / 1_000)} s`;
  if (!options.quiet) console.log(`${what} …`);
  const timer = setInterval(() => console.log(`${what} … ${elapsed()}`), LINE_EVERY_MS);
  const child = spawn(command, args, {
    stdio: ['ignore', options.show ? 'inherit' : 'pipe', options.show ? 'inherit' : 'pipe'],
    ...options.spawn,
  });
  let output = '';
  child.stdout?.on('data', (chunk) => (output += chunk));
  child.stderr?.on('data', (chunk) => (output += chunk));
  const how = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? '' : (signal ?? `exit code ${code}`)));
  });
  clearInterval(timer);
  if (how !== '') {
    if (output !== '') console.log(output.trimEnd());
    throw new StepFailed(`${what}: failed (${how}) after ${elapsed()}`);
  }
  if (!options.quiet) console.log(`${what}: done in ${elapsed()}`);
}
