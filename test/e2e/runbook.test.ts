import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { apiClient, type ApiClient } from '../support/api-client';
import { nameOwnIndex } from '../support/own-index';
import { createOwnRecord, type OwnRecord } from '../support/own-record';
import { poll } from '../support/poll';
import { startStack, type Stack } from '../support/stack';
import { setShards } from '../support/weaviate-shards';

const RUNBOOK = readFileSync(path.resolve(__dirname, '../../docs/runbook.md'), 'utf8');
const SEEN_DEADLINE_MS = 20_000;
const weaviate = nameOwnIndex();

let record: OwnRecord;
let stack: Stack;
let api: ApiClient;
beforeAll(async () => {
  // Everything is reindexed: not what other tests have.
  record = await createOwnRecord();
  stack = await startStack({
    env: {
      EMBEDDER: 'none',
      DATABASE_URL: record.url,
      WEAVIATE_COLLECTION: weaviate.prefix,
      STORE_WAIT_MS: '20000',
    },
  });
  api = apiClient(stack.url);
  const history = [{ role: 'user', content: 'My cello lesson is on Tuesday.' }];
  await api.post('/v1/store', { user_id: 'ann', conversation_id: 'chat', history });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await weaviate.drop();
  await record?.drop();
}, 60_000);

/** The commands of a section, each block as it stands there. */
function commandsOf(section: string): string[] {
  const [, text] = new RegExp(`(?:^|\\n)${section}[^\\n]*\\n([^]*?)(?=\\n## |$)`).exec(RUNBOOK)!;
  return Array.from(text!.matchAll(/```bash\n([^]*?)```/g), (match) => match[1]!);
}

/** Runs a block as a person on call would, with this stack's addresses. @returns what it printed */
async function run(block: string): Promise<string> {
  const commands = block
    .replaceAll('localhost:8080', new URL(stack.url).host)
    .replaceAll('CONVERSATION', 'chat')
    .replaceAll('USER', 'ann');
  // A bash that gets a socket for its standard input may take itself for a remote shell, and read start-up files.
  const done = await promisify(execFile)('bash', ['--norc', '-uc', commands], {
    env: {
      ...process.env,
      WEAVIATE_URL: weaviate.url,
      WEAVIATE_API_KEY: weaviate.key,
      WEAVIATE_COLLECTION: weaviate.prefix,
      DATABASE_URL: record.url,
    },
    timeout: SEEN_DEADLINE_MS,
    // A grep that finds nothing is no failure; whatever is one, says so.
  }).catch((failed: { code?: unknown; stdout: string; stderr: string }) => {
    if (failed.code !== 1) throw failed;
    return failed;
  });
  expect(done.stderr).toBe('');
  return done.stdout;
}

/** What each section's commands print, block by block. */
const PRINTED: Record<string, RegExp[]> = {
  '# Runbook': [/"status":"ok"[^]*agentic_memories_pending_messages[^]*agentic_memories_record_up 1/],
  '## MemoriesRecordDown': [/off[^]*\bf\b/],
  '## MemoriesBufferStuck': [/"flushed":true/],
  '## MemoriesFailed': [/"failed":\[\][^]*"retried":/],
  '## MemoriesIndexFailing': [/READY/, /"workflow_id":"reindex:all"[^]*"status":"(?:running|completed)"/],
  '## MemoriesServerErrors': [/^$|status="5/],
};

it('every command of the runbook does what it is there for', async () => {
  const blocks = Object.keys(PRINTED).flatMap(commandsOf);
  expect(blocks).toEqual(Array.from(RUNBOOK.matchAll(/```bash\n([^]*?)```/g), (match) => match[1]!));
  for (const [section, printed] of Object.entries(PRINTED)) {
    if (section === '## MemoriesIndexFailing') expect(await setShards(weaviate, 'READONLY')).toBe(true);
    const outputs: string[] = [];
    for (const block of commandsOf(section)) outputs.push(await run(block));
    for (const output of outputs) expect(output).not.toContain('urn:agentic-memories:problem');
    expect([section, outputs]).toEqual([section, printed.map((one) => expect.stringMatching(one))]);
  }
}, 120_000);

it('what it says of a read-only index makes it take writes again', async () => {
  expect(await setShards(weaviate, 'READONLY')).toBe(true);
  const weaviateIs = (status: string): Promise<unknown> =>
    poll(`Weaviate is ${status}`, SEEN_DEADLINE_MS, async () => {
      return (await api.get('/health/full')).body.checks.weaviate.status === status;
    });
  await weaviateIs('failing');
  await run(commandsOf('## MemoriesIndexFailing')[0]!);
  await weaviateIs('ok');
}, 60_000);
