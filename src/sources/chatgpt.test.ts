import { brief, entriesIn, fixtureText } from '../../test/support/source-entries';
import { chatgptSource } from './chatgpt';

const USER = { user: 'ada' };
const EXPORT = fixtureText('chatgpt-conversations.json');

test('the branch that was open, in order, with ids, times, roles and names', async () => {
  const found = await entriesIn(chatgptSource, EXPORT, USER);
  expect(found.map(brief)).toEqual([
    '1 user@2024-05-08T10:01:00.750Z#u1b: How expensive is a two-room flat in Grünerløkka, Oslo? 🏠',
    '1 assistant@2024-05-08T10:01:10.125Z#a3: About 18,000 kroner a month.\nDeposits are three months’ rent.',
    '1 ~ a part that is no text (image_asset_pointer)',
    '1 user@2024-05-08T10:01:40.000Z#u2: What does this contract say?',
    '1 tool(file_search)@2024-05-08T10:01:40.000Z#t1: file_search returned 1 page',
    '1 ~ a message that is no text (code)',
    '1 assistant@2024-05-08T10:01:50.000Z#a4: It asks for 54,000 kroner up front.',
    '1 ~ a conversation without messages',
    '1 user@2023-03-28T10:40:00.000Z#x1: Which tea did I like?',
    '1 assistant@2023-03-28T10:40:20.000Z#x3: Gyokuro.',
  ]);
  expect(found[0]).toEqual({
    line: 1,
    message: {
      user_id: 'ada',
      conversation_id: '6638d0a0-1111-4aaa-8bbb-000000000001',
      message_id: 'u1b',
      role: 'user',
      content: 'How expensive is a two-room flat in Grünerløkka, Oslo? 🏠',
      timestamp: '2024-05-08T10:01:00.750Z',
      metadata: { source: 'chatgpt', title: 'Moving to Oslo' },
    },
  });
});

test('the same whatever pieces the file comes in', async () => {
  const whole = await entriesIn(chatgptSource, EXPORT, USER, EXPORT.length * 4);
  for (const pieceBytes of [1, 2, 3, 64, 1_000])
    expect(await entriesIn(chatgptSource, EXPORT, USER, pieceBytes)).toEqual(whole);
});

test('lines are those on which conversations begin', async () => {
  const found = await entriesIn(chatgptSource, JSON.stringify(JSON.parse(EXPORT), null, 2), USER);
  const begins = (title: string): number =>
    JSON.stringify(JSON.parse(EXPORT), null, 2)
      .split('\n')
      .findIndex((line) => line.includes(title));
  const lines = [...new Set(found.map((entry) => entry.line))];
  // findIndex counts from 0, and the brace stands a line before the title.
  expect(lines.slice(0, 2)).toEqual([begins('Moving to Oslo'), begins('New chat')]);
});

test('a cut-off file: everything before the cut conversation, then where it was cut', async () => {
  const found = await entriesIn(chatgptSource, EXPORT.slice(0, EXPORT.indexOf('Gyokuro')), USER);
  expect(found.filter((entry) => 'message' in entry)).toHaveLength(5);
  expect(brief(found.at(-1)!)).toBe(
    '1 ! the file is cut off: it ends in the middle of a conversation, which is left out; everything before was read',
  );
  const betweenConversations = await entriesIn(
    chatgptSource,
    EXPORT.slice(0, EXPORT.lastIndexOf('{"title"')),
    USER,
  );
  expect(brief(betweenConversations.at(-1)!)).toBe(
    '1 ! the file is cut off: it ends too early; everything before was read',
  );
});

test('broken JSON ends the file there', async () => {
  const found = await entriesIn(chatgptSource, EXPORT.replace('{"title": null', '{title: null'), USER);
  expect(found.filter((entry) => 'message' in entry)).toHaveLength(5);
  expect(brief(found.at(-1)!)).toMatch(
    /^1 ! broken JSON \(.+\): the file is not read from this conversation on$/,
  );
});

const node = (id: string, parent: string | null, text: string | null): object => ({
  id,
  parent,
  message: text && { id, author: { role: 'user' }, content: { content_type: 'text', parts: [text] } },
});

test.each([
  ['no mapping', { id: 'c' }, ['1 ! not a ChatGPT conversation: it has no `mapping`']],
  ['not an object', 7, ['1 ! not a ChatGPT conversation: it has no `mapping`']],
  [
    'a current node that was deleted: the newest leaf',
    { id: 'c', current_node: 'gone', mapping: { a: node('a', null, 'one'), b: node('b', 'a', 'two') } },
    ['1 user#a: one', '1 user#b: two'],
  ],
  [
    'a parent that was deleted: what follows it',
    { id: 'c', current_node: 'b', mapping: { b: node('b', 'gone', 'two') } },
    ['1 user#b: two'],
  ],
  [
    'a circle',
    { id: 'c', current_node: 'b', mapping: { a: node('a', 'b', 'one'), b: node('b', 'a', 'two') } },
    ['1 user#a: one', '1 user#b: two'],
  ],
  [
    'no id',
    { title: 'Lost', current_node: 'a', mapping: { a: node('a', null, 'one') } },
    ['1 ! conversation "Lost" has no conversation_id: name one with --conversation'],
  ],
  [
    'an unknown role',
    {
      id: 'c',
      current_node: 'a',
      mapping: {
        a: {
          parent: null,
          message: { author: { role: 'critic' }, content: { content_type: 'text', parts: ['Meh'] } },
        },
      },
    },
    ['1 ! a conversation, message a: unknown role "critic"'],
  ],
  [
    'speech',
    {
      id: 'c',
      current_node: 'a',
      mapping: {
        a: {
          parent: null,
          message: {
            author: { role: 'user' },
            content: {
              content_type: 'multimodal_text',
              parts: [
                { content_type: 'audio_transcription', text: 'Said aloud.' },
                { content_type: 'audio_asset_pointer' },
              ],
            },
          },
        },
      },
    },
    ['1 ~ a part that is no text (audio_asset_pointer)', '1 user#a: Said aloud.'],
  ],
])('%s', async (_, conversation, expected) => {
  const found = await entriesIn(chatgptSource, JSON.stringify([conversation]), USER);
  expect(found.map(brief)).toEqual(expected);
});

test('without a user nothing is read', async () => {
  await expect(entriesIn(chatgptSource, EXPORT)).rejects.toThrow(/--user/);
});
