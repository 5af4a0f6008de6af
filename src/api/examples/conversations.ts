import type { RouteExample } from '../route';
import * as world from './world';

const params = { conversation_id: world.CONVERSATION };
const query = { user_id: world.USER };
const links = { ...world.WORKFLOW, status_url: world.STATUS_URL };

const policy = {
  ingestion: {
    low_volume_cutoff: 6,
    high_volume_cutoff: 20,
    low_volume_batch_size: 1,
    medium_volume_batch_size: 3,
    high_volume_batch_size: 5,
    flush_interval_seconds: 15,
    max_buffer_size: 15,
  },
  retrieval: {
    min_similarity: 0.65,
    max_injections_per_message: 3,
    reinjection_cooldown_turns: 6,
    lookback_messages: 4,
  },
};

export const append: RouteExample = {
  params,
  body: {
    user_id: world.USER,
    messages: [
      { ...world.TURN, message_id: 'm1', timestamp: world.SAID_AT, metadata: { topic: 'food' } },
      { role: 'assistant', content: 'Noted.', message_id: 'm2', name: 'Tutor' },
    ],
  },
  answers: { 202: { accepted: 2, duplicates: 0, from_seq: 1, through_seq: 2, ...links } },
};

export const turns: RouteExample = {
  params,
  query: { ...query, limit: 2 },
  answers: {
    200: {
      ...world.IDS,
      messages: [
        {
          seq: 1,
          message_id: 'm1',
          ...world.TURN,
          name: null,
          timestamp: world.SAID_AT_TEXT,
          metadata: { topic: 'food' },
        },
        {
          seq: 2,
          message_id: 'm2',
          role: 'assistant',
          name: 'Tutor',
          content: 'Noted.',
          timestamp: world.STORED_AT,
          metadata: {},
        },
      ],
      next_before_seq: null,
    },
  },
};

export const view: RouteExample = {
  params,
  query,
  answers: {
    200: {
      ...world.IDS,
      phase: 'buffering',
      appended_through: 2,
      indexed_through: 1,
      pending: 1,
      failed: [],
      next_flush_at: '2026-05-08T10:00:16.250Z',
      volume: 'low',
      policy,
      ...world.WORKFLOW,
    },
  },
};

export const flush: RouteExample = {
  params,
  query,
  answers: {
    200: { flushed: true, through_seq: 2, ...world.IDS, ...links },
    202: { status: 'pending', flushed: false, through_seq: 2, ...world.IDS, ...links },
  },
};

export const changePolicy: RouteExample = {
  params,
  query,
  body: { ingestion: { flush_interval_seconds: 15 }, retrieval: { min_similarity: 0.65 } },
  answers: { 200: { ...policy, ...world.WORKFLOW } },
};

export const retry: RouteExample = {
  params,
  query,
  answers: {
    202: {
      retried: [{ from_seq: 1, through_seq: 2, reason: 'The embedder refuses this input.' }],
      ...world.IDS,
      ...links,
    },
  },
};

export const injections: RouteExample = {
  params: { conversation_id: 'chat-42' },
  query,
  headers: { 'last-event-id': 17 },
  answers: { 200: world.INJECTION },
};
