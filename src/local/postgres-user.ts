import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, lchownSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

const CREATED_USER = 'agentic-memories';
const COMMAND_DEADLINE_MS = 10_000;
/** Bits of the bounding set in /proc/self/status. */
const CAPABILITY_BITS = { dac_read_search: 2n, dac_override: 1n } as const;

interface Owner {
  uid: number;
  gid: number;
}

/** How to run a Postgres program: wrapped or not, as whom, and who must own its data. */
export interface RunAs {
  user?: Owner;
  owner?: Owner;
  wrap(command: string, args: string[]): { command: string; args: string[] };
}

/**
 * Postgres refuses to run as root, so there it runs as another user: the data folder's owner, else `postgres`, else
 * a system user made for it, else `nobody`. An ordinary user runs it as itself.
 * @throws Error when that user cannot reach the folders and the system has no means to let it
 */
export function asPostgresUser(options: { folder: string; binary: string; log(line: string): void }): RunAs {
  if (process.getuid?.() !== 0) return { wrap: (command, args) => ({ command, args }) };
  const user = ownerOf(options.folder) ?? lookUp('postgres') ?? createUser(options.log) ?? lookUp('nobody');
  if (user === undefined) {
    throw new Error('Postgres refuses to run as root, and there is no other user: create one named postgres');
  }
  if (existsSync(options.folder)) giveTo(options.folder, user);
  const blocked = [dirname(options.folder), options.binary].find((path) => !canReach(path, user));
  if (blocked === undefined) return { user, owner: user, wrap: (command, args) => ({ command, args }) };
  const capability = grantableCapability(
    mayExecute(options.binary) ? ['dac_read_search', 'dac_override'] : ['dac_override'],
  );
  if (capability === undefined) {
    throw new Error(
      `Postgres runs as user ${user.uid}, who may not enter ${blocked}: allow it (chmod o+x on each folder above), ` +
        'move the checkout or set DATA_DIR elsewhere, start as an ordinary user, or install setpriv (util-linux)',
    );
  }
  const flags = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  // Without the last one the kernel forgets the capability in access(2), which Postgres asks about its own files.
  const grants = [
    `--inh-caps=+${capability}`,
    `--ambient-caps=+${capability}`,
    '--securebits=+no_setuid_fixup',
  ];
  return {
    owner: user,
    wrap: (command, args) => ({ command: 'setpriv', args: [...flags, ...grants, command, ...args] }),
  };
}

function ownerOf(folder: string): Owner | undefined {
  if (!existsSync(folder)) return undefined;
  const { uid, gid } = statSync(folder);
  return uid === 0 ? undefined : { uid, gid };
}

function lookUp(name: string): Owner | undefined {
  try {
    return { uid: Number(command('id', ['-u', name])), gid: Number(command('id', ['-g', name])) };
  } catch {
    return undefined; // no such user
  }
}

function createUser(log: (line: string) => void): Owner | undefined {
  const known = lookUp(CREATED_USER);
  if (known !== undefined) return known;
  const ways: Array<[string, string[]]> = [
    ['useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', CREATED_USER]],
    ['adduser', ['-S', '-D', '-H', CREATED_USER]],
  ];
  for (const [program, args] of ways) {
    try {
      command(program, args);
      log(`postgres: refuses to run as root; made the system user ${CREATED_USER} for it`);
      return lookUp(CREATED_USER);
    } catch {
      continue; // not on this system, or not allowed: the next way
    }
  }
  return undefined;
}

function giveTo(folder: string, user: Owner): void {
  // The folder itself is given last, so one that is theirs is theirs as a whole.
  if (statSync(folder).uid === user.uid) return;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    lchownSync(join(entry.parentPath, entry.name), user.uid, user.gid);
  }
  chownSync(folder, user.uid, user.gid);
}

/** Whether an ordinary user may enter (or execute) this and every folder above it. */
function canReach(path: string, user: Owner): boolean {
  const { mode, uid, gid } = statSync(path);
  const execute = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
  if ((mode & execute) === 0) return false;
  const parent = dirname(path);
  return parent === path || canReach(parent, user);
}

function mayExecute(binary: string): boolean {
  return (statSync(binary).mode & 0o001) !== 0;
}

/** The first of these capabilities that this process may hand on. */
function grantableCapability(wanted: Array<keyof typeof CAPABILITY_BITS>): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    command('setpriv', ['--version']);
  } catch {
    return undefined;
  }
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const set = BigInt(`0x${bounding}`);
  return wanted.find((name) => ((set >> CAPABILITY_BITS[name]) & 1n) === 1n);
}

function command(program: string, args: string[]): string {
  return execFileSync(program, args, {
    encoding: 'utf8',
    timeout: COMMAND_DEADLINE_MS,
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}
