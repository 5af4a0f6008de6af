import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collectionName } from '../../src/index/weaviate-collection';
import { apiClient, type ApiClient } from '../support/api-client';
import { createOwnRecord, type OwnRecord } from '../support/own-record';
import { poll } from '../support/poll';
import { startStack, type Stack } from '../support/stack';

const WORKED_DEADLINE_MS = 60_000;
/** Texts and names that a caller chooses; all else has a form that an address has not. */
const FREE = new Set([
  'content',
  'query',
  'text',
  'name',
  'user_id',
  'conversation_id',
  'message_id',
  'agent_id',
  'run_id',
  'source',
  'topic',
  'id',
]);
/** What others have called such fields. */
const FIELDS = [
  'url',
  'webhook',
  'webhook_url',
  'callback_url',
  'image_url',
  'embedder_url',
  'llm_url',
  'base_url',
];

let trap: Server;
let address: string;
let connections = 0;
// Reindexing and maintenance of everything is among the requests: not of what other tests have.
let record: OwnRecord;
const prefix = `C${randomUUID().replaceAll('-', '').slice(0, 12)}`;
let stack: Stack;
let api: ApiClient;
beforeAll(async () => {
  trap = createServer((_, response) => response.end('caught'));
  trap.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/latest/meta-data`;
  record = await createOwnRecord();
  stack = await startStack({
    env: {
      EMBEDDER: 'none',
      STORE_WAIT_MS: '5000',
      ERASE_TOMBSTONE_HOURS: '0',
      DATABASE_URL: record.url,
      WEAVIATE_COLLECTION: prefix,
    },
  });
  api = apiClient(stack.url);
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  trap?.closeAllConnections();
  trap?.close();
  await fetch(`${process.env['WEAVIATE_URL']}/v1/schema/${collectionName(prefix, null)}`, {
    method: 'DELETE',
  });
  await record?.drop();
}, 60_000);

/** The same with the address wherever a caller says what they like. */
function withAddress(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return FREE.has(key) ? address : value;
  if (Array.isArray(value)) return value.map((one) => withAddress(one, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withAddress(one, name)]));
}

interface Operation {
  parameters?: { name: string; in: string; example?: unknown }[];
  requestBody?: { content: Record<string, { example?: unknown }> };
}

it('nothing that a request names is ever called: addresses are taken from the configuration alone', async () => {
  const headers = {
    Origin: address,
    Referer: address,
    Forwarded: `host=${new URL(address).host}`,
    'X-Forwarded-Host': new URL(address).host,
    'X-Original-Url': address,
    'X-Callback-Url': address,
  };
  const { body } = await api.get('/openapi.json');
  const statuses: Record<string, number> = {};
  for (const [path, methods] of Object.entries(body.paths as Record<string, Record<string, Operation>>))
    for (const [method, operation] of Object.entries(methods)) {
      // A stream of events, which never ends, takes no more than the others.
      if (path.endsWith('/injections')) continue;
      const target = path.replace(/\{(\w+)\}/g, (_, name: string) =>
        name === 'entity_type' ? 'user' : encodeURIComponent(address),
      );
      const query = new URLSearchParams(
        (operation.parameters ?? [])
          .filter((one) => one.in === 'query' && one.example !== undefined)
          .map((one) => [one.name, String(withAddress(one.example, one.name))]),
      );
      const [type, shown] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
      const sent = (withAddress(shown?.example) ?? {}) as object;
      const variants = [sent, { ...sent, ...Object.fromEntries(FIELDS.map((name) => [name, address])) }];
      for (const variant of type ? variants : [undefined]) {
        const text = variant && JSON.stringify(variant);
        const answer = await api.send(method.toUpperCase(), `${target}?${query}`, text, {
          ...headers,
          ...(type ? { 'Content-Type': type } : {}),
        });
        expect({ method, path, status: answer.status, well: answer.status !== 500 }).toMatchObject({
          well: true,
        });
        statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      }
    }
  console.log('answers by status', statuses);
  // Not refused one and all, and worked on.
  expect((statuses[200] ?? 0) + (statuses[202] ?? 0)).toBeGreaterThan(10);
  const turn = { role: 'user', content: `Look at ${address}` };
  const stored = await api.post('/v1/store', { user_id: 'ann', conversation_id: 'c', history: [turn] });
  await poll('it is indexed', WORKED_DEADLINE_MS, async () => {
    return (await api.get(stored.body.status_url ?? '/v1/conversations/c?user_id=ann')).body.pending === 0;
  });
  expect(connections).toBe(0);
  expect(await (await fetch(address)).text()).toBe('caught');
  expect(connections).toBe(1);
}, 180_000);
