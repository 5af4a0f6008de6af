import {
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  isCancellation,
  log,
  makeContinueAsNewFunc,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
  type ActivityOptions,
} from '@temporalio/workflow';
import {
  beginStep,
  hasLiveWork,
  hearAnything,
  hearOutcome,
  hearStored,
  nextStep,
  pendingCount,
  phaseOf,
  standingAtStart,
  type NextStep,
} from '../src/domain/next-step';
import {
  rangeLabel,
  remember,
  runDetails,
  stepLabel,
  stepSentence,
  type RunNotes,
} from '../src/domain/step-labels';
import {
  MESSAGES_STORED_SIGNAL,
  POLICY_CHANGED_SIGNAL,
  PROGRESS_QUERY,
  RETRY_FAILED_SIGNAL,
  type ConversationActivities,
  type ConversationInput,
  type ConversationProgress,
  type IngestBatchesResult,
  type MessagesStored,
} from './conversation.contract';
import { LIVE_PRIORITY_KEY } from './priorities.contract';
import { MEM_LAST_MESSAGE_AT, MEM_PENDING, MEM_PHASE } from './search-attributes.contract';

export const messagesStored = defineSignal<[MessagesStored]>(MESSAGES_STORED_SIGNAL);
export const policyChanged = defineSignal(POLICY_CHANGED_SIGNAL);
export const retryFailed = defineSignal(RETRY_FAILED_SIGNAL);
export const progress = defineQuery<ConversationProgress>(PROGRESS_QUERY);

const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 5 * 60_000;

const STEP_OPTIONS = {
  startToCloseTimeout: '10 minutes',
  // Until it is over nobody else takes up what a worker has left, and messages wait for their batch so much longer.
  heartbeatTimeout: '12 seconds',
  // No limit of attempts: a part that is down is waited out, and the messages are safe in the record meanwhile.
  retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: '30 seconds' },
} as const;

const { ingestBatches } = proxyActivities<ConversationActivities>(STEP_OPTIONS);

/**
 * One conversation: hears that messages are stored, and sees to it that they are batched and indexed in time. Ends after
 * a long silence; the next signal starts a new run, which asks the record where it stands.
 */
