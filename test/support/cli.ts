import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';

const MAIN = path.resolve(
  __dirname,
  /[\\/]dist[\\/]/.test(__dirname) ? '../..' : '../../dist',
  'src/cli/main.js',
);

export interface CliRun {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunningCli {
  child: ChildProcess;
  /** What it wrote so far, both streams. */
  output(): string;
  ended: Promise<CliRun>;
}

/** Starts the command line as a process of its own, compiled, without a terminal. */
export function startCli(args: string[], env: Record<string, string> = {}): RunningCli {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: {
      ...process.env,
      AGENTIC_MEMORIES_URL: '',
      AGENTIC_MEMORIES_API_KEY: '',
      npm_lifecycle_event: '',
      ...env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  // It may end before it has read everything.
  child.stdin.on('error', () => undefined);
  const ended = new Promise<CliRun>((resolve) =>
    child.once('close', (code) => resolve({ code, stdout, stderr })),
  );
  return { child, output: () => stdout + stderr, ended };
}

/** Runs the command line to its end. @param input its standard input */
export async function runCli(
  args: string[],
  input: string | Buffer = '',
  env: Record<string, string> = {},
): Promise<CliRun> {
  const running = startCli(args, env);
  running.child.stdin?.end(input);
  return running.ended;
}
