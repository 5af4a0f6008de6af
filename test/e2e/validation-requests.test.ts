import { apiClient, expectPath, expectProblem, type ApiAnswer, type ApiClient } from '../support/api-client';
import { ownEnvironment, startReadyApi, type ApiProcess } from '../support/stack';

/** 200 where everything is at once done, 202 where no worker is there to index. */
const TAKEN = [200, 202];

let process_: ApiProcess;
let api: ApiClient;
beforeAll(async () => {
  process_ = await startReadyApi({ env: ownEnvironment({ EMBEDDER: 'none', STORE_WAIT_MS: '1' }) });
  api = apiClient(process_.url);
}, 60_000);
afterAll(async () => {
  await process_?.stop();
}, 30_000);

const says = (content: string, more: object = {}): object => ({ role: 'user', content, ...more });
const store = (more: object): Promise<ApiAnswer> =>
  api.post('/v1/store', { user_id: 'u', history: [says('hello')], ...more });
const append = (more: object): Promise<ApiAnswer> =>
  api.post('/v1/conversations/c/messages', { user_id: 'u', messages: [says('hello')], ...more });

describe('unknown fields', () => {
  it('are ignored on the guide’s routes', async () => {
    expect(TAKEN).toContain(
      (
        await store({
          surprise: 1,
          history: [says('x', { surprise: 1, metadata: 'any' })],
          persona_context: { surprise: 1 },
        })
      ).status,
    );
    expect((await api.post('/v1/retrieve', { user_id: 'u', surprise: 1 })).status).toBe(200);
    expect(
      (await api.post('/v1/orchestrator/message', { conversation_id: 'c', ...says('x'), surprise: 1 }))
        .status,
    ).toBe(200);
    expect(
      (await api.post('/v1/orchestrator/retrieve', { conversation_id: 'c', query: 'x', surprise: 1 })).status,
    ).toBe(200);
  });
  it('are refused on ours', async () => {
    expectPath(await append({ surprise: 1 }), 'surprise', /not a field/);
    expectPath(await append({ messages: [says('x', { surprise: 1 })] }), 'messages.0.surprise');
    const policy = '/v1/conversations/c/policy?user_id=u';
    expectPath(await api.send('PUT', policy, { surprise: 1 }), 'surprise');
    expectPath(
      await api.send('PUT', policy, { ingestion: { flush_interval: 3 } }),
      'ingestion.flush_interval',
    );
    expectPath(await api.post('/v1/conversations/c/flush?user_id=u', { surprise: 1 }), 'surprise');
  });
  it('are ignored in a query string', async () => {
    expect((await api.get('/v1/retrieve?user_id=u&surprise=1&surprise=2')).status).toBe(200);
    expect((await api.get('/v1/conversations/c?user_id=u&surprise=1')).status).toBe(200);
  });
});