export async function conversation(input: ConversationInput): Promise<void> {
  const standing = standingAtStart(input.carried);
  const notes: RunNotes = { about: input.ref, running: null, finished: [], failures: [] };
  let lastHeardAtMs = Date.now();

  const showDetails = (): void => setCurrentDetails(runDetails(standing, notes));
  const heard = (): void => {
    lastHeardAtMs = Date.now();
    hearAnything(standing);
    showDetails();
  };
  setHandler(
    messagesStored,
    (signal) => {
      hearStored(standing, signal, Date.now());
      heard();
    },
    {
      description:
        'Messages up to throughSeq are stored; with flushThrough, index everything up to there now',
    },
  );
  setHandler(
    policyChanged,
    () => {
      standing.policyChanges += 1;
      heard();
    },
    { description: 'The policy in the record has changed: plan what is pending again' },
  );
  setHandler(
    retryFailed,
    () => {
      standing.retries += 1;
      heard();
    },
    { description: 'Failed messages were put back to work in the record' },
  );
  setHandler(
    progress,
    () => ({
      phase: phaseOf(standing),
      storedThrough: standing.storedThrough,
      plannedThrough: standing.plannedThrough,
      indexedThrough: standing.indexedThrough,
      flushThrough: standing.flushThrough,
      pending: pendingCount(standing),
      windowEndsAtMs: standing.windowEndsAtMs,
    }),
    { description: 'How far this conversation is stored, planned and indexed' },
  );

  const mustRoll = (): boolean => {
    const info = workflowInfo();
    return (
      info.continueAsNewSuggested ||
      info.historyLength >= input.maxEvents ||
      // Undefined before server 1.30.
      Boolean(info.targetWorkerDeploymentVersionChanged)
    );
  };
  const next = (): NextStep => nextStep(standing, mustRoll());

  const windowTimer = timer('flush window', () => {
    standing.windowEnded = true;
  });
  const idleTimer = timer('close when idle', () => {
    const silentForMs = Date.now() - lastHeardAtMs;
    if (silentForMs >= input.idleCloseMs) standing.silent = true;
  });
  // Not moved by what is said meanwhile: fired too early, it is set again. Two events a pause, whatever the traffic.
  const episodeTimer = timer('episode ends when nobody speaks', () => {
    if (standing.episodeEndsAtMs !== null && standing.episodeEndsAtMs <= Date.now())
      standing.episodeEnded = true;
  });
  const episodeTimerIsRight = (): boolean =>
    standing.episodeEndsAtMs === null || standing.episodeEnded || episodeTimer.endsAtMs() !== null;
  /** One timer a window whatever the traffic, and one for silence that is not restarted by what is heard. */
  const windowTimerIsRight = (): boolean =>
    windowTimer.endsAtMs() === (standing.windowEnded ? null : standing.windowEndsAtMs);
  const setTimers = (): void => {
    if (!windowTimerIsRight()) windowTimer.setTo(standing.windowEnded ? null : standing.windowEndsAtMs);
    if (!episodeTimerIsRight()) episodeTimer.setTo(standing.episodeEndsAtMs);
    if (idleTimer.endsAtMs() === null && !standing.silent) idleTimer.setTo(lastHeardAtMs + input.idleCloseMs);
  };

  let failuresInARow = 0;
  for (;;) {
    const step = next();
    if (step.kind === 'close') {
      // Old histories, which never say that all is settled, end without.
      if (standing.settled) publishPhase(phaseOf(standing), pendingCount(standing), lastHeardAtMs);
      showDetails();
      return;
    }
    if (step.kind === 'roll') break;
    if (step.kind === 'wait') {
      setTimers();
      publishPhase(phaseOf(standing), pendingCount(standing), lastHeardAtMs);
      showDetails();
      await condition(
        () =>
          next().kind !== 'wait' ||
          !windowTimerIsRight() ||
          !episodeTimerIsRight() ||
          (idleTimer.endsAtMs() === null && !standing.silent),
      );
      continue;
    }

    notes.running = stepSentence(standing, step.reason);
    showDetails();
    const asked = beginStep(standing, step);
    try {
      const result = await ingestBatches.executeWithOptions(
        {
          ...STEP_OPTIONS,
          summary: stepLabel(standing, step.reason),
          ...(hasLiveWork(standing) ? livePriority() : {}),
        },
        [
          {
            ref: input.ref,
            flushThroughSeq: step.flushThroughSeq,
            ...(step.closeTail ? { closeTail: step.closeTail } : {}),
          },
        ],
      );
      failuresInARow = 0;
      hearOutcome(standing, asked, result, Date.now());
      noteBatches(notes, result);
      notes.running = null;
    } catch (error) {
      if (isCancellation(error)) throw error;
      // A bug, since everything that waiting can cure is retried for ever. The run must outlive it: its fix comes with
      // a new worker, and until then the messages are safe in the record.
      const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** failuresInARow, MAX_BACKOFF_MS);
      failuresInARow += 1;
      log.error('indexing failed for good; trying again later', { backoffMs, failuresInARow, error });
      remember(
        notes.failures,
        `${stepLabel(standing, step.reason)}, at ${new Date().toISOString()}: see the activity’s failure`,
      );
      notes.running = `Failed; trying again at ${new Date(Date.now() + backoffMs).toISOString()}, or on \`${RETRY_FAILED_SIGNAL}\`.`;
      showDetails();
      const retriesBefore = standing.retries;
      await condition(() => standing.retries > retriesBefore, backoffMs, { summary: 'wait after a failure' });
      if (mustRoll()) break;
    }
  }

  // Nothing is awaited between the decision and this: what was heard by now is carried, what comes later makes the
  // server refuse the roll, and the decision is taken again.
  const roll = makeContinueAsNewFunc<typeof conversation>(
    workflowInfo().targetWorkerDeploymentVersionChanged ? { initialVersioningBehavior: 'AUTO_UPGRADE' } : {},
  );
  return await roll({
    ...input,
    carried: {
      storedThrough: standing.storedThrough,
      flushThrough: standing.flushThrough,
      liveThrough: standing.liveThrough,
    },
  });
}

/** A run keeps the priority it was begun with, be it an import's: what is live in it goes before imports all the same. */
function livePriority(): Pick<ActivityOptions, 'priority'> {
  return { priority: { ...workflowInfo().priority, priorityKey: LIVE_PRIORITY_KEY } };
}

interface Timer {
  /** When it fires; null while it does not run. */
  endsAtMs(): number | null;
  /** Restarts or stops it. */
  setTo(endsAtMs: number | null): void;
}

/** A durable timer that can be moved. */
function timer(summary: string, onFired: () => void): Timer {
  let scope: CancellationScope | null = null;
  let ends: number | null = null;
  return {
    endsAtMs: () => ends,
    setTo(endsAtMs) {
      scope?.cancel();
      scope = null;
      ends = endsAtMs;
      if (endsAtMs === null) return;
      const own = new CancellationScope();
      scope = own;
      const waitMs = Math.max(1, endsAtMs - Date.now());
      void own
        .run(() => sleep(waitMs, { summary }))
        .then(
          () => {
            if (scope !== own) return;
            scope = null;
            ends = null;
            onFired();
          },
          (error: unknown) => {
            if (!isCancellation(error)) throw error;
          },
        );
    },
  };
}

/** Each upsert is an event: only when the phase has changed. */
function publishPhase(phase: string, pending: number, lastHeardAtMs: number): void {
  if (workflowInfo().typedSearchAttributes.get(MEM_PHASE) === phase) return;
  upsertSearchAttributes([
    { key: MEM_PHASE, value: phase },
    { key: MEM_PENDING, value: pending },
    { key: MEM_LAST_MESSAGE_AT, value: new Date(lastHeardAtMs) },
  ]);
}

function noteBatches(notes: RunNotes, result: IngestBatchesResult): void {
  for (const batch of result.batches) {
    const label = `${rangeLabel(batch.firstSeq, batch.lastSeq)} · ${batch.reason}`;
    if (batch.status === 'failed')
      remember(
        notes.failures,
        `${label}, at ${new Date().toISOString()}: retry it, or see why in the conversation’s status`,
      );
    else remember(notes.finished, label);
  }
}
