/** In calm times; more than a single Temporal database takes would help nobody. */
const CALM_PER_SECOND = 80;
/** From here on messages come as a flood. */
const FLOOD_ARRIVALS_PER_SECOND = 120;
/** How long a conversation waits for its turn in a flood of some hundred, unless someone waits for it; of more, longer. */
export const FLOOD_WAIT_SECONDS = 10;
const LEAST_PER_SECOND = 5;

/**
 * How many conversations a second Temporal is told of. A flood is better told in fewer words: while a conversation waits
 * its turn its messages merge into one signal, and the machine is left to those who accept messages. Each signal costs
 * Temporal and the worker a workflow task, and the disk two commits.
 * @param arrivalsPerSecond announcements, lately
 * @param waiting conversations in the queue
 */
export function announcingRate(arrivalsPerSecond: number, waiting: number): number {
  if (arrivalsPerSecond < FLOOD_ARRIVALS_PER_SECOND) return CALM_PER_SECOND;
  return Math.min(CALM_PER_SECOND, Math.max(LEAST_PER_SECOND, waiting / FLOOD_WAIT_SECONDS));
}
