import { setTimeout as sleep } from 'node:timers/promises';

const REQUEST_DEADLINE_MS = 8_000;
const ACKNOWLEDGE_DEADLINE_MS = 150_000;
const RETRY_MS = 200;
const PAUSE_MS = 60;
const ERASED = 410;
const USERS = 3;
const CONVERSATIONS_A_USER = 2;
const IMPORTED_CONVERSATIONS = 10;
const IMPORTED_MESSAGES = 2_000;
const SUBJECTS = ['harbour', 'violin', 'orchard', 'glacier'];

/** What clients do meanwhile, and what they were promised. */
export class Traffic {
  /** `user/conversation/message` of everything answered with a 2xx. */
  readonly acknowledged = new Set<string>();
  sent = 0;
  resent = 0;
  private ended = false;

  constructor(private readonly urls: readonly string[]) {}

  /** Writes conversations until told to stop. */
  live(): Promise<unknown> {
    const writers = Array.from({ length: USERS * CONVERSATIONS_A_USER }, (_, place) =>
      this.write(`user-${place % USERS}`, `chat-${Math.floor(place / USERS)}`),
    );
    return Promise.all(writers);
  }

  stop(): void {
    this.ended = true;
  }

  /** Somebody is erased while still talking. @returns their id; nothing of it may be left */
  async erase(afterMs: number): Promise<string> {
    const user = 'user-erased';
    let refused = false;
    const talk = async (): Promise<void> => {
      for (let place = 0; !refused && !this.ended; place += 1) {
        const body = { user_id: user, messages: [{ role: 'user', content: said(place, user) }] };
        const path = '/v1/conversations/gone/messages';
        refused = await this.untilTaken('POST', path, JSON.stringify(body), 'application/json').then(
          () => false,
          (error: unknown) => {
            if (error instanceof RefusedForGood && error.status === ERASED) return true;
            throw error;
          },
        );
        await sleep(PAUSE_MS);
      }
    };
    const talking = talk();
    talking.catch(() => undefined);
    await sleep(afterMs);
    await this.untilTaken('DELETE', `/v1/users/${user}`, undefined, 'application/json');
    await talking;
    return user;
  }

  /** Sends one large file, again and again until it was taken whole. */
  async import(): Promise<string> {
    const lines: string[] = [];
    const ids: string[] = [];
    for (let place = 0; place < IMPORTED_MESSAGES; place += 1) {
      const [user, conversation] = [`user-${place % USERS}`, `old-${place % IMPORTED_CONVERSATIONS}`];
      const line = {
        user_id: user,
        conversation_id: conversation,
        message_id: `line-${place}`,
        role: 'user',
      };
      lines.push(JSON.stringify({ ...line, content: said(place, user) }));
      ids.push(`${user}/${conversation}/line-${place}`);
    }
    const answer = await this.untilTaken('POST', '/v1/imports', lines.join('\n'), 'application/x-ndjson');
    for (const id of ids) this.acknowledged.add(id);
    return answer['status_url'] as string;
  }

  private async write(user: string, conversation: string): Promise<void> {
    for (let place = 0; !this.ended; place += 1) {
      const body = {
        conversation_id: conversation,
        message_id: `live-${place}`,
        role: place % 2 === 0 ? 'user' : 'assistant',
        content: said(place, user),
        metadata: { user_id: user },
      };
      await this.untilTaken('POST', '/v1/orchestrator/message', JSON.stringify(body), 'application/json');
      this.acknowledged.add(`${user}/${conversation}/live-${place}`);
      await sleep(PAUSE_MS);
    }
  }

  /** Sends a request to one API process after the other until one has taken it. */
  private async untilTaken(
    method: string,
    path: string,
    body: string | undefined,
    type: string,
  ): Promise<Record<string, unknown>> {
    const deadline = Date.now() + ACKNOWLEDGE_DEADLINE_MS;
    for (let attempt = 0; ; attempt += 1) {
      if (attempt === 0) this.sent += 1;
      else this.resent += 1;
      const url = this.urls[(attempt + this.sent) % this.urls.length]!;
      try {
        const response = await fetch(url + path, {
          method,
          headers: { 'Content-Type': type },
          ...(body === undefined ? {} : { body }),
          signal: AbortSignal.timeout(REQUEST_DEADLINE_MS),
        });
        const answer = (await response.json()) as Record<string, unknown>;
        if (response.ok) return answer;
        if (response.status < 500 && response.status !== 429) throw new RefusedForGood(response.status, path);
      } catch (error) {
        if (error instanceof RefusedForGood || Date.now() > deadline) throw error;
      }
      if (Date.now() > deadline)
        throw new Error(`${path} was not taken within ${ACKNOWLEDGE_DEADLINE_MS} ms`);
      await sleep(RETRY_MS);
    }
  }
}

/** What no outage explains. */
class RefusedForGood extends Error {
  override name = 'RefusedForGood';

  constructor(
    readonly status: number,
    path: string,
  ) {
    super(`${path}: ${status}`);
  }
}

function said(place: number, user: string): string {
  return `Message ${place}: the ${SUBJECTS[place % SUBJECTS.length]} of ${user}.`;
}
