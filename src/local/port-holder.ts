import { execFileSync } from 'node:child_process';

const COMMAND_DEADLINE_MS = 5_000;

/** Who listens on a port, in words; a best effort, as other users' programs may be hidden. */
export function portHolder(port: number): string {
  const lsof = output('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc']);
  const [, pid, command] = /^p(\d+)\nc(.+)$/m.exec(lsof) ?? [];
  if (pid !== undefined) return `${command} (process ${pid})`;
  const ss = output('ss', ['-Hltnp', `sport = :${port}`]);
  const [, name, id] = /users:\(\("([^"]+)",pid=(\d+)/.exec(ss) ?? [];
  return id === undefined ? 'another program' : `${name} (process ${id})`;
}

function output(command: string, args: string[]): string {
  try {
    return execFileSync(command, args, {
      encoding: 'utf8',
      timeout: COMMAND_DEADLINE_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return ''; // not installed, or nothing found
  }
}
