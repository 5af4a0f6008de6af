import {
  MAX_KNOWN_CHARS,
  MAX_KNOWN_SHOWN,
  MAX_PROMPT_CHARS,
  WINDOW_MESSAGES,
  acceptExtraction,
  extractionPrompt,
  type ProposedFact,
} from './extraction';
import type { Turn } from './message';

const turn = (seq: number, content: string, role: Turn['role'] = 'user'): Turn => ({
  seq,
  messageId: `m${seq}`,
  role,
  name: null,
  content,
  timestamp: new Date('2026-05-01T10:00:00Z'),
  storedAt: new Date('2026-05-01T10:00:00Z'),
  metadata: {},
  forcedPersona: null,
});
const proposed = (change: Partial<ProposedFact> = {}): ProposedFact => ({
  content: 'Ada has a cat.',
  layer: 'semantic',
  type: 'explicit',
  importance: 0.5,
  personas: ['Identity'],
  affect: null,
  holding: null,
  valid_from: null,
  messages: [1],
  action: 'new',
  known: null,
  ...change,
});
const TURNS = [turn(11, 'I have a cat'), turn(12, 'I own 3 shares of ACME', 'assistant')];
const KNOWN = [{ id: 'k1', content: 'Ada has a dog.' }];
const termsOf = (text: string): string[] => text.toLowerCase().match(/\w{3,}/g) ?? [];
const accept = (...facts: ProposedFact[]) => acceptExtraction(facts, TURNS, KNOWN, termsOf);

describe('the prompt', () => {
  it('numbers what it shows, and stays within its limit whatever was said', () => {
    expect(extractionPrompt(TURNS, KNOWN)).toContain('K1: Ada has a dog.');
    expect(extractionPrompt(TURNS, KNOWN)).toContain('M1 2026-05-01T10:00Z user: I have a cat');
    const long = Array.from({ length: WINDOW_MESSAGES }, (_, i) =>
      turn(i + 1, `line\n${'x'.repeat(32_000)}`),
    );
    const known = Array.from({ length: MAX_KNOWN_SHOWN }, (_, i) => ({
      id: String(i),
      content: 'y'.repeat(MAX_KNOWN_CHARS * 3),
    }));
    for (const unsure of [null, `Unsure, of ${'persona '.repeat(4_000)}: U1 M1`]) {
      const prompt = extractionPrompt(long, known, unsure);
      expect(prompt.length).toBeLessThanOrEqual(MAX_PROMPT_CHARS);
      expect(prompt.match(/^M\d+ /gm)).toHaveLength(WINDOW_MESSAGES);
    }
  });

  it('asks for personas before the messages, on one line', () => {
    expect(extractionPrompt(TURNS, KNOWN, 'Unsure, of work: U1 M1')).toMatch(
      /^K1: .*\n\nUnsure, of work: U1 M1\n\nMessages:\nM1 /m,
    );
  });
});

describe('what is kept of a proposal', () => {
  it.each([
    ['a fact of a message', proposed(), 1],
    ['one that names no message', proposed({ messages: [] }), 0],
    ['one that names a message that was not shown', proposed({ messages: [3, 0, -1] }), 0],
    ['one that its message says nothing of', proposed({ content: 'Bob plays chess.' }), 0],
    ['blank', proposed({ content: '  ' }), 0],
  ])('%s', (_, fact, kept) => {
    expect(accept(fact).facts).toHaveLength(kept);
  });

  it('says it once, with its sources in order', () => {
    const { facts } = accept(proposed({ messages: [2, 1, 1] }), proposed({ content: 'ada has a CAT.' }));
    expect(facts).toHaveLength(1);
    expect(facts[0]).toMatchObject({ personaTags: ['identity'], supersedes: null });
    expect(facts[0]!.sources.map((one) => one.seq)).toEqual([11, 12]);
  });

  it('what is known is counted, what is newer takes its place, the last word once', () => {
    expect(accept(proposed({ action: 'same', known: 1 }))).toEqual({ facts: [], duplicates: 1 });
    const { facts } = accept(
      proposed({ action: 'updates', known: 1 }),
      proposed({ content: 'Ada has a cat and no dog.', action: 'contradicts', known: 1 }),
      proposed({ content: 'Ada has a cat now.', action: 'updates', known: 7 }),
    );
    expect(facts.map((fact) => fact.supersedes)).toEqual([null, 'k1', null]);
  });

  it('holdings come from users alone; no feeling is null', () => {
    const holding = {
      ticker: 'ACME',
      asset: null,
      shares: 3,
      price: null,
      currency: null,
      action: 'hold' as const,
    };
    const affect = { valence: 0.1, arousal: 0.5, emotion: 'calm', intensity: 0.1 };
    expect(
      accept(proposed({ content: 'Ada owns shares.', messages: [2], holding })).facts[0]!.portfolio,
    ).toBeNull();
    expect(accept(proposed({ holding, affect })).facts[0]).toMatchObject({
      portfolio: { ticker: 'ACME', shares: 3, action: 'hold' },
      emotionalSignature: null,
    });
  });
});
