/** The users, conversations and memories that all examples are about. */
export const USER = 'ada';
export const CONVERSATION = 'chat-7';
export const TURN = { role: 'user', content: 'I am allergic to peanuts.' } as const;
export const SAID_AT = '2026-05-08T10:00:00Z';
export const SAID_AT_TEXT = '2026-05-08T10:00:00.000Z';
export const STORED_AT = '2026-05-08T10:00:01.250Z';
export const MEMORY_ID = '41ed0da2-632d-51db-ae1a-ad59197213ec';
export const WRITTEN_ID = '91ade299-d0b4-4928-93ca-e4c52a3772a9';
export const SUMMARY_ID = 'a087024d-b746-546f-a1e5-088ff7035586';
export const SNAPSHOT_ID = 'ba70aad3-aff8-4eb0-b3b0-dafd293359e1';
export const IDS = { conversation_id: CONVERSATION, user_id: USER } as const;

/** What is told of a conversation's workflow. */
export const WORKFLOW = {
  workflow_id: `conversation:default:${USER}:${CONVERSATION}:48173c7b`,
  workflow_url: `http://localhost:8233/namespaces/default/workflows/conversation%3Adefault%3A${USER}%3A${CONVERSATION}%3A48173c7b`,
} as const;
export const STATUS_URL = `/v1/conversations/${CONVERSATION}?user_id=${USER}`;

/** A message's memory, as it is listed. */
export const ITEM = {
  id: MEMORY_ID,
  content: TURN.content,
  layer: 'short-term',
  type: 'explicit',
  score: 0,
  relevance: 0,
  metadata: {
    conversation_id: CONVERSATION,
    message_ids: ['m1'],
    message_roles: ['user'],
    batch_size: 1,
    topic: 'food',
  },
  importance: 0.6,
  persona_tags: ['health'],
  emotional_signature: null,
  created_at: SAID_AT_TEXT,
  stored_at: STORED_AT,
  source_message_ids: ['m1'],
  matches: [],
} as const;

/** The same memory as the answer to a query. */
export const FOUND = {
  ...ITEM,
  score: 0.381,
  relevance: 0.925,
  matches: [
    {
      message_id: 'm1',
      role: 'user',
      name: null,
      content: TURN.content,
      timestamp: SAID_AT_TEXT,
      score: 0.925,
    },
  ],
} as const;

/** A memory that was written by hand. */
export const WRITTEN = {
  id: WRITTEN_ID,
  content: 'Prefers window seats.',
  layer: 'semantic',
  type: 'explicit',
  score: 0,
  relevance: 0,
  metadata: { source: 'profile' },
  importance: 0.7,
  persona_tags: ['travel'],
  emotional_signature: null,
  created_at: STORED_AT,
  stored_at: STORED_AT,
  source_message_ids: [],
  matches: [],
} as const;

export const INJECTION = {
  memory_id: MEMORY_ID,
  content: TURN.content,
  source: 'short_term',
  channel: 'inline',
  score: 0.925,
  metadata: { layer: 'short-term', conversation_id: 'chat-42' },
} as const;

export const SUMMARY = {
  id: SUMMARY_ID,
  tier: 'episodic',
  persona: 'health',
  text: 'On 8 May 2026 the user and the assistant talked. The user is allergic to peanuts.',
  confidence: 0.75,
  freshness: 1,
  source_ids: [MEMORY_ID],
  from: SAID_AT_TEXT,
  to: SAID_AT_TEXT,
  created_at: STORED_AT,
} as const;
