import { tradesIn } from '../src/domain/holdings/trades';
import { importanceOf } from '../src/domain/importance';
import type { EmotionalSignature } from '../src/domain/memory';
import { saidAt, type Role, type Turn } from '../src/domain/message';
import { personaTags, swayed, type PersonaTag } from '../src/domain/persona-tags';
import type { AffectModel } from '../src/models/affect/affect-model';
import type { PersonaClassifier, Said } from '../src/models/persona-classifier';
import { fromInt8 } from '../src/models/quantize';
import type { SaidTrade } from '../src/record/readings';

/** What a batch's turns were read as. */
export interface BatchReading {
  /** At least one, the first one first. */
  personas: PersonaTag[];
  emotionalSignature: EmotionalSignature | null;
  importance: number;
  trades: SaidTrade[];
}

export interface TurnReaders {
  personas: PersonaClassifier;
  affect: AffectModel;
}

/** A memory is about its user; what others say in it counts less. */
const ROLE_WEIGHTS: Readonly<Record<Role, number>> = { user: 1, assistant: 0.4, system: 0.1, tool: 0.1 };
/** Shorter turns count less. */
const WHOLE_TURN_WORDS = 6;

/**
 * Reads batches: personas of all turns, feelings and trades of the user's. Nothing is embedded for it; the vectors are
 * those the record keeps, so that a retry reads the same.
 * @throws UnavailableError when the example sentences cannot be embedded now
 */
export async function readBatches(
  { personas, affect }: TurnReaders,
  batches: readonly (readonly Turn[])[],
  vectors: ReadonlyMap<number, Buffer>,
): Promise<BatchReading[]> {
  const turns = batches.flat();
  const said = turns.map((turn): Said => {
    const vector = vectors.get(turn.seq);
    return { text: turn.content, vector: vector ? fromInt8(vector) : null };
  });
  const users = turns.flatMap((turn, place) => (turn.role === 'user' ? [place] : []));
  const [readings, theirs] = await Promise.all([
    personas.classify(said),
    affect.feel(users.map((place) => said[place]!)),
  ]);
  const feelings = new Map(users.map((place, i) => [place, theirs[i]!]));
  let from = 0;
  return batches.map((batch) => {
    const places = batch.map((_, i) => from + i);
    from += batch.length;
    const weighed = batch.map((turn, i) => ({ reading: readings[places[i]!]!, weight: weightOf(turn) }));
    const felt = strongest(places.map((place) => feelings.get(place) ?? null));
    const total = weighed.reduce((sum, { weight }) => sum + weight, 0);
    const smallTalk = weighed.reduce((sum, { reading, weight }) => sum + reading.none * weight, 0) / total;
    const tagged = weighed.map(({ reading, weight }, i) => ({
      reading: swayed(reading, batch[i]!.activePersonas ?? []),
      weight,
    }));
    const forced = batch.map((turn) => turn.forcedPersona).find((persona) => persona !== null) ?? null;
    return {
      personas: personaTags(tagged, forced),
      emotionalSignature: felt,
      importance: importanceOf(batch, felt, smallTalk).importance,
      trades: batch
        .filter((turn) => turn.role === 'user')
        .flatMap((turn) => tradesIn(turn.content).map((trade) => ({ ...trade, saidAt: saidAt(turn) }))),
    };
  });
}

function weightOf(turn: Turn): number {
  const words = turn.content.trim().split(/\s+/, WHOLE_TURN_WORDS).length;
  return ROLE_WEIGHTS[turn.role] * Math.min(1, words / WHOLE_TURN_WORDS);
}

function strongest(feelings: readonly (EmotionalSignature | null)[]): EmotionalSignature | null {
  return feelings.reduce(
    (most, felt) => (felt && felt.intensity > (most?.intensity ?? 0) ? felt : most),
    null,
  );
}
