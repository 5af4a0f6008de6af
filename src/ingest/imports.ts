import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { conflict, notFound } from '../domain/errors';
import { importWorkflowId, type ImportRef } from '../domain/import';
import { commandImport, createImport, endImportBody, viewImport, type ImportView } from '../record/imports';
import type { ImportTeller } from '../temporal/import-signals';
import type { ReadLine } from './import-lines';
import { ImportRoom } from './import-room';
import type { Quotas } from './quotas';
import { receiveLines } from './receive-import';

/** A body that takes longer is indexed while it comes; before that, indexing it would only slow down its answer. */
const HEAD_START_MS = 2_000;

/** A body that was received to its end, or up to the line it was aborted at. */
export interface ReceivedImport {
  view: ImportView;
  workflowId: string;
  abortedAtLine: number | null;
}

/** Large backfills: received as a stream, indexed behind live traffic. */
export interface Imports {
  /**
   * Stores a body's lines as they come. Whatever ends it, what was stored stays and is indexed.
   * @throws what `lines` throws, UnavailableError('postgres'), DomainError 409 when the import was cancelled meanwhile
   */
  receive(
    ref: ImportRef,
    lines: AsyncIterable<readonly ReadLine[]>,
    options: { abortOnError: boolean; createdByKey?: string | null },
  ): Promise<ReceivedImport>;
  /** @throws DomainError 404 for an unknown import, 409 for one that has ended */
  command(ref: ImportRef, command: 'pause' | 'resume' | 'cancel'): Promise<ImportView>;
}

/** Names an import before its first line is read. */
export function newImportRef(namespace: string): ImportRef {
  return { namespace, importId: randomUUID() };
}

/** See {@link Imports}. */
export function createImports(dependencies: { pool: Pool; teller: ImportTeller; quotas: Quotas }): Imports {
  const { pool, teller, quotas } = dependencies;
  const find = async (ref: ImportRef): Promise<ImportView> => {
    const view = await viewImport(pool, ref);
    if (!view) throw notFound('There is no such import.');
    return view;
  };
  return {
    async receive(ref, lines, options) {
      await createImport(pool, ref, options.createdByKey);
      // Behind the body: with Temporal down the lines are stored all the same, and the sweep tells it later.
      const slow = setTimeout(() => void teller.tell(ref), HEAD_START_MS);
      try {
        const room = new ImportRoom(pool, ref, quotas);
        const { abortedAtLine } = await receiveLines(pool, ref, lines, { ...options, room });
        return await ended(abortedAtLine);
      } catch (error) {
        // Its lease ends it if this fails too.
        await endImportBody(pool, ref).catch(() => undefined);
        void teller.tell(ref);
        throw error;
      } finally {
        clearTimeout(slow);
      }

      async function ended(abortedAtLine: number | null): Promise<ReceivedImport> {
        await endImportBody(pool, ref);
        void teller.tell(ref);
        return { view: await find(ref), workflowId: importWorkflowId(ref.importId), abortedAtLine };
      }
    },
    async command(ref, command) {
      const done = await commandImport(pool, ref, command);
      const view = await find(ref);
      if (!done) throw conflict(`The import is ${view.status}: there is nothing to ${command}.`);
      void teller.tell(ref);
      return view;
    },
  };
}
