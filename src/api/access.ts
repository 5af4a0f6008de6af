import type { IncomingHttpHeaders } from 'node:http';
import { LRUCache } from 'lru-cache';
import { grants, isSecretOf, parseKey, type Scope } from '../domain/api-key';
import { DomainError } from '../domain/errors';
import type { KeysThereAre, StoredKey } from '../record/api-keys';
import { isPublicName } from './host-name';
import { LastKnown } from './last-known';

/** A revoked key is refused, and a new one taken, at the latest after this. */
const KEY_FRESH_MS = 2_000;
/** With the record out of reach, keys that were seen lately stay good for so long. */
const KEY_STALE_MS = 60_000;
const MAX_REMEMBERED_KEYS = 10_000;
const BEARER = /^Bearer +(\S+) *$/i;
const TOKEN = /^(?:Bearer|Token) +(\S+) *$/i;
const REALM = 'Bearer realm="agentic-memories"';

/** Who asks: a key, or anybody where no key is needed. */
export interface Caller {
  namespace: string;
  /** Null: nobody needs a key here. */
  keyId: string | null;
  scope: Scope;
  /** Null: every user of the namespace. */
  userIds: ReadonlySet<string> | null;
}

export interface AccessOptions {
  /** Whether a key is needed even when none was made: the address is reachable from other machines. */
  keyNeeded: boolean;
  /** The namespace of callers without a key. */
  namespace: string;
  /** Only this machine can reach it: a caller without a key that calls it by a public name is a stranger's web page. */
  localNamesOnly: boolean;
  findKey(keyId: string): Promise<StoredKey | null>;
  keysThereAre(): Promise<KeysThereAre>;
}

/** Who may come in. */
export class Access {
  private readonly thereAre: LastKnown<KeysThereAre>;
  private readonly keys = new LRUCache<string, LastKnown<StoredKey | null>>({ max: MAX_REMEMBERED_KEYS });
  /** Who needs no key. */
  readonly anybody: Caller;

  constructor(private readonly options: AccessOptions) {
    const times = { freshMs: KEY_FRESH_MS, staleMs: KEY_STALE_MS };
    this.thereAre = new LastKnown({ load: () => options.keysThereAre(), ...times });
    this.anybody = { namespace: options.namespace, keyId: null, scope: 'admin', userIds: null };
  }

  /**
   * @param options takesToken: the key may come as `Authorization: Token KEY` too
   * @throws DomainError 401; UnavailableError when keys cannot be looked up
   */
  async callerOf(
    headers: IncomingHttpHeaders,
    options: { takesToken?: boolean | undefined } = {},
  ): Promise<Caller> {
    if (!this.options.keyNeeded && !(await this.thereAre.get()).made) {
      if (this.options.localNamesOnly) requireLocalName(headers.host);
      return this.anybody;
    }
    const text = presentedKey(headers, options.takesToken ? TOKEN : BEARER);
    if (text === null)
      throw refused(REALM, 'A key is needed: send it as Authorization: Bearer KEY, or as X-API-Key.');
    const parts = parseKey(text);
    const key = parts && (await this.lookUp(parts.keyId).get());
    if (!key || !isSecretOf(parts.secret, key.secretDigest) || key.revokedAt !== null)
      throw refused(`${REALM}, error="invalid_token"`, 'This key is unknown or was revoked.');
    return {
      namespace: key.namespace,
      keyId: key.keyId,
      scope: key.scope,
      userIds: key.userIds && new Set(key.userIds),
    };
  }

  private lookUp(keyId: string): LastKnown<StoredKey | null> {
    const known = this.keys.get(keyId);
    if (known) return known;
    const load = (): Promise<StoredKey | null> => this.options.findKey(keyId);
    const fresh = new LastKnown({ load, freshMs: KEY_FRESH_MS, staleMs: KEY_STALE_MS });
    this.keys.set(keyId, fresh);
    return fresh;
  }
}

/** @throws DomainError 403 */
function requireLocalName(host: string | undefined): void {
  if (host === undefined || !isPublicName(host)) return;
  const detail =
    'Without keys this API is for its own machine; a web page could make this name mean it, and read everything. Call it by 127.0.0.1 or localhost, make a key (npx agentic-memories keys create), or set AUTH=off.';
  throw new DomainError(403, 'Not allowed', detail);
}

/** @throws DomainError 403 when the caller's scope is less than `needed` */
export function requireScope(caller: Caller, needed: Scope): void {
  if (grants(caller.scope, needed)) return;
  const detail = `This takes a key with the scope ${needed}; this one has ${caller.scope}.`;
  throw new DomainError(403, 'Not allowed', detail, {
    headers: { 'WWW-Authenticate': `${REALM}, error="insufficient_scope", scope="${needed}"` },
  });
}

/** Whether the caller may see and change a user's data. */
export function maySee(caller: Caller, userId: string): boolean {
  return caller.userIds === null || caller.userIds.has(userId);
}

/** @throws DomainError 403 for a user that the caller's key is not for; null stands for all of the namespace */
export function requireUser(caller: Caller, userId: string | null): void {
  if (userId === null ? caller.userIds === null : maySee(caller, userId)) return;
  const detail =
    userId === null
      ? 'This concerns the whole namespace; this key is limited to some users.'
      : 'This key is not for this user.';
  throw new DomainError(403, 'Not allowed', detail);
}

function presentedKey(
  { authorization, 'x-api-key': header }: IncomingHttpHeaders,
  scheme: RegExp,
): string | null {
  const key = scheme.exec(authorization ?? '')?.[1];
  if (key !== undefined) return key;
  return typeof header === 'string' && header !== '' ? header : null;
}

function refused(challenge: string, detail: string): DomainError {
  return new DomainError(401, 'Unauthorized', detail, { headers: { 'WWW-Authenticate': challenge } });
}
