import { parseArgs } from 'node:util';
import { ensureError } from '../../src/domain/errors';
import { runChaos } from './run-chaos';

const DEFAULT_ROUNDS = 5;

/** `npm run test:chaos -- --seed N --rounds N`; the same seed makes the same schedule. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { seed: { type: 'string' }, rounds: { type: 'string' } } });
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const rounds = Number(values.rounds ?? DEFAULT_ROUNDS);
  console.log(`seed ${seed}, ${rounds} rounds; to see the same again: npm run test:chaos -- --seed ${seed}`);
  const outcome = await runChaos({ seed, rounds, log: (line) => console.log(line) });
  console.log(JSON.stringify(outcome, null, 2));
  return outcome.problems.length === 0 ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (thrown: unknown) => {
    console.error(ensureError(thrown));
    process.exit(1);
  },
);
