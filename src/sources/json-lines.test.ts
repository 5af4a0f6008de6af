import { brief, entriesIn, fixtureText } from '../../test/support/source-entries';
import { ndjsonSource } from './ndjson';
import { MAX_LINE_BYTES } from './text-lines';
import { transcriptSource } from './transcript';

describe('NDJSON of messages', () => {
  const FILE = fixtureText('messages.ndjson');

  test('lines are counted as in the file; bad ones do not stop the rest', async () => {
    const found = await entriesIn(ndjsonSource, FILE);
    expect(found.map(brief)).toEqual([
      '1 user@2023-04-01T09:00:00+02:00#g1: The tomatoes are in the greenhouse now.',
      '3 assistant@2023-04-01T09:00:07+02:00#g2: Good: nights are still cold. 🍅',
      expect.stringMatching(/^4 ! not JSON \(/),
      '5 ! not a JSON object',
      '6 ! user_id is missing: add it, or say whose it is with --user',
      '7 user@2023-04-02T09:00:00Z#g3: Basil does not like cold water.',
    ]);
  });

  test('what the file says of a line is kept as it is; what it lacks is filled in', async () => {
    const found = await entriesIn(ndjsonSource, FILE, { user: 'grace', conversation: 'other' });
    expect(found[4]).toMatchObject({ message: { user_id: 'grace', conversation_id: 'garden' } });
    expect(found[0]).toEqual({ line: 1, message: JSON.parse(FILE.split('\n')[0]!) });
  });

  test('of an export the messages are taken, and what is not is told', async () => {
    const file = [
      { type: 'user', user_id: 'a', format: 1 },
      { type: 'conversation', user_id: 'a', conversation_id: 'c', policy: {} },
      {
        type: 'message',
        user_id: 'a',
        conversation_id: 'c',
        role: 'user',
        content: 'Hello',
        message_id: 'm',
      },
      { type: 'memory', user_id: 'a', tier: 'raw', memory: {} },
      { type: 'memory', user_id: 'a', tier: 'fact', memory: { id: 'x' } },
    ].map((line) => JSON.stringify(line));
    expect(await entriesIn(ndjsonSource, file.join('\n'))).toEqual([
      { line: 2, note: expect.stringContaining('policy') },
      {
        line: 3,
        message: { user_id: 'a', conversation_id: 'c', role: 'user', content: 'Hello', message_id: 'm' },
      },
      { line: 4, note: expect.stringContaining('made anew of its messages') },
      { line: 5, message: { type: 'memory', user_id: 'a', tier: 'fact', memory: { id: 'x' } } },
    ]);
  });

  test.each([
    [
      'cut off',
      '{"user_id":"a","conversation_id":"c"}\n{"user_id":"a","conv',
      [/^1 /, /^2 ! the file is cut off within this line/],
    ],
    [
      'an array of messages',
      '[{"user_id":"a"},\n{"user_id":"a","conversation_id":"c"}]',
      [/^1 ! conversation_id/, /^2 undefined/],
    ],
    [
      'not UTF-8',
      Buffer.from('"\xe9"\n7', 'latin1'),
      [/^1 ! the line is not UTF-8/, /^2 ! not a JSON object/],
    ],
    ['a transcript in a line', '{"user_id":"a","history":[]}', [/^1 undefined/]],
    ['blank lines alone', '\r\n \n\n', []],
  ])('%s', async (_, text, expected) => {
    const found = (await entriesIn(ndjsonSource, text)).map(brief);
    expect(found).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  });

  test('a line without an end does not fill the memory', async () => {
    const text = `${'x'.repeat(MAX_LINE_BYTES + 1)}\n{"user_id":"a","conversation_id":"c","role":"user"}\n`;
    const found = (await entriesIn(ndjsonSource, text, {}, 65_536)).map(brief);
    expect(found).toEqual([`1 ! the line is longer than ${MAX_LINE_BYTES} bytes`, '2 user: undefined']);
  });
});

describe('transcripts', () => {
  const EXPECTED = [
    '1 user@2022-01-05T12:00:00Z#k1: The linker drops the last subroutine.',
    '1 assistant@2022-01-05T12:00:10Z: Does its name end in a blank?',
    '2 user(Grace): We found a moth in relay 70.',
    '2 ! history.1: content is missing or blank',
    '2 ! history.2: role must be one of user, assistant, system, tool',
    '3 ! user_id is missing: add it, or say whose it is with --user',
    '4 ~ a transcript without turns',
  ];

  test('each turn is a message of its own', async () => {
    const found = await entriesIn(transcriptSource, fixtureText('transcripts.ndjson'));
    expect(found.map(brief)).toEqual(EXPECTED);
    expect(found[0]).toMatchObject({
      message: { user_id: 'grace', conversation_id: 'compiler', metadata: { project: 'A-0' } },
    });
    expect(found[2]).toMatchObject({ message: { conversation_id: 'moth' } });
    expect(found[2]).not.toHaveProperty('message.emotion');
  });

  test('a JSON array of them, and a single one over many lines', async () => {
    const lines = fixtureText('transcripts.ndjson').trim().split('\n');
    const found = await entriesIn(transcriptSource, `[${lines.join(',\n')}]`);
    expect(found.map(brief)).toEqual(EXPECTED);
    const single = await entriesIn(transcriptSource, fixtureText('transcript.json'));
    expect(single.map(brief)).toEqual(EXPECTED.slice(0, 2));
  });

  test('the conversation, as the API has it', async () => {
    const history = [{ role: 'user', content: 'Hi' }];
    const text = [{ history }, { user_id: 'ada', history }, { user_id: 'ada', history: 'Hi' }]
      .map((one) => JSON.stringify(one))
      .join('\n');
    expect(await entriesIn(transcriptSource, text, { user: 'bob' })).toMatchObject([
      { message: { user_id: 'bob', conversation_id: 'bob' } },
      { message: { user_id: 'ada', conversation_id: 'ada' } },
      { problem: 'not a transcript: it has no list `history`' },
    ]);
    const [first] = await entriesIn(transcriptSource, text, { user: 'bob', conversation: 'c' });
    expect(first).toMatchObject({ message: { conversation_id: 'c' } });
  });
});
