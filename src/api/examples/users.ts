import type { RouteExample } from '../route';
import * as world from './world';

const params = { user_id: world.USER };

export const conversations: RouteExample = {
  params,
  query: { limit: 1 },
  answers: {
    200: {
      user_id: world.USER,
      conversations: [
        {
          conversation_id: world.CONVERSATION,
          appended_through: 2,
          indexed_through: 2,
          created_at: world.STORED_AT,
          updated_at: world.STORED_AT,
          ...world.WORKFLOW,
          status_url: world.STATUS_URL,
        },
      ],
      next_cursor: 'WyIyMDI2LTA1LTA4IDEwOjAwOjAxLjI1KzAwIiwiY2hhdC03Il0',
    },
  },
};

export const exported: RouteExample = {
  params,
  answers: {
    200: {
      type: 'message',
      ...world.IDS,
      message_id: 'm1',
      ...world.TURN,
      timestamp: world.ITEM.created_at,
      metadata: { topic: 'food' },
    },
  },
};

export const erase: RouteExample = {
  params,
  answers: {
    202: {
      user_id: world.USER,
      status: 'erasing',
      writes_refused_until: '2026-05-09T10:00:01.250Z',
      workflow_id: 'erase:5f0c6d6c9d3b4d1f8a57e21c0d9b7a46',
    },
  },
};

export const summaries: RouteExample = {
  params,
  query: { tier: 'episodic', persona: 'health' },
  answers: { 200: { user_id: world.USER, summaries: [world.SUMMARY] } },
};

export const narrative: RouteExample = {
  body: { user_id: world.USER, start_time: '2026-05-01T00:00:00Z', limit: 5 },
  answers: {
    200: {
      user_id: world.USER,
      narrative: world.SUMMARY.text,
      summary: 'The user is allergic to peanuts.',
      sources: [
        {
          statement: 'The user is allergic to peanuts.',
          source_ids: [world.MEMORY_ID],
          said_at: world.ITEM.created_at,
        },
      ],
    },
  },
};

export const persona: RouteExample = {
  params,
  answers: {
    200: {
      user_id: world.USER,
      selected: 'health',
      confidence: 0.997,
      state_snapshot_id: world.SNAPSHOT_ID,
      mood: 'worried',
      evidence: [
        {
          persona: 'health',
          memories: 1,
          first: 1,
          by_language_model: 0,
          confidence: 0.994,
          last_at: world.ITEM.created_at,
          memory_ids: [world.MEMORY_ID],
        },
      ],
      shifts: [
        {
          state_snapshot_id: world.SNAPSHOT_ID,
          persona: 'health',
          confidence: 0.997,
          source: 'query',
          mood: 'worried',
          active_personas: ['health'],
          scores: { health: 0.997 },
          requests: 1,
          since: world.STORED_AT,
          seen_at: world.STORED_AT,
        },
      ],
    },
  },
};
