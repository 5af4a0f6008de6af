import {
  ActivityFailure,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Telling } from '../src/domain/telling';
import { MEM_PHASE } from './search-attributes.contract';
import {
  EPISODES_CHANGED_SIGNAL,
  TIERS_PROGRESS_QUERY,
  type TiersActivities,
  type TiersInput,
  type TiersProgress,
  type TiersRefreshed,
} from './tiers.contract';

export const episodesChanged = defineSignal(EPISODES_CHANGED_SIGNAL);
export const tiersProgress = defineQuery<TiersProgress>(TIERS_PROGRESS_QUERY);

/** What comes within it is summarized at once; the wait grows while there is more and more. */
const GATHER = '2 seconds';
const GATHER_AGAIN = '6 seconds';
const CLOSE_WHEN_IDLE = '2 minutes';
const DEFAULT_MAX_EVENTS = 2_000;

// No limit of attempts: a part that is down is waited out, and what is behind is in the record meanwhile.
const WAITING_OUT = {
  initialInterval: '1 second',
  backoffCoefficient: 2,
  maximumInterval: '1 minute',
} as const;
const { refreshSummaries } = proxyActivities<TiersActivities>({
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '30 seconds',
  retry: WAITING_OUT,
  summary: 'bring summaries up to date',
});
const { tellByModel } = proxyActivities<TiersActivities>({
  // All attempts together: long lines wait behind it.
  scheduleToCloseTimeout: '5 minutes',
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '30 seconds',
  retry: {
    initialInterval: '1 second',
    backoffCoefficient: 3,
    maximumInterval: '1 minute',
    maximumAttempts: 4,
  },
  summary: 'have the language model tell summaries',
});
const { leaveTelling } = proxyActivities<TiersActivities>({
  startToCloseTimeout: '30 seconds',
  retry: WAITING_OUT,
  summary: 'leave summaries to be told later',
});

/**
 * One user's summaries: hears that episodes have changed, gathers what comes together, and has their long lines told
 * again. What is behind is in the record; the signal only says that something is. Ends when nothing is heard for long.
 */
export async function tiers(input: TiersInput): Promise<void> {
  let heard = input.behind ? 1 : 0;
  let served = 0;
  let looks = 0;
  let last: TiersRefreshed | null = null;
  let phase: TiersProgress['phase'] = 'idle';
  setHandler(
    episodesChanged,
    () => {
      heard += 1;
    },
    { description: 'Episodes have ended, or their memories have changed: the record knows which' },
  );
  setHandler(tiersProgress, () => ({ phase, looks, last }), {
    description: 'What the last look brought up to date',
  });
  const enter = (next: TiersProgress['phase']): void => {
    phase = next;
    setCurrentDetails(details(input, phase, looks, last));
  };

  for (;;) {
    if (heard === served) {
      enter('idle');
      publish('idle');
      const woken = await condition(() => heard > served, CLOSE_WHEN_IDLE, { summary: 'close when idle' });
      if (!woken && heard === served) return;
    }
    enter('waiting');
    await sleep(looks === 0 ? GATHER : GATHER_AGAIN, { summary: 'gather what changes together' });
    enter('summarizing');
    publish('summarizing');
    served = heard;
    let again: boolean;
    do {
      last = await refreshSummaries(input);
      looks += 1;
      enter('summarizing');
      // What was told changes what long lines are made of, and more may be to be told.
      again = (last.telling !== undefined && (await tell(input, last.telling))) || last.more;
    } while (again && !mustRoll(input));
    // Nothing has to be carried but that something was heard: the record knows the rest.
    if (mustRoll(input)) {
      if (heard === served && !again) return;
      return await continueAsNew<typeof tiers>({ ...input, behind: true });
    }
  }
}

/** @returns whether it was told; what could not be told is tried again by the sweep */
async function tell(input: TiersInput, telling: Telling): Promise<boolean> {
  try {
    await tellByModel({ ...input, telling });
    return true;
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    await leaveTelling({ ...input, telling });
    return false;
  }
}

function mustRoll({ maxEvents }: TiersInput): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength >= (maxEvents ?? DEFAULT_MAX_EVENTS);
}

/** Each upsert is an event: only when the phase has changed. */
function publish(phase: 'idle' | 'summarizing'): void {
  if (workflowInfo().typedSearchAttributes.get(MEM_PHASE) === phase) return;
  upsertSearchAttributes([{ key: MEM_PHASE, value: phase }]);
}

/** The run's current details in the Temporal UI (Markdown). */
function details(
  input: TiersInput,
  phase: TiersProgress['phase'],
  looks: number,
  last: TiersRefreshed | null,
): string {
  const lines = [
    // Ids are the caller's: they must not break out of the Markdown they are shown in.
    `Summaries of \`${input.userId.replace(/[`\r\n]/g, '′')}\``,
    `**Phase:** ${phase}`,
    `**Looks at the record:** ${looks}`,
  ];
  if (last)
    lines.push(
      `**The last one:** ${last.episodes} episodes summarized again; long lines told again: ${last.arcs.join(', ') || 'none'}`,
    );
  return lines.join('\n\n');
}
