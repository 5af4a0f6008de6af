import type { RouteExample } from '../route';
import * as world from './world';

export const health: RouteExample = { answers: { 200: { status: 'ok', time: world.STORED_AT } } };

const ok = { status: 'ok' };
const checks = { postgres: ok, temporal: ok, weaviate: ok, worker: ok, embedder: ok, llm: { status: 'off' } };

export const fullHealth: RouteExample = {
  answers: {
    200: { status: 'ok', time: world.STORED_AT, checks },
    503: {
      status: 'unhealthy',
      time: world.STORED_AT,
      checks: { ...checks, postgres: { status: 'failing', detail: 'connect ECONNREFUSED 127.0.0.1:5432' } },
    },
  },
};

const compacting = {
  job: 'compact',
  dry_run: true,
  workflow_id: 'maintenance:compact:1f0e7f0c-62f7-4d43-a9a8-0f6f1c8f0f5e',
};

export const maintenance: RouteExample = {
  body: { job: 'compact', dry_run: true, user_id: world.USER },
  answers: {
    200: { ...compacting, status: 'completed', counts: { examined: 12, merged: 2, created: 1 } },
    202: { ...compacting, status: 'running' },
  },
};

const reindexing = { scope: 'user', workflow_id: 'reindex:default:ada:1c6a0b6f' };

export const reindex: RouteExample = {
  body: { user_id: world.USER },
  answers: { 202: { ...reindexing, status_url: `/v1/reindex?scope=user&user_id=${world.USER}` } },
};

export const reindexStanding: RouteExample = {
  query: { user_id: world.USER },
  answers: {
    200: {
      ...reindexing,
      status: 'completed',
      counts: { users: 1, memories: 12, written: 12, removed: 0 },
    },
  },
};

export const metrics: RouteExample = {
  answers: {
    200: '# HELP agentic_memories_injections_total Memories put beside messages\n# TYPE agentic_memories_injections_total counter\nagentic_memories_injections_total 42\n',
  },
};
