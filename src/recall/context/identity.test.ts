import { statements } from './identity';

type Turn = Parameters<typeof statements>[0][number];
const turn = (content: string, more: Partial<Turn> = {}): Turn => ({
  seq: 1,
  role: 'user',
  content,
  saidAt: new Date('2023-05-08T10:00:00Z'),
  memoryId: 'm',
  recorded: { messageId: content },
  ...more,
});
const said = (...turns: Turn[]): string[] => statements(turns).map((line) => line.text);

it.each([
  ['Hi! My name is Ana. How are you?', ['- My name is Ana.']],
  ['I live in Porto these days.', ['- I live in Porto these days.']],
  ['I’m a nurse, and I like tea.', ['- I’m a nurse, and I like tea.']],
  ['I am allergic to nuts.', ['- I am allergic to nuts.']],
  ['My husband is from Chile.', ['- My husband is from Chile.']],
  ["I'm a bit tired.", []],
  ['Am I a nurse?', []],
  ['I am a nurse, am I not?', []],
  ['The weather is fine.', []],
])('%j → %j', (content, lines) => {
  expect(said(turn(content))).toEqual(lines);
});

it('listens to the user alone, the newest first, each sentence once', () => {
  expect(
    said(
      turn('I live in Porto.'),
      turn('I live in Rome.', { saidAt: new Date('2024-01-01T00:00:00Z') }),
      turn('I live in rome.', { saidAt: new Date('2022-01-01T00:00:00Z') }),
      turn('I live in a data centre.', { role: 'assistant' }),
    ),
  ).toEqual(['- I live in Rome.', '- I live in Porto.']);
});
