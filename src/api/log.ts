import pino, { type Logger } from 'pino';
import { ensureError } from '../domain/errors';

interface LoggedError {
  name: string;
  message: string;
  code?: string;
  stack?: string;
  cause?: LoggedError;
}

const MAX_CAUSES = 5;
/** Their middle names a user and a conversation; the hash at their end tells them apart all the same. */
const WORKFLOW_IDS = /\b(conversation|extract|tiers|reindex):[^\s"]*:([0-9a-f]{8})\b/g;

/**
 * The logger of a process. Of an error it writes its name, message, code, stack and causes: everything else that
 * clients of servers hang on their errors (statements' values, request bodies) may hold what people said.
 */
export function createLogger(level: string, part: 'api' | 'worker' = 'api'): Logger {
  return pino({
    level,
    base: { part },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: (thrown: unknown) => logged(thrown) },
    hooks: { streamWrite: withoutNames },
  });
}

/** A line as it is written, whoever has put a workflow's id into it: logs outlive the people they name. */
export function withoutNames(line: string): string {
  return line.replace(WORKFLOW_IDS, '$1:…:$2');
}

function logged(thrown: unknown, depth = 0): LoggedError {
  const error = ensureError(thrown);
  const { code } = error as Error & { code?: unknown };
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code) } : {}),
    ...(error.stack ? { stack: error.stack } : {}),
    ...(error.cause !== undefined && depth < MAX_CAUSES ? { cause: logged(error.cause, depth + 1) } : {}),
  };
}
