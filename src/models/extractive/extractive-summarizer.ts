import { spokenRange, withAbsoluteDates } from '../../domain/spoken-dates';
import type { Role } from '../../domain/message';
import { firstWords, oneLine, wordCount } from '../../domain/words';
import {
  heardTurns,
  type Summarizer,
  type SummarySentence,
  type SummaryText,
  type SummaryTurn,
} from '../summarizer';
import { choose, type Candidate, type Vocabulary } from './choose';
import { sentencesOf, type Sentence } from './sentences';
import { capitalized, told } from './third-person';

/** Shorter ones say little by themselves; they stand in only when nothing longer was said. */
const MIN_WORDS = 4;
const MIN_TERMS = 2;
/** How much a sentence is worth to a summary beside a plain statement. */
const WORTH_OF_QUESTION = 0.8;
const WORTH_OF_QUOTATION = 0.9;
/** "It was great": what "it" is stands elsewhere. */
const WORTH_WITHOUT_ANCHOR = 0.9;
/** What an assistant without a name says is rarely about the user. */
const WORTH_OF_ASSISTANT = 0.6;
/** A text of one turn beyond this is a document; its beginning says what it is. */
const MAX_SENTENCES_A_TURN = 60;
const MAX_CANDIDATES = 2_000;
/** Names in a frame; more are counted. */
const MAX_NAMED = 4;
/** So that a summary says more than who speaks, whatever they call themselves. */
const MAX_NAME_WORDS = 5;

const SPEAKERS: Readonly<Record<Role, string>> = {
  user: 'the user',
  assistant: 'the assistant',
  system: 'the system',
  tool: 'a tool',
};

interface FromTurn extends Candidate {
  turn: SummaryTurn;
  /** Long enough to say something by itself. */
  tells: boolean;
}

/** Summaries made of what was said, without a language model. Deterministic: the same turns give the same text. */
export function createExtractiveSummarizer(vocabulary: Vocabulary): Summarizer {
  return {
    name: 'extractive-1',
    episode: (turns, { budgetWords }) => Promise.resolve(summarizeTurns(turns, budgetWords, vocabulary)),
    arc: (sentences, { budgetWords }) => Promise.resolve(summarizeArc(sentences, budgetWords, vocabulary)),
  };
}

function summarizeTurns(
  turns: readonly SummaryTurn[],
  budgetWords: number,
  vocabulary: Vocabulary,
): SummaryText {
  const heard = heardTurns(turns);
  const frame = frameOf(heard);
  const all = candidatesOf(heard, vocabulary);
  const telling = all.filter((one) => one.tells);
  const blocks = choose(telling.length > 0 ? telling : all, {
    budgetWords: budgetWords - wordCount(frame),
    share: (term) => vocabulary.share(term),
    covered: vocabulary.termsOf(frame),
  });
  const sentences = blocks.flat().map(({ text, turn }) => ({
    text,
    sourceIds: [turn.memoryId],
    saidAt: turn.saidAt,
  }));
  if (sentences.length > 0) return { frame, sentences };
  return { frame, sentences: [shortened(heard[0]!, budgetWords - wordCount(frame))] };
}

function summarizeArc(
  sentences: readonly SummarySentence[],
  budgetWords: number,
  vocabulary: Vocabulary,
): SummaryText {
  const first = sentences[0];
  if (!first) return { frame: null, sentences: [] };
  const frame = `${spokenRange(first.saidAt, sentences.at(-1)!.saidAt)}:`;
  const candidates = sentences.map((sentence, place) => ({
    text: sentence.text,
    terms: vocabulary.termsOf(sentence.text),
    words: wordCount(sentence.text),
    worth: sentence.text.includes('“') ? WORTH_OF_QUOTATION : 1,
    place,
  }));
  const chosen = choose(candidates, {
    budgetWords: budgetWords - wordCount(frame),
    share: (term) => vocabulary.share(term),
  }).flat();
  // A long line is told from its beginning.
  chosen.sort((a, b) => a.place - b.place);
  return { frame, sentences: chosen.map((one) => sentences[one.place]!) };
}

function candidatesOf(turns: readonly SummaryTurn[], vocabulary: Vocabulary): FromTurn[] {
  const speakers = new Set(turns.flatMap((turn) => turn.name ?? []));
  const candidates: FromTurn[] = [];
  turns.forEach((turn) => {
    const addressed = [...speakers].filter((name) => name !== turn.name);
    for (const sentence of sentencesOf(turn.content, addressed).slice(0, MAX_SENTENCES_A_TURN)) {
      if (candidates.length >= MAX_CANDIDATES) return;
      const text = tell(sentence, turn);
      candidates.push({
        turn,
        text,
        place: candidates.length,
        tells:
          wordCount(sentence.text) >= MIN_WORDS &&
          new Set(vocabulary.termsOf(sentence.text)).size >= MIN_TERMS,
        terms: vocabulary.termsOf(text),
        words: wordCount(text),
        worth: worthOf(sentence, text, turn),
      });
    }
  });
  return candidates;
}

function tell(sentence: Sentence, turn: SummaryTurn): string {
  const speaker = speakerOf(turn);
  if (sentence.kind === 'attachment') {
    const what = sentence.text.replace(/^(\w+): an? \1(?:graph(?:y)?)?\b/iu, '$1');
    return `${capitalized(speaker)} shared a ${what.replace(/[.\s]+$/u, '')}.`;
  }
  return told(withAbsoluteDates(sentence.text, turn.saidAt), speaker);
}

function worthOf(sentence: Sentence, text: string, turn: SummaryTurn): number {
  let worth = turn.role === 'assistant' && turn.name === null ? WORTH_OF_ASSISTANT : 1;
  if (sentence.kind === 'question') worth *= WORTH_OF_QUESTION;
  if (text.includes('“')) worth *= WORTH_OF_QUOTATION;
  if (/^(?:it|that|this|they|he|she|those|these)\b/iu.test(sentence.text)) worth *= WORTH_WITHOUT_ANCHOR;
  return worth;
}

/** When it was said, and who talked where more than one did; every sentence says who said it. */
function frameOf(turns: readonly SummaryTurn[]): string {
  const names = [...new Set(turns.map(speakerOf))];
  const range = spokenRange(turns[0]!.saidAt, turns.at(-1)!.saidAt);
  if (names.length === 1) return `${range}:`;
  const shown =
    names.length > MAX_NAMED
      ? [...names.slice(0, MAX_NAMED - 1), `${names.length - MAX_NAMED + 1} others`]
      : names;
  return `${range} ${shown.slice(0, -1).join(', ')} and ${shown.at(-1)!} talked.`;
}

/** Nothing was said that makes a sentence that fits: the beginning of the first turn as it is. */
function shortened(turn: SummaryTurn, words: number): SummarySentence {
  const speaker = speakerOf(turn);
  const said = oneLine(turn.content);
  let left = Math.max(1, words - wordCount(speaker));
  let text = told(firstWords(said, left), speaker);
  // Told by another it may get longer: "I'm" becomes "the user is".
  while (wordCount(text) > words && left > 1) {
    left -= 1;
    text = told(firstWords(said, left), speaker);
  }
  return { text, sourceIds: [turn.memoryId], saidAt: turn.saidAt };
}

function speakerOf(turn: SummaryTurn): string {
  return turn.name === null ? SPEAKERS[turn.role] : firstWords(turn.name, MAX_NAME_WORDS);
}
