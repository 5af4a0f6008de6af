import type { Scope } from '../domain/api-key';
import { run, type Queryable } from './pool';

/** A key as it is stored: of its secret only the digest. */
export interface StoredKey {
  keyId: string;
  namespace: string;
  name: string;
  secretDigest: Buffer;
  scope: Scope;
  /** Null: every user of the namespace. */
  userIds: string[] | null;
  createdAt: Date;
  revokedAt: Date | null;
}

interface KeyRow {
  key_id: string;
  namespace: string;
  name: string;
  secret_sha256: Buffer;
  scope: Scope;
  user_ids: string[] | null;
  created_at: Date;
  revoked_at: Date | null;
}

const COLUMNS = 'key_id, namespace, name, secret_sha256, scope, user_ids, created_at, revoked_at';

const INSERT = {
  name: 'insert-key',
  text: `INSERT INTO api_keys (key_id, namespace, name, secret_sha256, scope, user_ids)
         VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${COLUMNS}`,
};

/** Keeps a new key. */
export async function insertKey(
  on: Queryable,
  key: Omit<StoredKey, 'createdAt' | 'revokedAt'>,
): Promise<StoredKey> {
  const values = [key.keyId, key.namespace, key.name, key.secretDigest, key.scope, key.userIds];
  return keyOf((await run<KeyRow>(on, INSERT, values)).rows[0]!);
}

const FIND = { name: 'find-key', text: `SELECT ${COLUMNS} FROM api_keys WHERE key_id = $1` };

/** A key by its id, revoked or not. */
export async function findKey(on: Queryable, keyId: string): Promise<StoredKey | null> {
  const row = (await run<KeyRow>(on, FIND, [keyId])).rows[0];
  return row ? keyOf(row) : null;
}

const LIST = {
  name: 'list-keys',
  text: `SELECT ${COLUMNS} FROM api_keys WHERE $1::text IS NULL OR namespace = $1 ORDER BY created_at, key_id`,
};

/** The keys of a namespace (null: of all), the oldest first, revoked ones included. */
export async function listKeys(on: Queryable, namespace: string | null): Promise<StoredKey[]> {
  return (await run<KeyRow>(on, LIST, [namespace])).rows.map(keyOf);
}

const REVOKE = {
  name: 'revoke-key',
  text: `UPDATE api_keys SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE key_id = $1 RETURNING ${COLUMNS}`,
};

/** Revokes a key for good. @returns null when there is none */
export async function revokeKey(on: Queryable, keyId: string): Promise<StoredKey | null> {
  const row = (await run<KeyRow>(on, REVOKE, [keyId])).rows[0];
  return row ? keyOf(row) : null;
}

/** Whether there is any key, and any that is not revoked. */
export interface KeysThereAre {
  made: boolean;
  valid: boolean;
}

const THERE_ARE = {
  name: 'keys-there-are',
  text: `SELECT EXISTS (SELECT 1 FROM api_keys) AS made, EXISTS (SELECT 1 FROM api_keys WHERE revoked_at IS NULL) AS valid`,
};

/** Keys that were revoked count as made: taking back the last one must not open the door. */
export async function keysThereAre(on: Queryable): Promise<KeysThereAre> {
  return (await run<{ made: boolean; valid: boolean }>(on, THERE_ARE)).rows[0]!;
}

function keyOf(row: KeyRow): StoredKey {
  return {
    keyId: row.key_id,
    namespace: row.namespace,
    name: row.name,
    secretDigest: row.secret_sha256,
    scope: row.scope,
    userIds: row.user_ids,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  };
}
