import http from 'node:http';
import https from 'node:https';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { ensureError } from '../domain/errors';
import { CliError, EXIT } from './exit';
import { refusal } from './refusal';

const ANSWER_TIMEOUT_MS = 30_000;
/** The server may hold a stream back while its database is away; this long nothing at all moves. */
const UPLOAD_IDLE_TIMEOUT_MS = 5 * 60_000;

export interface ServerAddress {
  url: string;
  apiKey?: string | undefined;
}

/** The API, as the command line speaks to it. Whatever goes wrong is a CliError that says what to do. */
export class Server {
  constructor(readonly address: ServerAddress) {}

  /** One request without a body; the answer is JSON. */
  async ask<T>(method: string, path: string): Promise<T> {
    const { request, answered } = this.open(method, path, {}, ANSWER_TIMEOUT_MS);
    request.end();
    return this.read<T>(await answered, path);
  }

  /** The lines of an NDJSON answer, as they come. */
  async *lines<T>(path: string): AsyncGenerator<T> {
    const { request, answered } = this.open('GET', path, {}, ANSWER_TIMEOUT_MS);
    request.end();
    const response = await answered;
    if (response.statusCode !== 200) await this.read(response, path);
    try {
      for await (const line of createInterface({ input: response, crlfDelay: Infinity }))
        if (line.trim() !== '') yield JSON.parse(line) as T;
    } catch (thrown) {
      throw this.unreachable(ensureError(thrown));
    } finally {
      request.destroy();
    }
  }

  /**
   * Sends NDJSON as it is made, no faster than the server takes it. An answer before the end ends the sending.
   * @param giveUp when aborted, the connection is cut without waiting for the answer
   */
  async upload<T>(path: string, pieces: AsyncIterable<string>, giveUp: AbortSignal): Promise<T> {
    const headers = { 'Content-Type': 'application/x-ndjson' };
    const { request, answered } = this.open('POST', path, headers, UPLOAD_IDLE_TIMEOUT_MS);
    const cut = (): void => void request.destroy(new Error('given up'));
    giveUp.addEventListener('abort', cut);
    const settled = answered.then(
      () => undefined,
      () => undefined,
    );
    const iterator = pieces[Symbol.asyncIterator]();
    try {
      for (;;) {
        // The file may be a pipe that stays silent for long: an answer ends the waiting.
        const next = await Promise.race([iterator.next(), settled]);
        if (next === undefined || next.done) break;
        if (!request.write(next.value))
          await Promise.race([new Promise((resume) => request.once('drain', resume)), settled]);
      }
      request.end();
      return await this.read<T>(await answered, path);
    } catch (thrown) {
      request.destroy();
      throw thrown;
    } finally {
      giveUp.removeEventListener('abort', cut);
    }
  }

  private open(
    method: string,
    path: string,
    headers: Record<string, string>,
    idleTimeoutMs: number,
  ): { request: http.ClientRequest; answered: Promise<http.IncomingMessage> } {
    const { url, apiKey } = this.address;
    const target = new URL(url.replace(/\/+$/, '') + path);
    const request = (target.protocol === 'https:' ? https : http).request(target, {
      method,
      headers: { Accept: 'application/json', ...headers, ...(apiKey ? { 'X-API-Key': apiKey } : {}) },
    });
    request.setTimeout(idleTimeoutMs, () =>
      request.destroy(new Error(`nothing was heard of it for ${idleTimeoutMs / 1_000} s`)),
    );
    const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
      request.once('response', resolve);
      request.on('error', (error) => reject(this.unreachable(error)));
      request.once('close', () => reject(this.unreachable(new Error('the connection was closed'))));
    });
    answered.catch(() => undefined);
    return { request, answered };
  }

  private async read<T>(response: http.IncomingMessage, path: string): Promise<T> {
    let body: string;
    try {
      body = await text(response);
    } catch (thrown) {
      throw this.unreachable(ensureError(thrown));
    }
    const status = response.statusCode ?? 0;
    const json = parsed(body);
    if (status >= 200 && status < 300 && typeof json === 'object' && json !== null) return json as T;
    throw refusal(this.address, status, json, path);
  }

  private unreachable(error: Error): CliError {
    // A host with several addresses fails with one error for each, and no words of its own.
    const reason = error.message || ('code' in error ? String(error.code) : error.name);
    return new CliError(
      EXIT.unreachable,
      `the server at ${this.address.url} is out of reach: ${reason}`,
      ['Is it running (npm start), and is --url right?'],
      { cause: error },
    );
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}
