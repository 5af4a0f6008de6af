import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a key may do, the least first: each scope includes those before it. */
export const SCOPES = ['read', 'write', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** Whether a key that holds `held` may do what takes `needed`. */
export function grants(held: Scope, needed: Scope): boolean {
  return SCOPES.indexOf(held) >= SCOPES.indexOf(needed);
}

const PREFIX = 'am';
const ID_BYTES = 8;
const SECRET_BYTES = 32;
const SHAPE = /^am_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

/** A key, taken apart: its id is no secret and finds its row. */
export interface KeyParts {
  keyId: string;
  secret: string;
}

/** 256 random bits: a plain hash of them cannot be searched. */
export function newKeyParts(): KeyParts {
  return {
    keyId: randomBytes(ID_BYTES).toString('hex'),
    secret: randomBytes(SECRET_BYTES).toString('base64url'),
  };
}

/** A key as its owner sends it. */
export function keyText({ keyId, secret }: KeyParts): string {
  return `${PREFIX}_${keyId}_${secret}`;
}

/** Null for what no key looks like. */
export function parseKey(text: string): KeyParts | null {
  const match = SHAPE.exec(text);
  return match ? { keyId: match[1]!, secret: match[2]! } : null;
}

/** What is stored of a secret. */
export function secretDigest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Whether a secret has this digest; takes the same time whatever it is. */
export function isSecretOf(secret: string, digest: Buffer): boolean {
  return timingSafeEqual(secretDigest(secret), digest);
}
