import { runChaos } from './run-chaos';
import { PARTS, planFaults } from './schedule';

const SHORT_FORM_TIMEOUT_MS = 400_000;

it('a schedule follows from its seed alone, and hurts every part', () => {
  expect(planFaults(7, 3)).toEqual(planFaults(7, 3));
  expect(planFaults(7, 1)).not.toEqual(planFaults(8, 1));
  const killed = planFaults(7, 1).filter(({ kind }) => kind === 'kill');
  expect(new Set(killed.map(({ part }) => part))).toEqual(new Set(PARTS));
});

it(
  'one round of everything: nothing is lost, nothing doubled, and the stores agree',
  async () => {
    const seed = Number(process.env['CHAOS_SEED'] ?? 20_261_125);
    const said: string[] = [`seed ${seed}`];
    const outcome = await runChaos({ seed, rounds: 1, log: (line) => said.push(line) }).catch(
      (thrown: unknown) => {
        throw new Error(said.join('\n'), { cause: thrown });
      },
    );
    console.log([...said, JSON.stringify(outcome)].join('\n'));
    expect({ said, ...outcome }).toMatchObject({ lost: 0, doubled: 0, problems: [] });
    expect(outcome.faults['kill']).toBeGreaterThanOrEqual(5);
  },
  SHORT_FORM_TIMEOUT_MS,
);
