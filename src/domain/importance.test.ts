import { importanceOf } from './importance';
import type { Role } from './message';

const said = (content: string, role: Role = 'user'): { role: Role; content: string }[] => [{ role, content }];
const reasons = (content: string, smallTalk = 0): string[] =>
  importanceOf(said(content), null, smallTalk).parts.map((part) => part.reason);

describe('importance', () => {
  it.each<[string, string[]]>([
    ['My name is Jonas and I live in Toulouse.', ['a personal fact']],
    ['I decided to leave the firm.', ['a decision']],
    ['My goal is to run a marathon by 2027.', ['a goal', 'a number or a date']],
    ['Do you like jazz or rather rock music?', ['only a question']],
    ['ok', ['hardly anything said']],
  ])('%s', (text, expected) => expect(reasons(text)).toEqual(expected));

  it('orders what matters above what does not', () => {
    const of = (text: string, smallTalk = 0): number => importanceOf(said(text), null, smallTalk).importance;
    expect(of('I decided to sell my house for 300,000 euros.')).toBeGreaterThan(
      of('I like jazz a lot, you know.'),
    );
    expect(of('I like jazz a lot, you know.')).toBeGreaterThan(of('Do you like jazz a lot?'));
    expect(of('Do you like jazz a lot?')).toBeGreaterThan(of('Thanks a lot, bye!', 0.9));
  });

  it('is its parts, added up within bounds', () => {
    const felt = { valence: -0.9, arousal: 0.8, emotion: 'fear', intensity: 0.9 };
    const { importance, parts } = importanceOf(said('I was diagnosed with asthma on 3 May.'), felt, 0);
    expect(parts).toContainEqual({ reason: 'felt (fear)', weight: expect.closeTo(0.18) });
    expect(importance).toBeCloseTo(0.35 + parts.reduce((sum, part) => sum + part.weight, 0), 3);
    expect(importanceOf(said('bye'), null, 1).importance).toBeGreaterThanOrEqual(0.05);
  });

  it('counts what the assistant says less', () => {
    const text = 'You have decided to sell 10 shares.';
    expect(importanceOf(said(text, 'assistant'), null, 0).importance).toBeLessThan(
      importanceOf(said(text), null, 0).importance,
    );
  });
});
