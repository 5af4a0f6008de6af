import { execFileSync, type ExecFileSyncOptionsWithStringEncoding } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

const VERSION_DEADLINE_MS = 20_000;

/** A server that is one Go binary. */
export interface GoServer {
  name: string;
  /** Pinned: what is built when nothing fitting is found. */
  version: string;
  goPackage: string;
  /** Variable that names a binary. */
  binVariable: string;
  /** Variables that name a running server. */
  addressVariables: string[];
  /** Names on PATH. */
  commands: string[];
  /** The version of a binary; undefined when it cannot be told. */
  versionOf(binary: string): string | undefined;
  /** Lowest version that will do, of what `versionOf` answers. */
  leastVersion: string;
}

export const TEMPORAL: GoServer = {
  name: 'temporal',
  version: 'v1.5.1',
  goPackage: 'github.com/temporalio/cli/cmd/temporal',
  binVariable: 'TEMPORAL_BIN',
  addressVariables: ['TEMPORAL_ADDRESS'],
  commands: ['temporal'],
  // A CLI built by `go install` calls itself 0.0.0-DEV, so the server's version within it counts.
  versionOf: (binary) => parseTemporalVersion(execFileSync(binary, ['--version'], quietly)),
  leastVersion: '1.29.1',
};

export const WEAVIATE: GoServer = {
  name: 'weaviate-server',
  version: 'v1.38.11',
  goPackage: 'github.com/weaviate/weaviate/cmd/weaviate-server',
  binVariable: 'WEAVIATE_BIN',
  addressVariables: ['WEAVIATE_URL', 'WEAVIATE_GRPC'],
  commands: ['weaviate-server', 'weaviate'],
  // It has no --version; Go writes the module's version into the binary.
  versionOf: (binary) => parseGoBuildVersion(readFileSync(binary), 'github.com/weaviate/weaviate'),
  leastVersion: '1.38.0',
};

const quietly: ExecFileSyncOptionsWithStringEncoding = {
  encoding: 'utf8',
  timeout: VERSION_DEADLINE_MS,
  stdio: ['ignore', 'pipe', 'ignore'],
};

/** The server's version in what `temporal --version` prints. */
export function parseTemporalVersion(output: string): string | undefined {
  return /\(Server (\d+\.\d+\.\d+)/.exec(output)?.[1];
}

/** The main module's version in a Go binary. */
export function parseGoBuildVersion(binary: Buffer, module: string): string | undefined {
  const at = binary.indexOf(`mod\t${module}\tv`);
  if (at < 0) return undefined;
  const text = binary.toString('latin1', at, at + 200);
  return /\tv(\d+\.\d+\.\d+)/.exec(text)?.[1];
}

/** Whether a version is at least `least` and of the same major version. */
export function versionFits(version: string, least: string): boolean {
  const [a, b] = [version, least].map((text) => text.split('.').map(Number));
  if (a === undefined || b === undefined || a[0] !== b[0]) return false;
  for (const index of [1, 2]) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** Where binaries that we build are kept: outside every checkout, so that all share them. */
export function binaryCache(env: NodeJS.ProcessEnv = process.env): string {
  const caches = env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(env['AGENTIC_MEMORIES_CACHE'] || join(caches, 'agentic-memories'), 'bin');
}

/** The path a built binary has in the cache. */
export function cachedBinary(server: GoServer, env: NodeJS.ProcessEnv = process.env): string {
  return join(binaryCache(env), `${server.name}-${server.version}`);
}

/**
 * The binary to run: the one named in the environment, one on PATH, or one built before; the first whose version fits.
 * @param log told about each one passed over, and why
 */
export function findBinary(
  server: GoServer,
  env: NodeJS.ProcessEnv = process.env,
  log: (line: string) => void = () => undefined,
): string | undefined {
  const named = env[server.binVariable];
  if (named) {
    const problem = unfit(server, named, { unknownIsFit: true });
    if (problem === undefined) return named;
    log(`${server.binVariable}=${named} is passed over: ${problem}`);
  }
  for (const candidate of onPath(server.commands, env)) {
    const problem = unfit(server, candidate, { unknownIsFit: false });
    if (problem === undefined) return candidate;
    log(`${candidate} is passed over: ${problem}`);
  }
  const cached = cachedBinary(server, env);
  return isExecutable(cached) ? cached : undefined;
}

/** Every way to get a server that is not there. */
export function waysOut(server: GoServer): string {
  const addresses = server.addressVariables.join(' and ');
  return (
    `set ${addresses} to a running one; or put a ${server.commands[0]} ≥ ${server.leastVersion} on PATH, or name it ` +
    `in ${server.binVariable}; or install Go ≥ 1.26 (https://go.dev/dl) and run \`npm run setup\`, which builds ` +
    `${server.goPackage}@${server.version} into ${binaryCache()}; or run everything in containers: docker compose up`
  );
}

/** @returns why the binary will not do; undefined when it will. */
function unfit(server: GoServer, binary: string, options: { unknownIsFit: boolean }): string | undefined {
  if (!isExecutable(binary)) return 'there is no such executable file';
  let version: string | undefined;
  try {
    version = server.versionOf(binary);
  } catch {
    return 'it does not run here';
  }
  if (version === undefined) return options.unknownIsFit ? undefined : 'it does not tell its version';
  if (versionFits(version, server.leastVersion)) return undefined;
  return `version ${version}, needed is ${server.leastVersion} or later of the same major version`;
}

function onPath(commands: string[], env: NodeJS.ProcessEnv): string[] {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.flatMap((folder) => commands.map((name) => join(folder, name))).filter(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // the question was whether
  }
}
