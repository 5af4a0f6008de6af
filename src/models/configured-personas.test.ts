import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPersonas } from './configured-personas';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'personas-'))));
afterAll(() => rmSync(folder, { recursive: true }));
const read = (content: string) => {
  const file = join(folder, 'personas.json');
  writeFileSync(file, content);
  return readPersonas(file);
};
const weights = { semantic: 0.4, temporal: 0.2, importance: 0.2, emotional: 0.2 };

describe('personas of configuration', () => {
  it('are none without a file', () => expect(readPersonas('')).toEqual([]));

  it('have a description among their examples, and weights', () => {
    const file = JSON.stringify([
      { name: 'gardener', description: 'Plants and soil', weights, examples: ['I sow tomatoes.'] },
      { name: 'coach' },
    ]);
    expect(read(file)).toEqual([
      { persona: 'gardener', weights, examples: ['Plants and soil', 'I sow tomatoes.'] },
      { persona: 'coach', weights: undefined, examples: [] },
    ]);
  });

  it.each<[string, RegExp]>([
    ['no json', /cannot be read as JSON/],
    ['{}', /expected array/],
    ['[{"name": "none"}]', /0\.name: must not be/],
    ['[{"name": "a", "colour": "red"}]', /0: Unrecognized key/],
    ['[{"name": "a"}, {"name": "A"}]', /names must differ/],
    [JSON.stringify([{ name: 'a', weights: { ...weights, semantic: 0.9 } }]), /0\.weights: must add up to 1/],
  ])('are refused as %s', (content, message) => expect(() => read(content)).toThrow(message));

  it('are refused where there is no such file', () => {
    expect(() => readPersonas(join(folder, 'absent.json'))).toThrow(/PERSONAS_FILE.*absent\.json/);
  });
});
