import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { UnavailableError } from '../domain/errors';
import { MAX_TOKENS_PER_TEXT } from './document-batches';
import { GRAPH_FILE } from './model-files';

const CHILD_FILE = join(__dirname, 'local-embedder-child.js');
const START_TIMEOUT_MS = 60_000;
/** A batch takes a fraction of a second; a starved machine may need much longer. */
const BATCH_TIMEOUT_MS = 120_000;
const CLOSE_TIMEOUT_MS = 2_000;
const STDERR_KEPT_CHARS = 2_000;

export interface ProcessOptions {
  modelDir: string;
  threads: number;
  nice: number;
}

type Answer = { ready: boolean; error?: string } | { id: number; vectors?: Float32Array; error?: string };

/** One run of the child that holds the model: it is started, answers batch after batch, and ends once. */
export class LocalEmbedderProcess {
  /** Settles when the model is loaded. */
  readonly ready: Promise<void>;
  private readonly child: ChildProcess;
  private nextId = 1;
  private stderr = '';
  private ended: UnavailableError | null = null;
  private started: { resolve: () => void; reject: (reason: UnavailableError) => void } | null = null;
  private readonly waiting = new Map<number, (answer: Float32Array | UnavailableError) => void>();

  constructor(
    options: ProcessOptions,
    private readonly onEnd: () => void,
  ) {
    this.child = fork(CHILD_FILE, [], {
      serialization: 'advanced', // vectors cross as bytes, not as JSON
      execArgv: [], // neither the parent's debugger port nor its loaders
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr = (this.stderr + chunk.toString('utf8')).slice(-STDERR_KEPT_CHARS);
    });
    this.child.on('error', (cause) =>
      this.end(new UnavailableError('embedder', 'the local embedder does not start', { cause })),
    );
    this.child.on('exit', (code, signal) => this.end(this.explainExit(code, signal)));
    this.child.on('message', (message) => this.receive(message as Answer));
    this.ready = new Promise<void>((resolve, reject) => {
      this.started = { resolve, reject };
      const timer = setTimeout(
        () => this.kill(`the local embedder did not load its model within ${START_TIMEOUT_MS / 1_000} s`),
        START_TIMEOUT_MS,
      );
      timer.unref();
      this.child.once('exit', () => clearTimeout(timer));
      this.child.once('message', () => clearTimeout(timer));
    });
    this.ready.catch(() => {}); // whoever waits for it handles it; nobody has to wait
    this.transmit({ ...options, graphFile: GRAPH_FILE, maxTokens: MAX_TOKENS_PER_TEXT });
    this.holdParent(true);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Vectors of one batch, one after the other. @throws UnavailableError when the child fails or ends */
  embed(texts: string[]): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      if (this.ended) return reject(this.ended);
      const id = this.nextId++;
      const timer = setTimeout(
        () => this.kill(`the local embedder did not answer within ${BATCH_TIMEOUT_MS / 1_000} s`),
        BATCH_TIMEOUT_MS,
      );
      this.waiting.set(id, (answer) => {
        clearTimeout(timer);
        this.waiting.delete(id);
        if (this.waiting.size === 0) this.holdParent(false);
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      });
      this.holdParent(true);
      this.transmit({ id, texts });
    });
  }

  /** Ends the child; what it was doing fails. */
  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
    this.end(new UnavailableError('embedder', 'the local embedder was closed'));
    if (this.child.connected) this.child.disconnect();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }

  private receive(message: Answer): void {
    if ('ready' in message) {
      this.holdParent(this.waiting.size > 0);
      if (message.ready) this.started?.resolve();
      else this.kill(`the local embedder cannot load its model: ${message.error ?? 'no reason given'}`);
      return;
    }
    const failure = (): UnavailableError =>
      new UnavailableError('embedder', `the local embedder failed: ${message.error ?? 'no reason given'}`);
    this.waiting.get(message.id)?.(message.vectors ?? failure());
  }

  private transmit(message: object): void {
    this.child.send(message, (cause) => {
      if (cause) this.end(new UnavailableError('embedder', 'the local embedder is gone', { cause }));
    });
  }

  /** An idle child must not keep its parent from ending; one at work must. */
  private holdParent(hold: boolean): void {
    if (hold) {
      this.child.ref();
      this.child.channel?.ref();
    } else {
      this.child.unref();
      this.child.channel?.unref();
    }
    const stderr = this.child.stderr as { ref?(): void; unref?(): void } | null;
    if (hold) stderr?.ref?.();
    else stderr?.unref?.();
  }

  private kill(reason: string): void {
    this.end(new UnavailableError('embedder', reason));
    this.child.kill('SIGKILL');
  }

  private explainExit(code: number | null, signal: NodeJS.Signals | null): UnavailableError {
    const how = signal ? `was ended by ${signal}` : `ended with code ${code}`;
    const said = this.stderr.trim() ? `: ${this.stderr.trim()}` : '';
    return new UnavailableError('embedder', `the local embedder ${how}${said}`);
  }

  private end(reason: UnavailableError): void {
    if (this.ended) return;
    this.ended = reason;
    this.started?.reject(reason);
    for (const settle of [...this.waiting.values()]) settle(reason);
    this.onEnd();
  }
}
