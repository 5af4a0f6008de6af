import type { Pool } from 'pg';
import { UnavailableError } from '../domain/errors';
import { acceptMessages, acceptRequests, type AcceptedMessage, type AcceptRequest } from '../record/messages';
import { CONNECT_TIMEOUT_MS, retryDeadlocks } from '../record/pool';

/** Transactions at a time; what comes meanwhile goes together into the next. */
const GROUPS_AT_ONCE = 2;
/** What one transaction takes: nobody waits long for the others in it. A request of more goes alone. */
const MAX_GROUP_MESSAGES = 200;
const MAX_GROUP_CHARS = 1_000_000;

/** Stores the messages of requests, those that come in the same moment with one commit. */
export interface Acceptor {
  /**
   * @throws DomainError 409 when an id is known with other content; nothing of the request is stored then
   * @throws UnavailableError when Postgres is out of reach, or those before this one are not done with it in time
   */
  accept(request: AcceptRequest): Promise<AcceptedMessage[]>;
}

interface Waiting {
  request: AcceptRequest;
  timer: NodeJS.Timeout | null;
  resolve: (accepted: AcceptedMessage[]) => void;
  reject: (reason: unknown) => void;
}

/**
 * Group commit: a request that finds nobody at work goes at once, in a flood the groups grow by themselves. Nobody fails
 * by another's request, nor waits for a conversation that another transaction holds: such requests go alone.
 */
export function createAcceptor(pool: Pool): Acceptor {
  const waiting: Waiting[] = [];
  let atWork = 0;

  function pump(): void {
    while (atWork < GROUPS_AT_ONCE && waiting.length > 0) {
      atWork += 1;
      const group = waiting.splice(0, groupLength(waiting));
      for (const { timer } of group) if (timer) clearTimeout(timer);
      void acceptGroup(group).then(() => {
        atWork -= 1;
        pump();
      });
    }
  }

  /** Postgres hangs, or this process has more than it can do: the same as waiting for a connection of the pool. */
  function giveUp(one: Waiting): void {
    waiting.splice(waiting.indexOf(one), 1);
    const reason = `nothing could be stored within ${CONNECT_TIMEOUT_MS} ms`;
    one.reject(new UnavailableError('postgres', reason));
  }

  async function acceptGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const accepted = await acceptRequests(
        pool,
        group.map(({ request }) => request),
      );
      group.forEach((one, place) => settle(one, accepted[place]!));
    } catch (thrown) {
      for (const one of group) {
        if (thrown instanceof UnavailableError) one.reject(thrown);
        else settle(one, null);
      }
    }
  }

  function settle({ request, resolve, reject }: Waiting, accepted: AcceptedMessage[] | null): void {
    if (accepted) resolve(accepted);
    else retryDeadlocks(() => acceptMessages(pool, request.ref, request.messages)).then(resolve, reject);
  }

  return {
    accept: (request) =>
      new Promise((resolve, reject) => {
        const one: Waiting = { request, timer: null, resolve, reject };
        waiting.push(one);
        pump();
        if (waiting.at(-1) === one) one.timer = setTimeout(giveUp, CONNECT_TIMEOUT_MS, one);
      }),
  };
}

/** How many of those who wait go into the next transaction: the first in any case. */
export function groupLength(waiting: readonly { request: AcceptRequest }[]): number {
  let messages = 0;
  let chars = 0;
  for (const [place, { request }] of waiting.entries()) {
    messages += request.messages.length;
    chars += request.messages.reduce((sum, message) => sum + message.content.length, 0);
    if (place > 0 && (messages > MAX_GROUP_MESSAGES || chars > MAX_GROUP_CHARS)) return place;
  }
  return waiting.length;
}
