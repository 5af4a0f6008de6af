import type { RouteExample } from '../route';
import * as world from './world';

const params = { memory_id: world.WRITTEN_ID };
const query = { user_id: world.USER };

export const write: RouteExample = {
  body: {
    user_id: world.USER,
    content: world.WRITTEN.content,
    importance: 0.7,
    persona_tags: ['travel'],
    metadata: { source: 'profile' },
  },
  answers: { 201: world.WRITTEN },
};

export const read: RouteExample = { params, query, answers: { 200: world.WRITTEN } };

export const change: RouteExample = {
  params,
  query,
  body: { content: 'Prefers aisle seats.', importance: 0.9 },
  answers: { 200: { ...world.WRITTEN, content: 'Prefers aisle seats.', importance: 0.9 } },
};

export const remove: RouteExample = {
  params,
  query,
  answers: { 200: { id: world.WRITTEN_ID, deleted: true } },
};

export const context: RouteExample = {
  body: {
    user_id: world.USER,
    query: 'What can I cook for her?',
    conversation_id: 'chat-42',
    max_tokens: 300,
  },
  answers: {
    200: {
      context:
        'Who they are:\nAllergic to peanuts.\n\nWhat was said:\nFri, 8 May 2026\nuser: I am allergic to peanuts.',
      tokens: 31,
      sources: [{ memory_id: world.MEMORY_ID, message_ids: ['m1'] }],
    },
  },
};
