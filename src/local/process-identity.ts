import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const ZOMBIE_STATES = new Set(['Z', 'X']);
const PS_TIMEOUT_MS = 5_000;
/** Fields of /proc/PID/stat counted from behind the command's closing bracket. */
const STAT_STATE = 0;
const STAT_PARENT = 1;
const STAT_START_TIME = 19;

/** A process that cannot be confused with a later one of the same pid. */
export interface ProcessIdentity {
  pid: number;
  startedAt: string;
}

interface ProcessStat extends ProcessIdentity {
  parentPid: number;
  zombie: boolean;
}

let bootId: string | undefined;

/** Who runs under this pid now; undefined when nobody does, or only a dead one that waits to be reaped. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  return stat === undefined || stat.zombie ? undefined : { pid, startedAt: stat.startedAt };
}

/** Whether exactly this process still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.startedAt === identity.startedAt;
}

/** Identity of the running process itself. */
export function ownIdentity(): ProcessIdentity {
  return identifyProcess(process.pid) ?? { pid: process.pid, startedAt: 'unknown' };
}

/** The process's ancestors, nearest first, each with its command line. */
export function ancestors(pid: number): Array<ProcessIdentity & { command: string }> {
  const found: Array<ProcessIdentity & { command: string }> = [];
  let next = readStat(pid)?.parentPid ?? 0;
  while (next > 1 && !found.some((known) => known.pid === next)) {
    const stat = readStat(next);
    if (stat === undefined) break;
    found.push({ pid: next, startedAt: stat.startedAt, command: commandLine(next) });
    next = stat.parentPid;
  }
  return found;
}

/** The command line of a process; empty when it is gone. */
export function commandLine(pid: number): string {
  try {
    if (process.platform !== 'linux') return ps(pid, 'command=');
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return ''; // gone meanwhile: the same answer as never there
  }
}

function readStat(pid: number): ProcessStat | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  try {
    return process.platform === 'linux' ? readProcStat(pid) : readPsStat(pid);
  } catch {
    return undefined; // no such process
  }
}

/** Fields of /proc/PID/stat behind the command, the state first (proc(5)); on Linux alone. @throws when there is none */
export function procStatFields(pid: number): string[] {
  const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command may itself hold spaces and brackets, so count from the last bracket.
  return line.slice(line.lastIndexOf(')') + 2).split(' ');
}

function readProcStat(pid: number): ProcessStat {
  const fields = procStatFields(pid);
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return {
    pid,
    parentPid: Number(fields[STAT_PARENT]),
    zombie: ZOMBIE_STATES.has(fields[STAT_STATE] ?? ''),
    startedAt: `${bootId}:${fields[STAT_START_TIME]}`,
  };
}

function readPsStat(pid: number): ProcessStat {
  const [state = '', parent = '', ...started] = ps(pid, 'state=,ppid=,lstart=').split(/\s+/);
  return {
    pid,
    parentPid: Number(parent),
    zombie: ZOMBIE_STATES.has(state[0] ?? ''),
    startedAt: started.join(' '),
  };
}

function ps(pid: number, columns: string): string {
  return execFileSync('ps', ['-o', columns, '-p', String(pid)], {
    encoding: 'utf8',
    timeout: PS_TIMEOUT_MS,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, LC_ALL: 'C' },
  }).trim();
}
