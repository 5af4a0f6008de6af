import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { embedderSettingsOf, indexSettingsOf, loadConfig } from '../../src/config';
import { tenantName } from '../../src/domain/ids';
import { createWeaviateIndex } from '../../src/index/weaviate-index';
import { createEmbedder } from '../../src/models/create-embedder';
import { queryTermsOf } from '../../src/recall/terms';
import { poll } from '../support/poll';
import type { BenchStack } from './bench-stack';
import { JsonClient, quantile } from './requests';
import { question, turnText } from './synthetic-talk';

const RETRIEVALS = 150;
/** A process that has just started compiles what it runs. */
const WARM_UP_RETRIEVALS = 20;
const TURNS_A_CONVERSATION = 100;
const IMPORT_DEADLINE_MS = 600_000;
const BARE_CANDIDATES = 50;

const ms = (value: number): string => `${value.toFixed(1)} ms`;

/** `GET /v1/retrieve` of a user of so many turns, against one embedding and one bare hybrid query, in turn. */
export async function retrieveAgainstBareQuery(
  stack: BenchStack,
  turns: number,
  say: (line: string) => void,
): Promise<void> {
  const api = new JsonClient(stack.url, 4);
  const user = `reader-${randomUUID()}`;
  await importTurns(stack, api, user, turns);
  const config = loadConfig(stack.env);
  const { embedder } = createEmbedder(embedderSettingsOf(config));
  const index = createWeaviateIndex({
    ...indexSettingsOf(config),
    embedderName: embedder?.name ?? null,
    timeoutMs: IMPORT_DEADLINE_MS,
  });
  const tenant = tenantName(config.NAMESPACE, user);
  const ours: number[] = [];
  const bare: number[] = [];
  const embedding: number[] = [];
  for (let i = 0; i < WARM_UP_RETRIEVALS + RETRIEVALS; i += 1) {
    const answer = await api.get(`/v1/retrieve?user_id=${user}&query=${encodeURIComponent(question(2 * i))}`);
    if (answer.status !== 200) throw new Error(`retrieve answered ${answer.status}: ${answer.body}`);
    const started = performance.now();
    const text = question(2 * i + 1);
    const vector = embedder ? (await embedder.embed([text], { purpose: 'query' }))[0]! : null;
    const embedded = performance.now();
    await index.search(tenant, {
      terms: queryTermsOf(text, []).join(' '),
      vector,
      limit: BARE_CANDIDATES,
    });
    if (i < WARM_UP_RETRIEVALS) continue;
    ours.push(answer.latencyMs);
    embedding.push(embedded - started);
    bare.push(performance.now() - started);
  }
  const [own, least, embed] = [ours, bare, embedding].map((values) => quantile(values, 0.5)) as [
    number,
    number,
    number,
  ];
  say(
    `/v1/retrieve, a user of ${turns} turns, embedder ${embedder?.name ?? 'none'}: p50 ${ms(own)} (p99 ${ms(quantile(ours, 0.99))}), ${ms(own - embed)} beyond one embedding; against ${ms(least)} for one embedding and one bare hybrid query = ${(own / least).toFixed(2)}`,
  );
  await embedder?.close();
  await index.close();
  api.close();
}

async function importTurns(stack: BenchStack, api: JsonClient, user: string, turns: number): Promise<void> {
  const lines = Array.from({ length: turns }, (_, i) =>
    JSON.stringify({
      user_id: user,
      conversation_id: `history-${Math.floor(i / TURNS_A_CONVERSATION)}`,
      role: i % 2 ? 'assistant' : 'user',
      content: turnText(i),
    }),
  );
  const response = await fetch(`${stack.url}/v1/imports`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: lines.join('\n'),
  });
  if (response.status !== 202) throw new Error(`the import was answered ${response.status}`);
  const { status_url: statusUrl } = (await response.json()) as { status_url: string };
  await poll(
    'the import is done',
    IMPORT_DEADLINE_MS,
    async () => {
      const answer = await api.get(statusUrl);
      const { status, totals } = JSON.parse(answer.body) as { status: string; totals: { failed: number } };
      if (totals.failed > 0) throw new Error(`${totals.failed} messages failed`);
      return status === 'completed';
    },
    250,
  );
}
