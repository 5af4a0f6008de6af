import { brief, entriesIn, fixtureText } from '../../test/support/source-entries';
import { csvSource } from './csv';

const LOG = fixtureText('chat-log.csv');
const ADA = { user: 'ada', conversation: 'chat' };

test('quotes, newlines within them, CRLF, names, roles, Unix times', async () => {
  const found = await entriesIn(csvSource, LOG, { user: 'ada' });
  expect(found.map(brief)).toEqual([
    '2 user(Ada)@2024-05-08T10:00:00Z: Lunch at the usual place?\r\nOr the "new" one, by the river?',
    '4 assistant@2024-05-08T10:01:00+00:00: The river place opens at noon.',
    '5 user(Grace)@2024-05-08T10:02:00.000Z: Ça marche 👍',
    '6 ! the time "2024-05-08 10:05" has no offset: say which one is meant, for example --utc-offset +02:00',
    '7 ! the row has no text',
    '9 user(Grace)@2024-05-09T09:00:00Z: Standup in five minutes.',
  ]);
  expect(found.flatMap((entry) => ('message' in entry ? [entry.message.conversation_id] : []))).toEqual([
    'lunch',
    'lunch',
    'lunch',
    'work',
  ]);
});

test('the same whatever pieces the file comes in', async () => {
  const whole = await entriesIn(csvSource, LOG, ADA, 10_000);
  for (const pieceBytes of [1, 2, 5, 33])
    expect(await entriesIn(csvSource, LOG, ADA, pieceBytes)).toEqual(whole);
});

test('an offset for times that have none', async () => {
  const found = await entriesIn(csvSource, LOG, { user: 'ada', utcOffset: '+02:00' });
  expect(brief(found[3]!)).toBe('6 user(Ada)@2024-05-08T10:05:00+02:00: no offset here');
});

test('a file cut off within quotes: the rows before, then the row that is cut', async () => {
  const found = await entriesIn(csvSource, `text,conversation\none,a\n"two\nand`, { user: 'ada' });
  expect(found.map(brief)).toEqual([
    '2 user: one',
    '3 ! a quoted field that begins in this row is never closed: the file is cut off, or a quote is missing',
  ]);
});

test.each([
  [
    'semicolons',
    'date;author;message\n2024-01-01T00:00:00Z;Ada;one, two',
    ['2 user(Ada)@2024-01-01T00:00:00Z: one, two'],
  ],
  [
    'tabs',
    'Created At\tSender\tBody\n2024-01-01T00:00:00Z\thuman\tone',
    ['2 user@2024-01-01T00:00:00Z: one'],
  ],
  [
    'a role and a name',
    'role,name,text\nassistant,Ava,one\nuser,Ada,two',
    ['2 assistant(Ava): one', '3 user(Ada): two'],
  ],
  ['ids', 'message_id,text\n17,one', ['2 user#17: one']],
  ['quotes within unquoted fields', 'name,text\nAda,a 5" screen', ['2 user(Ada): a 5" screen']],
  [
    'too few and too many fields',
    'name,text\nAda\nAda,one,more',
    ['2 ! the row has no text', '3 user(Ada): one'],
  ],
  [
    'a day that does not exist',
    'time,text\n2024-02-30,one',
    ['2 ! the time "2024-02-30" has no offset: say which one is meant, for example --utc-offset +02:00'],
  ],
  [
    'a time of another form',
    'time,text\n5/8/24 10:00,one',
    ['2 ! the time "5/8/24 10:00" is not of the form 2024-05-08T10:00:00Z'],
  ],
  ['no rows', 'time,text\n', []],
])('%s', async (_, text, expected) => {
  expect((await entriesIn(csvSource, text, ADA)).map(brief)).toEqual(expected);
});

test('a user of its own for each row', async () => {
  const found = await entriesIn(csvSource, 'user_id,text\nada,one\n,two', { conversation: 'c' });
  expect(found).toMatchObject([
    { message: { user_id: 'ada' } },
    { problem: 'the row has no user: name one with --user' },
  ]);
});

test.each([
  ['no text', 'time,speaker\n1,2', ADA, /the columns are time, speaker/],
  ['no conversation', 'text\none', { user: 'ada' }, /--conversation/],
  ['no user', 'text\none', { conversation: 'c' }, /--user/],
])('refused as a whole: %s', async (_, text, defaults, expected) => {
  await expect(entriesIn(csvSource, text, defaults)).rejects.toThrow(expected);
});

test('what is not UTF-8 is not guessed at', async () => {
  const found = await entriesIn(csvSource, Buffer.from('text\none\nça marche', 'latin1'), ADA);
  expect(found.map(brief)).toEqual([
    '2 user: one',
    '3 ! the file is not UTF-8 from here on: save it as UTF-8',
  ]);
});
