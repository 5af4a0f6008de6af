import { randomBytes, randomUUID } from 'node:crypto';
import { apiClient } from '../support/api-client';
import { poll } from '../support/poll';
import { startStack, type Stack } from '../support/stack';
import { startTraceCollector, type CollectedSpan, type TraceCollector } from '../support/trace-collector';

const ARRIVED_WITHIN_MS = 30_000;
const API = 'agentic-memories-api';
const WORKER = 'agentic-memories-worker';
const ROUTE = 'POST /v1/conversations/{conversation_id}/messages';

let collector: TraceCollector;
let stack: Stack;
beforeAll(async () => {
  collector = await startTraceCollector();
  stack = await startStack({
    env: {
      EMBEDDER: 'none',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '200',
    },
  });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await collector?.close();
}, 60_000);

const user = `user-${randomUUID()}`;
const conversation = `chat-${randomUUID()}`;
const SECRET = 'the blue heron nests behind the observatory';

/** Sends one message as part of a trace of the caller's. @returns the trace's id */
async function send(content: string): Promise<string> {
  const traceId = randomBytes(16).toString('hex');
  const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`;
  const body = { user_id: user, messages: [{ role: 'user', content }] };
  const path = `/v1/conversations/${conversation}/messages`;
  expect((await apiClient(stack.url).post(path, body, { traceparent })).status).toBe(202);
  return traceId;
}

const told = ({ service, name }: CollectedSpan): string => `${service}: ${name}`;

it('one trace goes from each request to what it made the workflow do, with nothing of what was said', async () => {
  for (const content of [SECRET, `${SECRET}, twice`]) {
    const traceId = await send(content);
    const spans = await poll('the trace is there', ARRIVED_WITHIN_MS, () => {
      const found = collector.spans.filter((span) => span.traceId === traceId);
      // They come in parcels of several processes' and threads' spans, in any order.
      const names = new Set(found.map((span) => span.name));
      const whole = names.has('RunActivity:ingestBatches') && names.has('StartActivity:ingestBatches');
      return Promise.resolve(whole && found);
    });
    expect(spans.map(told)).toEqual(
      expect.arrayContaining([
        `${API}: ${ROUTE}`,
        `${API}: SignalWithStartWorkflow:conversation`,
        `${WORKER}: HandleSignal:messagesStored`,
        `${WORKER}: StartActivity:ingestBatches`,
        `${WORKER}: RunActivity:ingestBatches`,
      ]),
    );
    const run = spans.find((span) => span.name === 'RunActivity:ingestBatches')!;
    const ancestors: string[] = [];
    for (let span: CollectedSpan | undefined = run; span;) {
      const { parentSpanId }: CollectedSpan = span;
      span = spans.find((one) => one.spanId === parentSpanId);
      if (span) ancestors.push(span.name);
    }
    expect(ancestors).toEqual([
      'StartActivity:ingestBatches',
      'HandleSignal:messagesStored',
      'SignalWithStartWorkflow:conversation',
      ROUTE,
    ]);
    expect(spans.find((span) => span.name === ROUTE)!.attributes).toMatchObject({
      'http.route': '/v1/conversations/{conversation_id}/messages',
      request_id: expect.any(String),
    });
    expect(run.attributes['run_id']).toEqual(expect.any(String));
  }
  for (const own of [SECRET, 'heron', user, conversation]) expect(collector.received()).not.toContain(own);
});
