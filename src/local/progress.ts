const LINE_EVERY_MS = 10_000;
const MS_A_SECOND = 1_000;
const SECONDS_A_MINUTE = 60;

/**
 * Runs a long step and says how long it has taken so far, in plain lines, so that it shows without a terminal too.
 * @param work is handed a function that says what it is at
 */
export async function withProgress<T>(
  what: string,
  log: (line: string) => void,
  work: (say: (detail: string) => void) => Promise<T>,
): Promise<T> {
  const started = Date.now();
  let detail = '';
  log(`${what} …`);
  const timer = setInterval(
    () => log(`${what} … ${elapsed(started)}${detail && `, ${detail}`}`),
    LINE_EVERY_MS,
  );
  try {
    const result = await work((now) => (detail = now));
    log(`${what}: done in ${elapsed(started)}`);
    return result;
  } finally {
    clearInterval(timer);
  }
}

function elapsed(since: number): string {
  const seconds = Math.round((Date.now() - since) / MS_A_SECOND);
  const minutes = Math.floor(seconds / SECONDS_A_MINUTE);
  return minutes === 0 ? `${seconds} s` : `${minutes} min ${seconds % SECONDS_A_MINUTE} s`;
}
