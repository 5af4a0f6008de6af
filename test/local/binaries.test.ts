import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  TEMPORAL,
  WEAVIATE,
  cachedBinary,
  findBinary,
  parseGoBuildVersion,
  parseTemporalVersion,
  versionFits,
  waysOut,
} from '../../src/local/binaries';
import { installServer } from '../../src/local/go-install';

let folder: string;
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'binaries-'));
  mkdirSync(join(folder, 'path'));
  env = { PATH: `${join(folder, 'path')}:/usr/bin:/bin`, AGENTIC_MEMORIES_CACHE: join(folder, 'cache') };
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function script(path: string, body: string): string {
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

function temporalAt(path: string, server: string): string {
  return script(path, `echo 'temporal version 0.0.0-DEV (Server ${server}, UI 2.42.1)'`);
}

function weaviateAt(path: string, version: string): string {
  return script(path, `exit 0 # \tmod\tgithub.com/weaviate/weaviate\tv${version}\th1:x`);
}

test.each([
  ['1.29.1', '1.29.1', true],
  ['1.29.10', '1.29.9', true],
  ['1.31.0', '1.29.1', true],
  ['1.29.0', '1.29.1', false],
  ['1.9.9', '1.29.1', false],
  ['2.0.0', '1.29.1', false],
])('%s against %s: %s', (version, least, fits) => expect(versionFits(version, least)).toBe(fits));

test('reads versions', () => {
  expect(parseTemporalVersion('temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)')).toBe('1.29.1');
  expect(parseTemporalVersion('something else')).toBeUndefined();
  const info = Buffer.from('\0path\tx\nmod\tgithub.com/weaviate/weaviate\tv1.38.11\th1:BKy7\n\0');
  expect(parseGoBuildVersion(info, 'github.com/weaviate/weaviate')).toBe('1.38.11');
  const devel = Buffer.from('mod\tgithub.com/weaviate/weaviate\t(devel)\t');
  expect(parseGoBuildVersion(devel, 'github.com/weaviate/weaviate')).toBeUndefined();
});

test('a named binary comes before one on PATH, and that before a built one', () => {
  mkdirSync(join(folder, 'cache', 'bin'), { recursive: true });
  expect(findBinary(TEMPORAL, env)).toBeUndefined();
  const built = script(cachedBinary(TEMPORAL, env), 'exit 0');
  expect(findBinary(TEMPORAL, env)).toBe(built);
  const onPath = temporalAt(join(folder, 'path', 'temporal'), '1.30.2');
  expect(findBinary(TEMPORAL, env)).toBe(onPath);
  const named = temporalAt(join(folder, 'mine'), '1.29.1');
  expect(findBinary(TEMPORAL, { ...env, TEMPORAL_BIN: named })).toBe(named);
});

test('a binary of another version is passed over, and it is said why', () => {
  temporalAt(join(folder, 'path', 'temporal'), '1.28.0');
  weaviateAt(join(folder, 'path', 'weaviate-server'), '1.37.0');
  const said: string[] = [];
  expect(findBinary(TEMPORAL, env, (line) => said.push(line))).toBeUndefined();
  expect(findBinary(WEAVIATE, env, (line) => said.push(line))).toBeUndefined();
  expect(said.join('\n')).toMatch(/1\.28\.0.*\n.*1\.37\.0/);
});

test('a Weaviate that does not tell its version runs only where it is named', () => {
  const silent = script(join(folder, 'path', 'weaviate'), 'exit 0');
  expect(findBinary(WEAVIATE, env)).toBeUndefined();
  expect(findBinary(WEAVIATE, { ...env, WEAVIATE_BIN: silent })).toBe(silent);
});

test('the error without any names every way out', () => {
  for (const way of ['WEAVIATE_URL', 'WEAVIATE_GRPC', 'WEAVIATE_BIN', 'PATH', 'Go', 'docker compose']) {
    expect(waysOut(WEAVIATE)).toContain(way);
  }
});

describe('building', () => {
  /** A `go` that knows its version, counts its builds and writes the binary it is asked for. */
  function goThat(install: string): void {
    const body = `if [ "$1" = version ]; then echo 'go version go1.26.8 linux/amd64'; exit; fi\n${install}`;
    script(join(folder, 'path', 'go'), body);
  }
  const log = (): void => undefined;

  test('puts the binary into the cache; of two at once one builds', async () => {
    goThat(
      `echo built >> ${folder}/builds; sleep 0.3; printf '#!/bin/sh\\n' > "$GOBIN/temporal"; chmod +x "$GOBIN/temporal"`,
    );
    const both = await Promise.all([
      installServer(TEMPORAL, { env, log }),
      installServer(TEMPORAL, { env, log }),
    ]);
    expect(both).toEqual([cachedBinary(TEMPORAL, env), cachedBinary(TEMPORAL, env)]);
    expect(findBinary(TEMPORAL, env)).toBe(both[0]);
    expect(readFileSync(join(folder, 'builds'), 'utf8')).toBe('built\n');
    expect(readdirSync(join(folder, 'cache', 'bin'))).toEqual(['temporal-v1.5.1']);
  });

  test('a build that fails leaves nothing, says what Go said and the other ways', async () => {
    goThat(`printf half > "$GOBIN/temporal"; echo 'no space left on device' >&2; exit 2`);
    const failed = installServer(TEMPORAL, { env, log });
    await expect(failed).rejects.toThrow(/no space left on device[^]*TEMPORAL_ADDRESS/);
    expect(findBinary(TEMPORAL, env)).toBeUndefined();
  });

  test('an old Go is not tried', async () => {
    script(join(folder, 'path', 'go'), `echo 'go version go1.19.8 linux/amd64'`);
    await expect(installServer(TEMPORAL, { env, log })).rejects.toThrow(
      /go1\.19\.8.* too old[^]*TEMPORAL_BIN/,
    );
  });
});
