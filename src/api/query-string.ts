import { DomainError } from '../domain/errors';

/**
 * Reads the query of a request target. Repeated parameters become arrays. Unlike URLSearchParams it refuses a malformed
 * percent-encoding, so that two users' ids cannot both become the same replacement character.
 */
export function parseQueryString(target: string): Record<string, string | string[]> {
  const values = Object.create(null) as Record<string, string | string[]>;
  const start = target.indexOf('?');
  if (start === -1) return values;
  for (const pair of target.slice(start + 1).split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals === -1 ? pair : pair.slice(0, equals));
    const value = equals === -1 ? '' : decode(pair.slice(equals + 1));
    const before = values[name];
    if (Array.isArray(before)) before.push(value);
    else values[name] = before === undefined ? value : [before, value];
  }
  return values;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.includes('+') ? text.replaceAll('+', ' ') : text);
  } catch (cause) {
    throw new DomainError(400, 'Bad request', 'The query string is not valid percent-encoded UTF-8.', {
      cause,
    });
  }
}
