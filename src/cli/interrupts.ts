const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * While `work` runs, Ctrl-C tells it instead of ending the process: `first` is aborted by the first one, `second` by
 * the next.
 */
export async function interruptible<T>(
  work: (signals: { first: AbortSignal; second: AbortSignal }) => Promise<T>,
): Promise<T> {
  const [first, second] = [new AbortController(), new AbortController()];
  const onSignal = (): void => (first.signal.aborted ? second : first).abort();
  for (const name of SIGNALS) process.on(name, onSignal);
  try {
    return await work({ first: first.signal, second: second.signal });
  } finally {
    for (const name of SIGNALS) process.off(name, onSignal);
  }
}
