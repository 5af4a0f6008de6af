import type { Client } from '@temporalio/client';
import { UnavailableError } from '../domain/errors';

/** Resolves when Temporal answers for our namespace. @throws UnavailableError saying what is wrong */
export async function checkTemporal(client: Client, deadlineMs: number): Promise<void> {
  try {
    await client.withDeadline(Date.now() + deadlineMs, () =>
      client.workflowService.describeNamespace({ namespace: client.options.namespace }),
    );
  } catch (cause) {
    throw new UnavailableError(
      'temporal',
      `Temporal does not answer for namespace ${client.options.namespace}`,
      { cause },
    );
  }
}
