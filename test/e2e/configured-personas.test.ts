import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiClient, type ApiClient } from '../support/api-client';
import { startStack, type Stack } from '../support/stack';

const WEIGHTS = { semantic: 0.2, temporal: 0.1, importance: 0.3, emotional: 0.4 };
const GARDENER = {
  name: 'gardener',
  description: 'Growing plants, soil, seeds and what a garden needs',
  weights: WEIGHTS,
  examples: [
    'I sow tomatoes in March and plant them out in May.',
    'The roses have to be pruned before spring.',
    'My compost heap is finally ready for the beds.',
    'Slugs ate all my lettuce seedlings.',
    'I mulch the flower beds with straw.',
    'When should I plant tulip bulbs?',
    'The greenhouse keeps my peppers warm.',
    'I water the raspberries every evening.',
  ],
};

let folder: string;
let stack: Stack;
let api: ApiClient;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'personas-'));
  const file = join(folder, 'personas.json');
  writeFileSync(file, JSON.stringify([GARDENER, { name: 'coach', weights: WEIGHTS }]));
  stack = await startStack({ env: { PERSONAS_FILE: file, STORE_WAIT_MS: '20000' } });
  api = apiClient(stack.url);
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  rmSync(folder, { recursive: true });
}, 60_000);

it('a persona of configuration is found in what is said and asked, with its own weights; the others stay', async () => {
  const said = [
    'Yesterday I pruned the old apple tree and dug compost into the vegetable beds.',
    'The dentist pulled a tooth of mine this morning.',
  ];
  const history = said.map((content) => ({ role: 'user', content }));
  const { body } = await api.post('/v1/store', { user_id: 'rosa', history });
  const [garden, tooth] = body.memories as { id: string; persona_tags: string[] }[];
  expect(garden!.persona_tags[0]).toBe('gardener');
  expect(tooth!.persona_tags[0]).toBe('health');

  const ask = async (query: string, context: object = {}) =>
    (await api.post('/v1/retrieve', { user_id: 'rosa', query, explain: true, persona_context: context }))
      .body;
  const asked = await ask('What did I plant in the garden beds?');
  expect(asked.persona.selected).toBe('gardener');
  expect(asked.explainability.weights).toEqual(WEIGHTS);
  expect((await ask('How are my teeth?')).persona.selected).toBe('health');

  const forced = await ask('How are my teeth?', { forced_persona: 'Coach' });
  expect(forced.persona).toMatchObject({ selected: 'Coach', confidence: 1 });
  expect(forced.explainability.weights).toEqual(WEIGHTS);

  const listed = await api.get('/v1/retrieve?user_id=rosa&persona=gardener');
  expect(listed.body.results.map((one: { id: string }) => one.id)).toEqual([garden!.id]);
});
