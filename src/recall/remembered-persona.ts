import type { PersonaState } from '../record/persona-states';

/** A persona is remembered for as long as a day's talk goes on. */
const REMEMBERED_MS = 12 * 3_600_000;

/**
 * The persona that a user's last requests found by themselves; null when that was too long ago. What a caller forced is
 * the caller's view, not the user's.
 * @param states newest first
 */
export function rememberedPersona(states: readonly PersonaState[], now: Date): string | null {
  const found = states.find(
    ({ source }) => source === 'query' || source === 'active' || source === 'remembered',
  );
  return found && now.getTime() - found.seenAt.getTime() <= REMEMBERED_MS ? found.persona : null;
}
