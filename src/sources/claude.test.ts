import { brief, entriesIn, fixtureText } from '../../test/support/source-entries';
import { claudeSource } from './claude';

const USER = { user: 'ada' };
const EXPORT = fixtureText('claude-conversations.json');

test('conversations in order, with ids, times and roles', async () => {
  const found = await entriesIn(claudeSource, EXPORT, USER);
  expect(found.map(brief)).toEqual([
    '2 user@2024-06-01T08:00:00.123456Z#m1: My starter is called Brünnhilde.',
    '2 ~ a part that is no text (thinking)',
    '2 ~ a part that is no text (tool_use)',
    '2 ~ a part that is no text (tool_result)',
    '2 assistant@2024-06-01T08:00:05.000000Z#m2: A fine name!\nFeed her twice a day.',
    '2 ~ an attachment',
    '2 user@2024-06-01T08:01:00.000000Z#m4: And at night?',
    '2 assistant@2024-06-01T08:02:09.000000Z#m5: Once is enough.',
    expect.stringMatching(/^\d+ ~ a conversation without messages$/),
    expect.stringMatching(/^\d+ user@2025-06-03T08:01:00.000000Z#e3: Where do puffins nest in Norway\?$/),
    expect.stringMatching(/^\d+ assistant@2025-06-03T08:01:04.000000Z#e4: On Runde and Røst\.$/),
  ]);
  expect(found[0]).toMatchObject({
    message: {
      user_id: 'ada',
      conversation_id: 'c1a0de00-0000-4000-8000-000000000001',
      metadata: { source: 'claude', title: 'Sourdough' },
    },
  });
});

test('a conversation begins on the line of its brace', async () => {
  const lines = EXPORT.split('\n');
  const found = await entriesIn(claudeSource, EXPORT, USER);
  for (const line of new Set(found.map((entry) => entry.line))) {
    expect(lines[line - 1]).toBe('  {');
    expect(lines[line]).toContain('"uuid"');
  }
});

test('CRLF changes nothing', async () => {
  const unix = await entriesIn(claudeSource, EXPORT, USER);
  expect(await entriesIn(claudeSource, EXPORT.replaceAll('\n', '\r\n'), USER)).toEqual(unix);
});

test('a cut-off file: everything before, then where it was cut', async () => {
  const found = await entriesIn(claudeSource, EXPORT.slice(0, EXPORT.indexOf('Where do puffins')), USER);
  expect(found.filter((entry) => 'message' in entry)).toHaveLength(4);
  expect(found.at(-1)).toMatchObject({ problem: expect.stringContaining('cut off') });
});

const message = { uuid: 'm', sender: 'human', text: 'Hi', created_at: '2024-01-01T00:00:00Z' };

test.each([
  ['no chat_messages', { uuid: 'c' }, ['1 ! not a Claude conversation: it has no `chat_messages`']],
  [
    'an unknown sender',
    { uuid: 'c', name: 'Odd', chat_messages: [{ ...message, sender: 'ghost' }] },
    ['1 ! conversation "Odd", message m: unknown sender "ghost"'],
  ],
  [
    'a message that is null',
    { uuid: 'c', chat_messages: [null, message] },
    ['1 ! a conversation, chat_messages.0: not a JSON object', '1 user@2024-01-01T00:00:00Z#m: Hi'],
  ],
  [
    'content null: its text',
    { uuid: 'c', chat_messages: [{ ...message, content: null }] },
    ['1 user@2024-01-01T00:00:00Z#m: Hi'],
  ],
  [
    'no times at all',
    { uuid: 'c', chat_messages: [{ ...message, created_at: undefined }] },
    ['1 user#m: Hi'],
  ],
  ['no uuid', { chat_messages: [message] }, ['1 ! a conversation has no uuid: name one with --conversation']],
  [
    'the leaf that was open',
    {
      uuid: 'c',
      current_leaf_message_uuid: 'b',
      chat_messages: [
        { ...message, uuid: 'a', text: 'root', parent_message_uuid: 'none' },
        { ...message, uuid: 'b', text: 'kept', parent_message_uuid: 'a' },
        { ...message, uuid: 'c', text: 'dropped', parent_message_uuid: 'a' },
      ],
    },
    ['1 user@2024-01-01T00:00:00Z#a: root', '1 user@2024-01-01T00:00:00Z#b: kept'],
  ],
])('%s', async (_, conversation, expected) => {
  const found = await entriesIn(claudeSource, JSON.stringify([conversation]), USER);
  expect(found.map(brief)).toEqual(expected);
});
