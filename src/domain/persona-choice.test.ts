import { choosePersona, type PersonaPriors } from './persona-choice';
import { personaTags, swayed, type PersonaReading } from './persona-tags';

const reading = (scores: Record<string, number>, none = 0): PersonaReading => ({
  scores: new Map(Object.entries({ finance: 0, health: 0, work: 0, identity: 0, ...scores })),
  none,
});
const clear = reading({ health: 0.95, work: 0.05 });
const torn = reading({ health: 0.4, work: 0.5 }, 0.1);
const unclear = reading({ health: 0.1, work: 0.1 }, 0.8);

describe('the persona of a request', () => {
  it.each<
    [string, PersonaReading | null, PersonaPriors, { selected: string; source: string; confidence?: number }]
  >([
    [
      'is forced',
      clear,
      { forced: 'wizard', active: ['work'] },
      { selected: 'wizard', source: 'forced', confidence: 1 },
    ],
    ['is that of a clear question', clear, {}, { selected: 'health', source: 'query', confidence: 0.95 }],
    ['is not caged by active ones', clear, { active: ['finance'] }, { selected: 'health', source: 'query' }],
    ['is swayed by active ones', torn, { active: ['health'] }, { selected: 'health', source: 'active' }],
    [
      'follows active ones when unclear',
      unclear,
      { active: ['finance'] },
      { selected: 'finance', source: 'active' },
    ],
    [
      'follows active ones nobody classifies',
      unclear,
      { active: ['partner'] },
      { selected: 'partner', source: 'active' },
    ],
    [
      'knows active ones however written',
      unclear,
      { active: ['Health'] },
      { selected: 'health', source: 'active' },
    ],
    [
      'is remembered when unclear',
      unclear,
      { remembered: 'work' },
      { selected: 'work', source: 'remembered' },
    ],
    [
      'is not remembered against a clear question',
      clear,
      { remembered: 'work' },
      { selected: 'health', source: 'query' },
    ],
    [
      'is the default when unclear',
      unclear,
      {},
      { selected: 'identity', source: 'default', confidence: 0.8 },
    ],
    [
      'is the first active one without a question',
      null,
      { active: ['work', 'health'] },
      { selected: 'work', source: 'active' },
    ],
    [
      'is remembered without a question',
      null,
      { remembered: 'work' },
      { selected: 'work', source: 'remembered' },
    ],
    ['is the default without anything', null, {}, { selected: 'identity', source: 'default', confidence: 0 }],
  ])('%s', (_, read, priors, expected) => expect(choosePersona(read, priors)).toMatchObject(expected));

  it('has scores that add up to 1', () => {
    for (const priors of [{}, { active: ['work', 'partner'] }, { remembered: 'health' }]) {
      const { scores } = choosePersona(torn, priors);
      expect(Object.values(scores).reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 2);
    }
  });
});

describe('the tags of a memory', () => {
  const tags = (...args: Parameters<typeof personaTags>) => personaTags(...args).map((tag) => tag.persona);
  it('are the probable personas, the surest first', () => {
    expect(tags([{ reading: torn, weight: 1 }], null)).toEqual(['work', 'health']);
    expect(tags([{ reading: clear, weight: 1 }], null)).toEqual(['health']);
  });
  it('are the default where nothing is', () => {
    expect(tags([{ reading: unclear, weight: 1 }], null)).toEqual(['identity']);
    expect(tags([], null)).toEqual(['identity']);
  });
  it('have those of single turns, and weigh turns', () => {
    const work = reading({ work: 0.9, health: 0.1 });
    const many = [work, work, work, work].map((one) => ({ reading: one, weight: 1 }));
    expect(tags([...many, { reading: clear, weight: 0.5 }], null)).toEqual(['work', 'health']);
    expect(
      tags(
        [
          { reading: work, weight: 0.1 },
          { reading: clear, weight: 1 },
        ],
        null,
      )[0],
    ).toBe('health');
  });
  it('follow active personas where the text is unclear, and keep what it clearly is', () => {
    const swayedTags = (read: PersonaReading, active: string[]) =>
      tags([{ reading: swayed(read, active), weight: 1 }], null);
    expect(swayedTags(unclear, ['partner'])).toEqual(['partner']);
    expect(swayedTags(unclear, ['Finance'])).toEqual(['finance']);
    expect(swayedTags(clear, ['finance'])).toEqual(['health']);
    expect(swayedTags(torn, ['health'])[0]).toBe('health');
    expect(swayedTags(unclear, [])).toEqual(['identity']);
  });
  it('begin with what is forced', () => {
    expect(personaTags([{ reading: clear, weight: 1 }], 'wizard')).toEqual([
      { persona: 'wizard', confidence: 1 },
      { persona: 'health', confidence: 0.95 },
    ]);
    expect(tags([{ reading: clear, weight: 1 }], 'health')).toEqual(['health']);
  });
});
