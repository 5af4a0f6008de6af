import {
  ActivityFailure,
  continueAsNew,
  defineSignal,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import {
  WINDOWS_DUE_SIGNAL,
  type ExtractionActivities,
  type ExtractionInput,
  type WindowRange,
} from './extraction.contract';

export const windowsDue = defineSignal(WINDOWS_DUE_SIGNAL);

/** A run that has read more goes on as new, so that its history stays short. */
const MAX_WINDOWS = 200;

const { nextWindow, degradeWindow } = proxyActivities<ExtractionActivities>({
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: '30 seconds' },
});
const MODEL_OPTIONS = {
  startToCloseTimeout: '15 minutes',
  heartbeatTimeout: '1 minute',
  // A service asks for longer by its Retry-After. After these the window is left, and tried again by the sweep.
  retry: {
    initialInterval: '1 second',
    backoffCoefficient: 3,
    maximumInterval: '1 minute',
    maximumAttempts: 4,
  },
} as const;
const { extractWindow } = proxyActivities<ExtractionActivities>(MODEL_OPTIONS);

/**
 * Has a language model read a conversation, a window a call, in order, behind the indexing: what fails is left for
 * later, and holds up neither what follows nor the conversation itself.
 */
export async function extractFacts(input: ExtractionInput): Promise<void> {
  let signals = 0;
  setHandler(windowsDue, () => void (signals += 1), { description: 'There are windows to read' });
  let read = 0;
  let failed = 0;
  for (;;) {
    const signalsBefore = signals;
    let window = await nextWindow(input);
    while (window !== null) {
      const current: WindowRange = window;
      setCurrentDetails(
        `Reading messages ${label(current)}; ${read} windows are read, ${failed} left for later.`,
      );
      try {
        const summary = `messages ${label(current)}`;
        window = await extractWindow.executeWithOptions({ ...MODEL_OPTIONS, summary }, [
          { ...input, ...current },
        ]);
        read += 1;
      } catch (error) {
        if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
        failed += 1;
        window = await degradeWindow({ ...input, ...current });
      }
      if (read + failed >= MAX_WINDOWS) return await continueAsNew<typeof extractFacts>(input);
    }
    setCurrentDetails(`${read} windows are read, ${failed} left for later.`);
    if (signals === signalsBefore) return;
  }
}

function label({ firstSeq, lastSeq }: WindowRange): string {
  return firstSeq === lastSeq ? String(firstSeq) : `${firstSeq}–${lastSeq}`;
}
