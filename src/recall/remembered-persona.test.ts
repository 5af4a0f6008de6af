import type { PersonaState } from '../record/persona-states';
import { rememberedPersona } from './remembered-persona';

const now = new Date('2026-02-01T12:00:00Z');
const state = (persona: string, source: PersonaState['source'], hoursAgo: number): PersonaState => ({
  persona,
  source,
  seenAt: new Date(now.getTime() - hoursAgo * 3_600_000),
  snapshotId: 's',
  confidence: 0.9,
  mood: null,
  active: [],
  scores: {},
  requests: 1,
  since: now,
});

it.each<[string, PersonaState[], string | null]>([
  ['nothing', [], null],
  ['the newest', [state('health', 'query', 1), state('work', 'query', 2)], 'health'],
  ['none that was forced', [state('finance', 'forced', 1), state('work', 'active', 2)], 'work'],
  ['none that nothing spoke for', [state('identity', 'default', 1)], null],
  ['nothing of yesterday', [state('health', 'query', 13)], null],
])('remembers %s', (_, states, expected) => expect(rememberedPersona(states, now)).toBe(expected));
