import { Context } from '@temporalio/activity';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ImportRef } from '../src/domain/import';
import { nextRelease, planWindow, type Release, type WindowLimits } from '../src/domain/import-window';
import {
  finishImport,
  heldParts,
  lookAtImport,
  openParts,
  releaseParts,
  setParts,
  type ImportLook,
} from '../src/record/import-window';
import { endLostImportBody, viewImport } from '../src/record/imports';
import type { ImportActivities, ImportStanding } from '../workflows/import.contract';
import type { ActivityDependencies } from './dependencies';

/** How long one activity drives an import: as often its workflow shows how it stands. */
const SLICE_MS = 10_000;
/** Somebody has just said what is to become of it, or it begins: how it stands is shown soon. */
const BRIEF_SLICE_MS = 1_000;
const LOOK_EVERY_MS = 100;
const LOOK_EVERY_IDLE_MS = 500;
/** Something was indexed this lately: what stands still beside it stands still by itself. */
const MOVING_WITHIN_MS = 5_000;

/** All running imports together: below the worker's activity slots, and a few seconds of work for an embedder. */
const WINDOW: WindowLimits = {
  // One activity of a conversation takes 200; the rest is for the tail that the page before left open.
  pageMessages: 185,
  windowConversations: 24,
  windowMessages: 2_000,
  stalledAfterMs: 15_000,
  setAsideConversations: 200,
  probesAStall: 2,
  mostProbes: 8,
};
const LEAST_CONVERSATIONS = 2;
/** What is cancelled is not embedded: it only has to be written down as failed. */
const CANCELLING: WindowLimits = {
  ...WINDOW,
  pageMessages: 1_900,
  windowConversations: 100,
  windowMessages: 50_000,
};

/** See workflows/import.contract. */
export function createAdvanceImport(dependencies: ActivityDependencies): ImportActivities['advanceImport'] {
  const { pool } = dependencies;
  return async function advanceImport({ namespace, importId, briefly = false }) {
    const ref: ImportRef = { namespace, importId };
    const { cancellationSignal } = Context.current();
    const until = Date.now() + (briefly ? BRIEF_SLICE_MS : SLICE_MS);
    let first: ImportLook | undefined;
    let inFlight = 0;
    for (;;) {
      Context.current().heartbeat();
      const look = await lookAtImport(pool, ref);
      if (look === null || look.finished) break;
      if (look.paused && !look.cancelled) break;
      if (!look.ended) await endLostImportBody(pool, ref);
      const step = await advance(dependencies, ref, look);
      inFlight = step.inFlight;
      first ??= look;
      if (step.finished || Date.now() >= until || isSteered(first, look)) break;
      await sleep(step.busy ? LOOK_EVERY_MS : LOOK_EVERY_IDLE_MS, undefined, { signal: cancellationSignal });
    }
    return standingOf(dependencies, ref, inFlight);
  };
}

/** What people see of it in Temporal is not true any more. */
function isSteered(before: ImportLook, now: ImportLook): boolean {
  return before.cancelled !== now.cancelled || before.ended !== now.ended;
}

/** One look: lets pages go for which there is room. */
async function advance(
  { pool, announcer }: ActivityDependencies,
  ref: ImportRef,
  look: ImportLook,
): Promise<{ finished: boolean; busy: boolean; inFlight: number }> {
  const limits = look.cancelled ? CANCELLING : shared(look.running);
  const parts = await openParts(pool, ref);
  const moving = look.stillForMs !== null && look.stillForMs < MOVING_WITHIN_MS;
  const plan = planWindow(parts, { ended: look.ended, moving, limits });
  const releases: Release[] = [...plan.release, ...plan.tellAgain];
  let { conversations, messages } = plan.room;
  if (conversations > 0 && messages > 0) {
    const leastWaiting = look.ended ? 0 : limits.pageMessages;
    for (const part of await heldParts(pool, ref, leastWaiting, conversations)) {
      const release = nextRelease(part, look.ended, limits.pageMessages);
      if (release === 'hold' || messages <= 0) continue;
      conversations -= 1;
      messages -= release.throughSeq - part.releasedThrough;
      releases.push(release);
    }
  }
  if (plan.done.length > 0) await setParts(pool, ref, 'done', plan.done);
  if (plan.hold.length > 0) await setParts(pool, ref, 'held', plan.hold);
  if (releases.length > 0) {
    await releaseParts(pool, ref, releases);
    for (const { ref: conversation, throughSeq, flush } of releases)
      announcer.announce(conversation, {
        throughSeq,
        ...(flush ? { flushThrough: throughSeq } : {}),
        // Whatever the batch size: each page is one step of its workflow.
        late: true,
        imported: true,
      });
  }
  const open = parts.length - plan.done.length - plan.hold.length;
  const finished = look.ended && open === 0 && releases.length === 0 && (await finishImport(pool, ref));
  return { finished, busy: open > 0 || releases.length > 0, inFlight: open + releases.length };
}

function shared(running: number): WindowLimits {
  const by = Math.max(1, running);
  return {
    ...WINDOW,
    windowConversations: Math.max(LEAST_CONVERSATIONS, Math.floor(WINDOW.windowConversations / by)),
    windowMessages: Math.max(WINDOW.pageMessages, Math.floor(WINDOW.windowMessages / by)),
  };
}

async function standingOf(
  { pool }: ActivityDependencies,
  ref: ImportRef,
  inFlight: number,
): Promise<ImportStanding> {
  const view = await viewImport(pool, ref);
  if (view === null) return { ...GONE, conversationsInFlight: 0 };
  return {
    status: view.status,
    finished: view.finishedAt !== null,
    totals: view.totals,
    conversationsInFlight: inFlight,
    ratePerSecond: view.ratePerSecond,
    secondsLeft: view.secondsLeft,
    obstacle: view.obstacle,
  };
}

/** Its record is gone: nothing is left to do. */
const GONE = {
  status: 'cancelled',
  finished: true,
  totals: {
    lines: 0,
    messages: 0,
    accepted: 0,
    duplicates: 0,
    rejected: 0,
    indexed: 0,
    failed: 0,
    pending: 0,
  },
  ratePerSecond: null,
  secondsLeft: null,
  obstacle: null,
} as const satisfies Omit<ImportStanding, 'conversationsInFlight'>;
