import { ConnectionError } from './errors';

/** The lines of an answer as they come, without their ends. @throws ConnectionError when it is cut */
export async function* textLines(response: Response): AsyncGenerator<string, void> {
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += decoder.decode(value, { stream: !done });
      const lines = rest.split('\n');
      rest = lines.pop()!;
      yield* lines.map((line) => line.replace(/\r$/, ''));
      if (done) break;
    }
    if (rest !== '') yield rest;
  } catch (error) {
    throw new ConnectionError('the answer was cut', { cause: error });
  } finally {
    // However the stream stands: nobody reads on.
    await reader.cancel().catch(() => undefined);
  }
}

/** The JSON values of an NDJSON answer. */
export async function* jsonLines<T>(response: Response): AsyncGenerator<T, void> {
  for await (const line of textLines(response)) if (line.trim() !== '') yield JSON.parse(line) as T;
}
