/** Everything that can be hurt. Two API processes and two workers are the normal case. */
export const PARTS = ['api-1', 'api-2', 'worker-1', 'worker-2', 'temporal', 'weaviate', 'postgres'] as const;
export type Part = (typeof PARTS)[number];

/**
 * `kill`: SIGKILL. `freeze`: SIGSTOP, and SIGCONT after a while. `restart`: SIGTERM. `read-only`: Weaviate refuses
 * writes for a while. `disk-full`: the disk of all three servers is, for a while.
 */
export type FaultKind = 'kill' | 'freeze' | 'restart' | 'read-only' | 'disk-full';

export interface Fault {
  /** From the start of the traffic. */
  atMs: number;
  kind: FaultKind;
  part: Part;
  /** 0: at once over. */
  forMs: number;
}

const ROUND_MS = 32_000;
const FREEZE_MS = 20_000;
const READ_ONLY_MS = 6_000;
const DISK_FULL_MS = 6_000;

/** Numbers in [0, 1) that follow from a seed alone (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * What happens when, the same for the same seed: in each round every part is killed once, and somewhere among that one
 * part is frozen for 20 s, one restarted, Weaviate read-only and the disk full.
 */
export function planFaults(seed: number, rounds: number): Fault[] {
  const random = seededRandom(seed);
  const faults: Fault[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const startMs = round * ROUND_MS;
    const at = (endsBeforeMs: number): number => startMs + Math.floor(random() * (ROUND_MS - endsBeforeMs));
    const any = (): Part => PARTS[Math.floor(random() * PARTS.length)]!;
    for (const part of PARTS) faults.push({ atMs: at(0), kind: 'kill', part, forMs: 0 });
    faults.push({ atMs: at(FREEZE_MS), kind: 'freeze', part: any(), forMs: FREEZE_MS });
    faults.push({ atMs: at(0), kind: 'restart', part: any(), forMs: 0 });
    faults.push({ atMs: at(READ_ONLY_MS), kind: 'read-only', part: 'weaviate', forMs: READ_ONLY_MS });
    faults.push({ atMs: at(DISK_FULL_MS), kind: 'disk-full', part: 'postgres', forMs: DISK_FULL_MS });
  }
  return faults.sort((a, b) => a.atMs - b.atMs);
}
