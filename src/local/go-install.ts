import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { cachedBinary, waysOut, type GoServer } from './binaries';
import { DataLock } from './data-lock';
import { withProgress } from './progress';

const LEAST_GO_MINOR = 26;
const GO_DEADLINE_MS = 20_000;
/** A cold build of the larger server takes five minutes on two cores; a slow network and one core much more. */
const BUILD_LOCK_WAIT_MS = 45 * 60_000;
const TAIL_LINES = 15;

export interface InstallOptions {
  env?: NodeJS.ProcessEnv;
  log(line: string): void;
}

/**
 * Builds the server's pinned version into the cache, unless it is there. Of several at once one builds and the others
 * wait; a build that is killed leaves nothing that looks whole.
 * @returns the binary's path
 * @throws Error that names every other way to get the server
 */
export async function installServer(server: GoServer, options: InstallOptions): Promise<string> {
  const env = options.env ?? process.env;
  const target = cachedBinary(server, env);
  if (existsSync(target)) return target;
  requireGo(server, env);
  const cache = dirname(target);
  mkdirSync(cache, { recursive: true });
  const name = basename(target);
  const lock = await DataLock.take(join(cache, `${name}.lock`), {
    waitMs: BUILD_LOCK_WAIT_MS,
    onWait: (holder) => options.log(`${name}: process ${holder.processes[0]?.pid} is building it; waiting`),
  });
  try {
    if (existsSync(target)) return target;
    for (const leftover of readdirSync(cache).filter((entry) => entry.startsWith(`${name}.build-`))) {
      rmSync(join(cache, leftover), { recursive: true, force: true });
    }
    await build(server, target, { ...options, env });
    return target;
  } finally {
    lock.release();
  }
}

async function build(server: GoServer, target: string, options: Required<InstallOptions>): Promise<void> {
  const folder = `${target}.build-${process.pid}`;
  mkdirSync(folder);
  const module = `${server.goPackage}@${server.version}`;
  try {
    await withProgress(
      `building ${server.name} ${server.version} (several minutes, once)`,
      options.log,
      async (say) => {
        // Flags meant for another module, such as -mod=vendor, would break an install by version.
        const env = { ...options.env, GOBIN: folder, GOFLAGS: '', GOWORK: 'off', GO111MODULE: 'on' };
        const go = spawn('go', ['install', '-v', module], { env, stdio: ['ignore', 'ignore', 'pipe'] });
        const tail: string[] = [];
        let packages = 0;
        createInterface({ input: go.stderr }).on('line', (line) => {
          if (line.startsWith('go: downloading')) say('downloading modules');
          else say(`${(packages += 1)} packages compiled`);
          tail.push(line);
          if (tail.length > TAIL_LINES) tail.shift();
        });
        const [code, signal] = (await once(go, 'close')) as [number | null, NodeJS.Signals | null];
        if (code === 0) return;
        throw new Error(
          `go install ${module} ended with ${signal ?? `exit code ${code}`}:\n${tail.join('\n')}`,
        );
      },
    );
    renameSync(join(folder, basename(server.goPackage)), target);
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${server.name} could not be built. ${said}\nOther ways: ${waysOut(server)}`, { cause });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function requireGo(server: GoServer, env: NodeJS.ProcessEnv): void {
  let said: string;
  try {
    said = execFileSync('go', ['version'], { env, encoding: 'utf8', timeout: GO_DEADLINE_MS, stdio: 'pipe' });
  } catch (cause) {
    throw new Error(`there is no ${server.name} to run, and no Go to build it with. ${waysOut(server)}`, {
      cause,
    });
  }
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(said) ?? [];
  if (Number(major) > 1 || Number(minor) >= LEAST_GO_MINOR) return;
  throw new Error(
    `there is no ${server.name} to run, and ${said.trim()} is too old to build it. ${waysOut(server)}`,
  );
}
