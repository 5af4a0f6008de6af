import type { Logger } from 'pino';
import type { ConversationRef } from '../domain/message';
import { ensureError } from '../domain/errors';

/** Temporal has acknowledged messages of a conversation up to a seq. */
export interface Acknowledgement {
  ref: ConversationRef;
  throughSeq: number;
}

export interface Acknowledgements {
  add(key: string, acknowledgement: Acknowledgement): void;
  isIdle(): boolean;
  stop(): void;
}

const GATHER_MS = 75;
const MAX_ITEMS_A_CALL = 500;
const MAX_BACKOFF_MS = 5_000;

/**
 * Gathers acknowledgements and writes them many at a time: one statement for what some hundred conversations said in
 * a moment. A failed write is tried again; what came meanwhile is merged in.
 */
export function createAcknowledgements(options: {
  write: (items: Acknowledgement[]) => Promise<void>;
  onIdle: () => void;
  logger: Logger;
}): Acknowledgements {
  const { write, onIdle, logger } = options;
  const waiting = new Map<string, Acknowledgement>();
  let timer: NodeJS.Timeout | null = null;
  let writing = false;
  let failures = 0;
  let stopped = false;

  const merge = (key: string, item: Acknowledgement): void => {
    const known = waiting.get(key);
    if (!known || known.throughSeq < item.throughSeq) waiting.set(key, item);
  };
  const schedule = (delayMs: number): void => {
    if (timer || writing || stopped) return;
    timer = setTimeout(() => void flush(), delayMs).unref();
  };
  const flush = async (): Promise<void> => {
    timer = null;
    const items = [...waiting].slice(0, MAX_ITEMS_A_CALL);
    for (const [key] of items) waiting.delete(key);
    writing = true;
    try {
      await write(items.map(([, item]) => item));
      failures = 0;
    } catch (thrown) {
      for (const [key, item] of items) merge(key, item);
      failures += 1;
      logger.warn(
        { err: ensureError(thrown), waiting: waiting.size },
        'could not note what Temporal acknowledged; trying again',
      );
    } finally {
      writing = false;
    }
    if (waiting.size > 0) schedule(Math.min(GATHER_MS * 2 ** failures, MAX_BACKOFF_MS));
    else onIdle();
  };

  return {
    add(key, item) {
      merge(key, item);
      schedule(GATHER_MS);
    },
    isIdle: () => waiting.size === 0 && !writing,
    stop() {
      stopped = true;
      if (timer) clearTimeout(timer);
      timer = null;
    },
  };
}
