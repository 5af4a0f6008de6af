import { execFile } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createOwnRecord, type OwnRecord } from '../support/own-record';
import { pythonEnvironment } from '../support/python';
import { startStack, type Stack } from '../support/stack';

const FOLDER = path.resolve(__dirname.replace(/([\\/])dist[\\/]/, '$1'), 'python');
const FUZZING_S = 35;
/** Of a route in one pass; passes follow each other until the time is over, so that no route is left out. */
const REQUESTS_PER_PASS = 12;
const ENDED_WITHIN_MS = 120_000;
const SHOWN_CHARS = 20_000;
/** Answers that never end by themselves are streams of events: nothing to fuzz with. */
const ENDLESS = '/injections$';
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
];

const environment = pythonEnvironment(path.join(FOLDER, 'fuzz-requirements.txt'));
if ('missing' in environment)
  console.warn(`The API is NOT fuzzed: Schemathesis cannot be installed: ${environment.missing}`);
const fuzzed = 'missing' in environment ? it.skip : it;

let record: OwnRecord;
let stack: Stack;
const prefix = `F${randomUUID().replaceAll('-', '').slice(0, 12)}`;
beforeAll(async () => {
  if ('missing' in environment) return;
  // Reindexing and maintenance of everything is among the requests: not of what other tests have.
  record = await createOwnRecord();
  stack = await startStack({
    env: {
      DATABASE_URL: record.url,
      WEAVIATE_COLLECTION: prefix,
      EMBEDDER: 'none',
      STORE_WAIT_MS: '1',
      FLUSH_INTERVAL_MS: '1000',
      // Users are erased and written to again.
      ERASE_TOMBSTONE_HOURS: '0',
    },
  });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await record?.drop();
}, 60_000);

/** What Schemathesis writes as its report; `generated` are the requests that were sent. */
interface Report {
  complete: boolean;
  seed: number;
  operations: { selected: number; tested: number; errored: number };
  test_cases: { generated: number; errored: number };
  failures: unknown[];
  errors: unknown[];
}

fuzzed(
  'whatever is sent, no answer is a 5xx or differs from what the document says of it',
  async () => {
    if ('missing' in environment) return;
    const folder = mkdtempSync(path.join(tmpdir(), 'agentic-memories-fuzz-'));
    try {
      const file = path.join(folder, 'report.json');
      const said = await schemathesis(environment.python, folder, [
        `${stack.url}/openapi.json`,
        '--phases=examples,fuzzing',
        `--max-time=${FUZZING_S}`,
        `--max-examples=${REQUESTS_PER_PASS}`,
        `--checks=${CHECKS.join(',')}`,
        `--exclude-path-regex=${ENDLESS}`,
        `--seed=${randomInt(2 ** 31)}`,
        '--generation-database=none',
        '--suppress-health-check=all',
        '--report=json',
        `--report-json-path=${file}`,
        '--no-color',
      ]);
      const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
      const { operations, test_cases: cases } = report;
      console.log(`${cases.generated} requests to ${operations.tested} routes (seed ${report.seed})`);
      if (report.failures.length + report.errors.length > 0) throw new Error(said.slice(-SHOWN_CHARS));
      expect(report).toMatchObject({ complete: true, failures: [], errors: [] });
      expect(operations).toMatchObject({ tested: operations.selected, errored: 0 });
      expect(cases.generated).toBeGreaterThan(operations.selected);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  ENDED_WITHIN_MS + 10_000,
);

/** Runs it to its end. @returns what it said */
function schemathesis(python: string, folder: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      python,
      ['-m', 'schemathesis.cli', 'run', ...args],
      {
        cwd: folder,
        timeout: ENDED_WITHIN_MS,
        maxBuffer: 50_000_000,
        env: {
          ...process.env,
          PYTHONDONTWRITEBYTECODE: '1',
          PYTHONPATH: FOLDER,
          SCHEMATHESIS_HOOKS: 'fuzz_hooks',
        },
      },
      (error, stdout, stderr) => {
        // It ends with 1 when it has found something: the report says what.
        if (error && typeof error.code !== 'number') reject(error);
        else resolve(stdout + stderr);
      },
    );
  });
}