describe('numbers, times and choices of retrieve', () => {
  it.each([
    'limit=0',
    'limit=1001',
    'limit=abc',
    'limit=1.5',
    'limit=-1',
    'limit=',
    'limit=1&limit=2',
    'limit=1e1',
    'limit=%2B5',
    'offset=-1',
    'offset=x',
    'offset=99999999999999999999',
    'layer=deep',
    'type=other',
    'sort=best',
    'sort=newest&sort=oldest',
    'created_after=2024-01-01',
    'created_before=2024-01-01T00:00:00',
    'created_after=2024-01-01T00:00:00+01:00',
    'metadata_filter=nocolon',
    'metadata_filter=:v',
    'metadata_filter=a:b&metadata_filter=x',
    'persona=',
    'query=a&query=b',
    'user_id=other',
  ])('422 for ?%s', async (query) => {
    const answer = await api.get(`/v1/retrieve?user_id=u&${query}`);
    expectProblem(answer, 422);
    expect(answer.body.errors[0].path).toMatch(new RegExp(`^${query.split('=')[0]}`));
  });
  it.each([
    'limit=1',
    'limit=1000',
    'offset=0',
    'offset=1000000',
    'query=',
    'query=hello+there',
    'sort=oldest',
    'layer=short-term',
    'type=explicit',
    'persona=finance',
    'created_after=2024-01-01T00:00:00%2B01:00',
    'metadata_filter=a:b',
    'metadata_filter=a:b&metadata_filter=c:d:e',
    'metadata_filter=a:',
  ])('takes ?%s', async (query) => {
    expect((await api.get(`/v1/retrieve?user_id=u&${query}`)).status).toBe(200);
  });
  it.each([
    [{ limit: 0 }, 'limit'],
    [{ limit: 1_001 }, 'limit'],
    [{ limit: '5' }, 'limit'],
    [{ limit: 1.5 }, 'limit'],
    [{ offset: -1 }, 'offset'],
    [{ granularity: 'fine' }, 'granularity'],
    [{ include_narrative: 'yes' }, 'include_narrative'],
    [{ explain: 1 }, 'explain'],
    [{ filters: [] }, 'filters'],
    [{ persona_context: 'finance' }, 'persona_context'],
    [{ persona_context: { active_personas: 'x' } }, 'persona_context.active_personas'],
    [{ created_after: '2024' }, 'created_after'],
    [{ query: 7 }, 'query'],
  ] as [object, string][])('POST: 422 for %j', async (more, path) => {
    expectPath(await api.post('/v1/retrieve', { user_id: 'u', ...more }), path);
  });
  it.each([
    [{ limit: 0 }, 'limit'],
    [{ limit: 51 }, 'limit'],
    [{ query: ' ' }, 'query'],
    [{ offset: -1 }, 'offset'],
  ] as [object, string][])('orchestrator: 422 for %j', async (more, path) => {
    expectPath(
      await api.post('/v1/orchestrator/retrieve', { conversation_id: 'c', query: 'x', ...more }),
      path,
    );
  });
});

describe('policies', () => {
  const put = (body: unknown): Promise<ApiAnswer> =>
    api.send('PUT', '/v1/conversations/p/policy?user_id=u', body);
  it.each([
    [{ ingestion: { low_volume_cutoff: -1 } }, 'ingestion.low_volume_cutoff'],
    [{ ingestion: { low_volume_cutoff: 21 } }, 'ingestion.low_volume_cutoff'],
    [{ ingestion: { high_volume_cutoff: 5 } }, 'ingestion.low_volume_cutoff'],
    [{ ingestion: { low_volume_batch_size: 0 } }, 'ingestion.low_volume_batch_size'],
    [{ ingestion: { high_volume_batch_size: 1_001 } }, 'ingestion.high_volume_batch_size'],
    [{ ingestion: { max_buffer_size: 0 } }, 'ingestion.max_buffer_size'],
    [{ ingestion: { medium_volume_batch_size: 1.5 } }, 'ingestion.medium_volume_batch_size'],
    [{ ingestion: { flush_interval_seconds: 0.09 } }, 'ingestion.flush_interval_seconds'],
    [{ ingestion: { flush_interval_seconds: 7 * 86_400 + 1 } }, 'ingestion.flush_interval_seconds'],
    [{ retrieval: { min_similarity: 1.1 } }, 'retrieval.min_similarity'],
    [{ retrieval: { max_injections_per_message: -1 } }, 'retrieval.max_injections_per_message'],
    [{ retrieval: { lookback_messages: 'x' } }, 'retrieval.lookback_messages'],
  ] as [object, string][])('422 for %j', async (body, path) => expectPath(await put(body), path));
  it('takes the bounds themselves, and sizes above the buffer', async () => {
    const answer = await put({
      ingestion: {
        low_volume_cutoff: 0,
        high_volume_cutoff: 0,
        high_volume_batch_size: 1_000,
        max_buffer_size: 1,
        flush_interval_seconds: 0.1,
      },
      retrieval: {
        min_similarity: 1,
        max_injections_per_message: 0,
        reinjection_cooldown_turns: 0,
        lookback_messages: 0,
      },
    });
    expect(answer.status).toBe(200);
    expect(answer.body.ingestion).toMatchObject({
      high_volume_batch_size: 1_000,
      max_buffer_size: 1,
      flush_interval_seconds: 0.1,
    });
    expect(
      (await put({ ingestion: { flush_interval_seconds: 7 * 86_400 } })).body.ingestion
        .flush_interval_seconds,
    ).toBe(604_800);
  });
});
