import { setTimeout as sleep } from 'node:timers/promises';
import { importWorkflowId } from '../../src/domain/import';
import { createTemporalClient } from '../../src/temporal/connection';
import { MEM_PENDING, MEM_PHASE } from '../../workflows/search-attributes.contract';
import { apiClient, type ApiClient } from '../support/api-client';
import { importEnded, importView, ndjson, sendImport, type ImportLineBody } from '../support/import-client';
import { poll } from '../support/poll';
import { startStack, type Stack } from '../support/stack';
import { startStubEmbeddingServer, type StubEmbeddingServer } from '../support/stub-embedding-server';

/** How long the service answers 429. A minute by environment: IMPORT_OUTAGE_SECONDS=60. */
const OUTAGE_SECONDS = Number(process.env['IMPORT_OUTAGE_SECONDS'] ?? 2);
/** A slice of its workflow is longer: what was said meanwhile is shown before it would have ended. */
const SHOWN_WITHIN_MS = 8_000;
/** Retries of a page come half a minute apart after a long outage. */
const SAID_WITHIN_MS = 60_000;
const ENDED_WITHIN_MS = 120_000;
/** One more than an import has at work at a time. */
const TROUBLED_CONVERSATIONS = 25;
const TROUBLE = 'unwell';

let embedder: StubEmbeddingServer;
let stack: Stack;
let api: ApiClient;
let temporal: ReturnType<typeof createTemporalClient>;
beforeAll(async () => {
  embedder = await startStubEmbeddingServer();
  stack = await startStack({
    env: { EMBEDDER: 'openai', EMBEDDER_URL: embedder.url, EMBEDDER_DIMENSIONS: '64' },
  });
  api = apiClient(stack.url);
  const { TEMPORAL_ADDRESS: address = '127.0.0.1:7233', TEMPORAL_NAMESPACE: namespace = 'default' } =
    process.env;
  temporal = createTemporalClient({ address, namespace });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await temporal?.close();
  await embedder?.close();
}, 60_000);
beforeEach(() => embedder.reset());

/** So near each other that no window ends between them. */
function talk(user: string, conversation: string, count: number, about: string): ImportLineBody[] {
  return Array.from({ length: count }, (_, i) => ({
    user_id: user,
    conversation_id: conversation,
    role: 'user',
    content: `${conversation} turn ${i} about ${about}`,
    timestamp: new Date(1_600_000_000_000 + i * 50).toISOString(),
  }));
}

const talks = (user: string, conversations: number, count: number, about: string): ImportLineBody[] =>
  Array.from({ length: conversations }, (_, k) => talk(user, `${about}-${k}`, count, about)).flat();

async function begin(lines: ImportLineBody[]): Promise<string> {
  const sent = await sendImport(stack.url, ndjson(lines));
  expect(sent).toMatchObject({ status: 202, body: { accepted: lines.length } });
  return sent.body.import_id as string;
}

/** What its workflow shows of it in Temporal. */
async function shown(id: string): Promise<{ phase: unknown; pending: unknown; details: string }> {
  const handle = temporal.client.workflow.getHandle(importWorkflowId(id));
  const { typedSearchAttributes } = await handle.describe();
  const { currentDetails: details } = await handle.query<{ currentDetails: string }>(
    '__temporal_workflow_metadata',
  );
  return {
    phase: typedSearchAttributes.get(MEM_PHASE),
    pending: typedSearchAttributes.get(MEM_PENDING),
    details,
  };
}

async function showsWithin(id: string, phase: string): Promise<{ pending: unknown; details: string }> {
  return poll(`its workflow shows ${phase}`, SHOWN_WITHIN_MS, async () => {
    const seen = await shown(id);
    return seen.phase === phase && seen.details.startsWith(`**${phase}**`) && seen;
  });
}

it('what is said to an import is seen within seconds in its workflow’s details and search attributes', async () => {
  embedder.behaviour = { kind: 'answer', latencyMs: 1_000 };
  const id = await begin(talks('steered', 40, 100, 'harbours'));
  await showsWithin(id, 'running');
  await api.post(`/v1/imports/${id}/pause`);
  const paused = await showsWithin(id, 'paused');
  expect(paused.pending).toBeGreaterThan(0);
  expect(paused.details).toContain('of 4000 messages are indexed or failed');
  await api.post(`/v1/imports/${id}/resume`);
  await showsWithin(id, 'running');
  await api.post(`/v1/imports/${id}/cancel`);
  await showsWithin(id, 'cancelled');
  embedder.behaviour = { kind: 'answer' };
  const { totals } = await importEnded(stack.url, id);
  expect(totals.failed).toBeGreaterThan(0);
  await poll('its workflow shows the end', SHOWN_WITHIN_MS, async () => {
    const seen = await shown(id);
    return seen.pending === 0 && seen.details.includes('**cancelled**: 100 %');
  });
}, 120_000);

it('429s, then 500s, then halves of answers are waited out and said; hardly a text is embedded twice', async () => {
  const lines = talks('patient', 12, 50, 'orchards');
  const says = (what: RegExp): Promise<unknown> =>
    poll(`it waits for ${what}`, SAID_WITHIN_MS, async () =>
      what.test((await importView(stack.url, id)).waiting_for ?? ''),
    );
  embedder.behaviour = { kind: 'status', status: 429 };
  const id = await begin(lines);
  await says(/^embedder: .*429/);
  await sleep(OUTAGE_SECONDS * 1_000);
  embedder.behaviour = { kind: 'status', status: 500 };
  await says(/^embedder: .*500/);
  expect(await importView(stack.url, id)).toMatchObject({
    status: 'running',
    totals: { indexed: 0, failed: 0 },
  });
  embedder.behaviour = { kind: 'cut' };
  await says(/^embedder: .*broke off its answer/);
  embedder.behaviour = { kind: 'answer' };
  expect(await importEnded(stack.url, id, ENDED_WITHIN_MS)).toMatchObject({
    status: 'completed',
    totals: { accepted: 600, indexed: 600, failed: 0 },
    waiting_for: null,
  });
  const times = lines.map((line) => embedder.timesEmbedded(`${line.role}: ${line.content}`));
  expect(Math.min(...times)).toBeGreaterThanOrEqual(1);
  expect(times.reduce((sum, n) => sum + n) / times.length).toBeLessThanOrEqual(2);
}, 300_000);

it('conversations that cannot get on do not stall the others, though they fill the window', async () => {
  embedder.troublingMarker = TROUBLE;
  const troubled = talks('stuck', TROUBLED_CONVERSATIONS, 20, TROUBLE);
  const well = talks('stuck', 40, 10, 'violins');
  const id = await begin([...troubled, ...well]);
  await poll('all of the others are indexed', ENDED_WITHIN_MS, async () => {
    const { totals } = await importView(stack.url, id);
    return totals.indexed === well.length;
  });
  embedder.troublingMarker = null;
  expect(await importEnded(stack.url, id, ENDED_WITHIN_MS)).toMatchObject({
    status: 'completed',
    totals: { indexed: troubled.length + well.length, failed: 0 },
  });
}, 300_000);
