import { checkHealth, type HealthCheck, type HealthChecks } from './health-checks';

const well: HealthCheck = async () => undefined;
const ill: HealthCheck = () => Promise.reject(new Error('connection refused'));
const hanging: HealthCheck = () => new Promise(() => undefined);
const checks = (more: Partial<HealthChecks>): HealthChecks => ({
  postgres: well,
  temporal: well,
  weaviate: well,
  worker: well,
  embedder: well,
  llm: 'off',
  ...more,
});

it.each([
  ['everything well', {}, 'ok'],
  ['off is no defect', { embedder: 'off', llm: 'off' }, 'ok'],
  ['no worker', { worker: ill }, 'degraded'],
  ['no Temporal, no index', { temporal: ill, weaviate: ill }, 'degraded'],
  ['an embedder that hangs', { embedder: hanging }, 'degraded'],
  ['no record', { postgres: ill }, 'unhealthy'],
  ['a record that hangs', { postgres: hanging }, 'unhealthy'],
] as [string, Partial<HealthChecks>, string][])('%s', async (_, more, status) => {
  expect((await checkHealth(checks(more), 50)).status).toBe(status);
});

it('says of each part how it is', async () => {
  const health = await checkHealth(
    checks({ worker: async () => 'seen 2 s ago', weaviate: ill, temporal: hanging }),
    50,
  );
  expect(health.checks).toEqual({
    postgres: { status: 'ok' },
    temporal: { status: 'failing', detail: 'no answer within 50 ms' },
    weaviate: { status: 'failing', detail: 'connection refused' },
    worker: { status: 'ok', detail: 'seen 2 s ago' },
    embedder: { status: 'ok' },
    llm: { status: 'off' },
  });
});
