import { isIP } from 'node:net';

/** Last labels of names that nobody can register, and that resolve on a machine or within its network alone. */
const LOCAL_ENDS = new Set(['arpa', 'internal', 'lan', 'local', 'localdomain', 'localhost', 'test']);

/**
 * Whether the name in a Host header is one that anybody may have registered: its owner can make it mean this machine,
 * and so have a browser here call us for a page of theirs (DNS rebinding). Addresses, names without a dot and those of
 * containers and local networks are not.
 */
export function isPublicName(host: string): boolean {
  const name = host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
  const labels = name.split('.');
  if (name.startsWith('[') || isIP(name) !== 0 || labels.length === 1) return false;
  return !LOCAL_ENDS.has(labels.at(-1)!);
}
