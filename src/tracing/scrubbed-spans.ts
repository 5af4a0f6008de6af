import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-node';

/**
 * Attributes that leave the process. Everything else stays: workflow ids, search attributes and memos name users and
 * conversations, and a collector is no place that an erasure reaches.
 */
const KEPT_ATTRIBUTES = new Set([
  'http.request.method',
  'http.route',
  'http.response.status_code',
  'request_id',
  'run_id',
  'runId',
  'workflowType',
  'taskQueue',
  'attempt',
  'temporalActivityId',
]);

/** Hands spans on without what could tell whose they are or what was said: errors leave their kind, not their words. */
export class ScrubbedSpans implements SpanProcessor {
  constructor(private readonly next: SpanProcessor) {}

  onStart(...started: Parameters<SpanProcessor['onStart']>): void {
    this.next.onStart(...started);
  }

  onEnd(span: ReadableSpan): void {
    this.next.onEnd(scrubbed(span));
  }

  forceFlush(): Promise<void> {
    return this.next.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.next.shutdown();
  }
}

function scrubbed(span: ReadableSpan): ReadableSpan {
  const kept = Object.entries(span.attributes).filter(([name]) => KEPT_ATTRIBUTES.has(name));
  const kind = span.events.map((event) => event.attributes?.['exception.type']).find((one) => one);
  const attributes = Object.fromEntries(kind === undefined ? kept : [...kept, ['error.type', kind]]);
  // The span's own methods go on working on what it is.
  return Object.create(span, {
    attributes: { value: attributes },
    events: { value: [] },
    links: { value: [] },
    status: { value: { code: span.status.code } },
  }) as ReadableSpan;
}
