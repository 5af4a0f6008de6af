import { CliError, EXIT } from './exit';
import { commandLine, KEY_VARIABLE } from './invocation';
import type { ServerAddress } from './server';

const IMPORTS = '/v1/imports/';

/** What a person is told when the server answers, and it is not what was asked for. */
export function refusal(address: ServerAddress, status: number, body: unknown, path = ''): CliError {
  const detail = detailOf(body);
  if (detail === undefined) return notThisApi(address, status);
  const said = `the server says ${status}: ${detail}`;
  if (status === 401)
    return new CliError(EXIT.failed, said, [`Give a key with --api-key KEY or in ${KEY_VARIABLE}.`]);
  if (status === 403)
    return new CliError(EXIT.failed, said, [
      `Use a key that may; \`${commandLine(['keys', 'list'])}\` shows what each may, \`keys create\` makes one.`,
    ]);
  if (status === 404) return new CliError(EXIT.failed, said, [whereElse(address, path)]);
  if (status === 429 || status === 503)
    return new CliError(EXIT.unreachable, said, ['Wait a little and run the same command again.']);
  if (status >= 500) return new CliError(EXIT.failed, said, ['The reason is in the server’s log.']);
  return new CliError(EXIT.failed, said, fieldsOf(body, said));
}

/** What a person is told when something else listens there. */
export function notThisApi({ url }: Pick<ServerAddress, 'url'>, status: number): CliError {
  return new CliError(EXIT.unreachable, `what answers at ${url} (${status}) does not speak this API`, [
    'Is --url right? It is the address of the API, without /v1.',
  ]);
}

/** Of what is asked for by its id, only imports may be missing; else it is the server that is another. */
function whereElse(address: ServerAddress, path: string): string {
  return path.startsWith(IMPORTS)
    ? `\`${commandLine(['imports', 'list'], address)}\` shows the imports there are.`
    : 'Is --url right? It is the address of the API, without /v1.';
}

function detailOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('title' in body)) return undefined;
  return 'detail' in body ? `${String(body.title)}: ${String(body.detail)}` : String(body.title);
}

function fieldsOf(body: unknown, said: string): string[] {
  const { errors } = body as { errors?: Array<{ path: string; message: string }> };
  if (!Array.isArray(errors)) return [];
  const lines = errors.map(({ path, message }) => `${path}: ${message}`);
  // A single one may be the whole detail already.
  return lines.length === 1 && said.endsWith(lines[0]!) ? [] : lines.map((line) => `  ${line}`);
}
