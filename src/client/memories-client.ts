import { newId } from './ids';
import type { CallOptions, Transport } from './transport';
import type { Item, MemoryPatch, NewMemory } from './wire';

/** Single memories by their id. */
export class MemoriesClient {
  constructor(private readonly transport: Transport) {}

  /** Writes a memory by hand. */
  create(memory: NewMemory, options?: CallOptions): Promise<Item> {
    // It has no id that the server could know it by: the key makes sending it again safe.
    const headers = { 'Idempotency-Key': newId() };
    return this.transport.json(
      { method: 'POST', path: '/v1/memories/direct', body: memory, headers },
      options,
    );
  }

  /** @throws NotFoundError where there is none, or it is another user's */
  get(userId: string, id: string, options?: CallOptions): Promise<Item> {
    return this.on('GET', userId, id, undefined, options);
  }

  update(userId: string, id: string, patch: MemoryPatch, options?: CallOptions): Promise<Item> {
    return this.on('PATCH', userId, id, patch, options);
  }

  /** It is out of search before this resolves. */
  delete(userId: string, id: string, options?: CallOptions): Promise<{ id: string; deleted: true }> {
    return this.on('DELETE', userId, id, undefined, options);
  }

  private on<T>(
    method: string,
    userId: string,
    id: string,
    body: unknown,
    options?: CallOptions,
  ): Promise<T> {
    const path = `/v1/memories/${encodeURIComponent(id)}`;
    return this.transport.json({ method, path, query: { user_id: userId }, body }, options);
  }
}
