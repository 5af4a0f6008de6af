import { grants, isSecretOf, keyText, newKeyParts, parseKey, secretDigest } from './api-key';

describe('keys', () => {
  it('are told apart by their id, and known by their secret alone', () => {
    const [one, other] = [newKeyParts(), newKeyParts()];
    expect(parseKey(keyText(one))).toEqual(one);
    expect(one.keyId).not.toBe(other.keyId);
    expect(isSecretOf(one.secret, secretDigest(one.secret))).toBe(true);
    expect(isSecretOf(other.secret, secretDigest(one.secret))).toBe(false);
    expect(secretDigest(one.secret).toString('utf8')).not.toContain(one.secret);
  });

  it.each(['', 'am', 'am__', 'am_0123456789abcdef_short', `xx_0123456789abcdef_${'a'.repeat(43)}`])(
    'do not look like %p',
    (text) => expect(parseKey(text)).toBeNull(),
  );
});

it.each([
  ['read', 'read', true],
  ['read', 'write', false],
  ['write', 'read', true],
  ['write', 'admin', false],
  ['admin', 'write', true],
] as const)('%s grants %s: %p', (held, needed, granted) => expect(grants(held, needed)).toBe(granted));
