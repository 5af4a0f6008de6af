import type { RouteExample } from '../route';
import * as world from './world';

const summary = '1 message stored, 1 memory created, 0 duplicates avoided.';
const counts = { duplicates_avoided: 0, updates_made: 0, existing_memories_checked: 0 };

export const store: RouteExample = {
  body: {
    user_id: world.USER,
    conversation_id: world.CONVERSATION,
    history: [{ ...world.TURN, message_id: 'm1', timestamp: world.SAID_AT }],
    metadata: { topic: 'food' },
  },
  answers: {
    200: {
      memories_created: 1,
      ids: [world.MEMORY_ID],
      summary,
      memories: [world.ITEM],
      ...counts,
      conversation_id: world.CONVERSATION,
      ...world.WORKFLOW,
    },
    202: {
      status: 'pending',
      memories_created: 0,
      ids: [],
      memories: [],
      summary: '1 message stored; indexing goes on.',
      status_url: world.STATUS_URL,
      ...counts,
      conversation_id: world.CONVERSATION,
      ...world.WORKFLOW,
    },
  },
};

export const retrieveList: RouteExample = {
  query: { user_id: world.USER, query: 'What am I allergic to?', limit: 5 },
  answers: {
    200: {
      results: [world.FOUND],
      pagination: { limit: 5, offset: 0, total: 1 },
      finance: {
        portfolio: {
          user_id: world.USER,
          holdings: [
            {
              ticker: 'ACME',
              shares: 10,
              price: 42,
              currency: 'USD',
              action: 'buy',
              updated_at: world.STORED_AT,
              memory_ids: ['57c37d6c-e62b-5cca-9f11-60a04cb3012d'],
            },
          ],
          total_holdings: 1,
        },
        goals: [],
      },
    },
  },
};

export const retrieve: RouteExample = {
  body: {
    user_id: world.USER,
    query: 'What am I allergic to?',
    limit: 5,
    persona_context: { active_personas: ['health'], mood: 'worried' },
    granularity: 'episodic',
    include_narrative: true,
    explain: true,
    where: { or: [{ persona: 'health' }, { metadata: { topic: 'food' } }] },
  },
  answers: {
    200: {
      persona: { selected: 'health', confidence: 0.997, state_snapshot_id: world.SNAPSHOT_ID },
      results: {
        granularity: 'episodic',
        memories: [world.FOUND],
        summaries: [world.SUMMARY],
        narrative: world.SUMMARY.text,
      },
      explainability: {
        weights: { semantic: 0.25, temporal: 0.25, importance: 0.25, emotional: 0.25 },
        source_links: [
          {
            id: world.MEMORY_ID,
            score: 0.381,
            semantic: 0.231,
            temporal: 0.011,
            importance: 0.139,
            emotional: 0,
            keyword: 0.53,
            reason: 'is close to the query in words and meaning; important: a personal fact',
          },
        ],
      },
    },
  },
};

const asked = { conversation_id: 'chat-42', metadata: { user_id: world.USER } };
const chat42 = { workflow_id: `conversation:default:${world.USER}:chat-42:ccdb37a7` };

export const streamMessage: RouteExample = {
  body: { ...asked, role: 'user', content: 'Which snacks can I have?', message_id: 'q1', flush: true },
  answers: {
    200: {
      injections: [world.INJECTION],
      conversation_id: 'chat-42',
      message_id: 'q1',
      seq: 1,
      duplicate: false,
      flushed: true,
      ...chat42,
    },
  },
};

export const streamTranscript: RouteExample = {
  body: {
    user_id: world.USER,
    conversation_id: 'chat-42',
    history: [
      { role: 'user', content: 'Which snacks can I have?', message_id: 'q1' },
      { role: 'assistant', content: 'Anything without peanuts.', message_id: 'q2' },
    ],
  },
  answers: {
    200: {
      injections: [world.INJECTION],
      conversation_id: 'chat-42',
      user_id: world.USER,
      accepted: 2,
      duplicates: 0,
      from_seq: 1,
      through_seq: 2,
      flushed: true,
      ...chat42,
    },
  },
};

export const topInjections: RouteExample = {
  body: { ...asked, query: 'allergies', limit: 5 },
  answers: { 200: { injections: [world.INJECTION] } },
};
