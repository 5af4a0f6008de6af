import type { RouteExample } from '../route';
import * as world from './world';

const IMPORT_ID = '3c1f6f0e-5a0b-4f57-9f0b-0c2f4d1f7e21';
const params = { import_id: IMPORT_ID };
const links = { workflow_id: `import:${IMPORT_ID}`, status_url: `/v1/imports/${IMPORT_ID}` };
const counted = { lines: 3, messages: 4, accepted: 2, duplicates: 1, rejected: 1 };

const running = {
  import_id: IMPORT_ID,
  status: 'running',
  totals: { ...counted, indexed: 1, failed: 0, pending: 1 },
  rate_per_second: 250,
  seconds_left: 1,
  waiting_for: null,
  created_at: world.STORED_AT,
  finished_at: null,
  ...links,
};

export const receive: RouteExample = {
  query: { on_error: 'continue' },
  body: {
    user_id: world.USER,
    conversation_id: world.CONVERSATION,
    ...world.TURN,
    message_id: 'm1',
    timestamp: world.SAID_AT,
  },
  answers: { 202: { import_id: IMPORT_ID, ...counted, ...links } },
};

export const list: RouteExample = {
  query: { limit: 1 },
  answers: { 200: { imports: [running], next_cursor: null } },
};

export const view: RouteExample = { params, answers: { 200: running } };

export const rejections: RouteExample = {
  params,
  answers: { 200: { line: 3, reason: 'role: must be one of user, assistant, system, tool' } },
};

export const pause: RouteExample = {
  params,
  answers: { 200: { ...running, status: 'paused', waiting_for: 'someone to resume it' } },
};

export const resume: RouteExample = { params, answers: { 200: running } };

export const cancel: RouteExample = {
  params,
  answers: {
    200: {
      ...running,
      status: 'cancelled',
      totals: { ...counted, indexed: 1, failed: 1, pending: 0 },
      seconds_left: null,
      finished_at: '2026-05-08T10:00:02.500Z',
    },
  },
};
