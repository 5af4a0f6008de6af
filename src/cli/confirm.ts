import { createInterface } from 'node:readline/promises';
import { CliError, EXIT } from './exit';

/** A terminal that somebody sits at. */
interface Terminal {
  input: NodeJS.ReadableStream;
  output: NodeJS.WritableStream;
}

/** Asks whether a user is to be erased. @throws CliError unless their id is typed */
export async function confirmErasing(user: string, { input, output }: Terminal): Promise<void> {
  const terminal = createInterface({ input, output, terminal: true });
  const question = `This erases everything of ${user} and cannot be undone. Type the user's id to go on: `;
  try {
    const typed = await terminal.question(question);
    if (typed !== user) throw new CliError(EXIT.usage, 'nothing was erased: what you typed is not the id');
  } catch (thrown) {
    // Ctrl-C or Ctrl-D: the line is still open.
    if ((thrown as Error).name !== 'AbortError') throw thrown;
    output.write('\n');
    throw new CliError(EXIT.interrupted, 'nothing was erased', [], { cause: thrown });
  } finally {
    terminal.close();
  }
}
