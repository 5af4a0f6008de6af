import { ancestors, isAlive, type ProcessIdentity } from './process-identity';

const PACKAGE_MANAGER = /(^|[\s/])(npm|npx|pnpm|yarn|bun)(-cli\.js|\.c?js)?(\s|$)/;
/** `ps` is a process each time, reading /proc is not. */
const POLL_MS = process.platform === 'linux' ? 500 : 2_000;

/**
 * Calls back when npm, or the shell that npm puts between, is gone. Neither their death nor a signal to them needs to
 * reach this process, and its parent's pid shows the shell alone. Started without npm, nothing is watched: then it may
 * outlive the shell on purpose.
 */
export function watchPackageManager(
  onGone: (who: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): void {
  const watched = env['npm_lifecycle_event'] === undefined ? [] : upToPackageManager(ancestors(process.pid));
  if (watched.length === 0) return;
  const timer = setInterval(() => {
    const gone = watched.find((ancestor) => !isAlive(ancestor));
    if (gone === undefined) return;
    clearInterval(timer);
    onGone(`${gone.command || 'parent'} (process ${gone.pid})`);
  }, POLL_MS);
  timer.unref();
}

/** The ancestors from the nearest up to the package manager; the parent alone when none of them looks like one. */
export function upToPackageManager<A extends ProcessIdentity & { command: string }>(chain: A[]): A[] {
  const index = chain.findIndex((ancestor) => PACKAGE_MANAGER.test(ancestor.command));
  return chain.slice(0, index < 0 ? 1 : index + 1);
}
