import { asksBroadly } from './broad-question';

it.each([
  ["What's been going on with the bakery?", true],
  ['what has been happening lately', true],
  ['What is new with my mother?', true],
  ['How have I been?', true],
  ['How has my back been?', true],
  ['How did things go with the move?', true],
  ['How has the bakery been?', true],
  ['How is the new job going?', true],
  ['How are you doing?', false],
  ['How is butter made?', false],
  ['Tell me about my year', true],
  ['Catch me up on the house', true],
  ['Can you give me a summary of our trip?', true],
  ['What has Mila been up to?', true],
  ['When did I start violin lessons?', false],
  ['How have you been?', false],
  ['How did we meet?', false],
  ['What is my rent?', false],
  ['Tell me a joke', false],
  ['Remind me to call Ana', false],
  ['How many moons does Jupiter have?', false],
  ['Summer was lovely', false],
  ['ok thanks', false],
])('%s: %s', (text, expected) => {
  expect(asksBroadly(text)).toBe(expected);
});
