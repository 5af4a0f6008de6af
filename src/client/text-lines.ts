import { ConnectionError, UnexpectedAnswerError } from './errors';

/** Of an answer that is not ours. */
const SHOWN_CHARS = 60;

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

/** The JSON values of an NDJSON answer. @throws UnexpectedAnswerError */
export async function* jsonLines<T>(response: Response): AsyncGenerator<T, void> {
  for await (const line of textLines(response)) if (line.trim() !== '') yield jsonOf<T>(line);
}

/** The JSON of an answer. @throws UnexpectedAnswerError */
export function jsonOf<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new UnexpectedAnswerError(
      `what answers does not speak this API (it said ${JSON.stringify(text.slice(0, SHOWN_CHARS))}): baseUrl is the API's address, without /v1`,
      { cause },
    );
  }
}
