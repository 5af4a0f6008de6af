import type { RouteExample } from '../route';

const MEMORY_ID = '7d0f4b64-0c0e-5d0b-9a8f-3a3f0f6a5b11';
const EVENT_ID = 'WyJhbGljZSIsInJ1bi0xIixbWzEsMV1dXQ';
const params = { memory_id: MEMORY_ID };
const SAID = 'I moved to Austin last month.';
const CHANGED = 'Lives in Dallas.';

const memory = {
  id: MEMORY_ID,
  memory: SAID,
  user_id: 'alice',
  agent_id: 'tutor',
  app_id: null,
  run_id: 'run-1',
  session_id: 'run-1',
  metadata: { topic: 'home' },
  categories: ['identity'],
  created_at: '2026-05-08T10:00:00.000Z',
  updated_at: '2026-05-08T10:00:01.250Z',
  expiration_date: null,
};
const added = { id: MEMORY_ID, event: 'ADD', memory: SAID, data: { memory: SAID } };
const page = { count: 1, next: null, previous: null };

export const add: RouteExample = {
  body: {
    messages: [{ role: 'user', content: SAID }],
    user_id: 'alice',
    agent_id: 'tutor',
    run_id: 'run-1',
    metadata: { topic: 'home' },
    timestamp: 1_778_234_400,
  },
  answers: {
    200: {
      status: 'SUCCEEDED',
      event_id: EVENT_ID,
      message: 'Memories stored successfully',
      results: [added],
    },
  },
};

export const search: RouteExample = {
  body: { query: 'Where do I live?', filters: { user_id: 'alice' }, top_k: 5 },
  answers: { 200: { results: [{ ...memory, score: 0.386 }] } },
};

export const list: RouteExample = {
  query: { page: 1, page_size: 50 },
  body: { filters: { AND: [{ user_id: 'alice' }, { run_id: 'run-1' }] } },
  answers: { 200: { ...page, results: [memory] } },
};

export const get: RouteExample = { params, answers: { 200: memory } };

export const update: RouteExample = {
  params,
  body: { text: CHANGED, metadata: { topic: 'moved' } },
  answers: { 200: { ...memory, memory: CHANGED, metadata: { topic: 'moved' } } },
};

export const remove: RouteExample = {
  params,
  answers: { 200: { message: 'Memory deleted successfully!' } },
};

const entry = {
  memory_id: MEMORY_ID,
  input: [{ role: 'user', content: SAID }],
  user_id: 'alice',
  metadata: {},
  categories: ['identity'],
  created_at: memory.updated_at,
  updated_at: memory.updated_at,
};

export const history: RouteExample = {
  params,
  answers: {
    200: [
      { ...entry, id: `${MEMORY_ID}:1`, old_memory: null, new_memory: SAID, event: 'ADD' },
      { ...entry, id: `${MEMORY_ID}:2`, old_memory: SAID, new_memory: CHANGED, event: 'UPDATE' },
    ],
  },
};

export const batchUpdate: RouteExample = {
  body: { memories: [{ memory_id: MEMORY_ID, text: CHANGED }] },
  answers: { 200: { message: 'Successfully updated 1 memories' } },
};

export const batchDelete: RouteExample = {
  body: { memories: [{ memory_id: MEMORY_ID }] },
  answers: { 200: { message: 'Successfully deleted 1 memories' } },
};

export const entities: RouteExample = {
  query: { page: 1, page_size: 50 },
  answers: {
    200: {
      ...page,
      results: [
        {
          id: 'alice',
          name: 'alice',
          type: 'user',
          total_memories: 1,
          owner: 'default',
          metadata: {},
          created_at: memory.updated_at,
          updated_at: memory.updated_at,
        },
      ],
    },
  },
};

export const deleteEntity: RouteExample = {
  params: { entity_type: 'user', entity_id: 'alice' },
  answers: { 200: { message: 'Entity deleted successfully!' } },
};

export const deleteAll: RouteExample = {
  query: { user_id: 'alice', run_id: 'run-1' },
  answers: { 200: { message: 'Memories deleted successfully! (1)' } },
};

export const ping: RouteExample = {
  answers: { 200: { status: 'ok', org_id: 'default', project_id: 'default' } },
};

export const event: RouteExample = {
  params: { event_id: EVENT_ID },
  answers: {
    200: { id: EVENT_ID, event_type: 'ADD', status: 'SUCCEEDED', results: [added], error: null },
  },
};
