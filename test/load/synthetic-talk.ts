const WHO = [
  'my sister',
  'the neighbour',
  'our landlord',
  'Marta',
  'the coach',
  'an old friend',
  'my manager',
  'Grandpa',
];
const DID = ['bought', 'lost', 'painted', 'repaired', 'sold', 'borrowed', 'photographed', 'dreamt of'];
const WHAT = [
  'a canoe',
  'the violin',
  'three tomato plants',
  'a used camper',
  'the blue bicycle',
  'a map of Lisbon',
  'the piano',
  'some index funds',
  'a beehive',
  'the telescope',
];
const WHEN = [
  'last summer',
  'on Tuesday',
  'before the wedding',
  'during the storm',
  'in March',
  'after the exam',
  'yesterday',
];
const WHY = [
  'to feel less alone',
  'because it was cheap',
  'for the school play',
  'as a surprise',
  'to save money for the house',
];

const pick = (list: readonly string[], i: number): string => list[i % list.length]!;

/** The i-th of many thousand different sentences of about 20 words. */
export function turnText(i: number): string {
  return `${pick(WHO, i)} ${pick(DID, i * 3 + (i >> 3))} ${pick(WHAT, i * 7 + (i >> 4))} ${pick(WHEN, i * 5 + (i >> 5))} ${pick(WHY, i * 11 + (i >> 6))}, number ${i} of what I wanted to tell you about`;
}

/** The i-th of many different questions about such sentences. */
export function question(i: number): string {
  return `When was it that ${pick(WHO, i)} ${pick(DID, i * 3 + (i >> 2))} ${pick(WHAT, i * 7 + (i >> 3))}? (${i})`;
}

export const CONVERSATION_MESSAGES = 100;

/** A line of an import. */
export interface Line {
  user_id: string;
  conversation_id: string;
  role: string;
  content: string;
  timestamp: string;
}

/** Conversations of a hundred messages, a second apart. */
export function talk(user: string, count: number): Line[] {
  return Array.from({ length: count }, (_, i) => ({
    user_id: user,
    conversation_id: `talk-${Math.floor(i / CONVERSATION_MESSAGES)}`,
    role: i % 2 === 0 ? 'user' : 'assistant',
    content: turnText(i),
    timestamp: new Date(1_600_000_000_000 + i * 1_000).toISOString(),
  }));
}
