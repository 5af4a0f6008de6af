import type { Client } from '@temporalio/client';
import {
  encodeSearchAttributeIndexedValueType,
  type SearchAttributeType,
} from '@temporalio/common/lib/search-attributes';
import { UnavailableError } from '../domain/errors';
import {
  MEM_CONVERSATION_ID,
  MEM_LAST_MESSAGE_AT,
  MEM_PENDING,
  MEM_PHASE,
  MEM_USER_ID,
} from '../../workflows/search-attributes.contract';

const KEYS: readonly { name: string; type: SearchAttributeType }[] = [
  MEM_USER_ID,
  MEM_CONVERSATION_ID,
  MEM_PHASE,
  MEM_PENDING,
  MEM_LAST_MESSAGE_AT,
];

const ALREADY_EXISTS = 6;

/**
 * Makes the search attributes that the namespace lacks: without them Temporal refuses to start a conversation.
 * @throws UnavailableError when Temporal cannot be asked, or does not let us make them
 */
export async function ensureSearchAttributes(client: Client, deadlineMs: number): Promise<void> {
  const { namespace } = client.options;
  const { operatorService } = client.connection;
  try {
    await client.withDeadline(Date.now() + deadlineMs, async () => {
      const known = await operatorService.listSearchAttributes({ namespace });
      const missing = KEYS.filter((key) => !(key.name in (known.customAttributes ?? {})));
      if (missing.length === 0) return;
      const searchAttributes = Object.fromEntries(
        missing.map((key) => [key.name, encodeSearchAttributeIndexedValueType(key.type)!]),
      );
      await operatorService.addSearchAttributes({ namespace, searchAttributes });
    });
  } catch (cause) {
    if ((cause as { code?: unknown }).code === ALREADY_EXISTS) return;
    const names = KEYS.map((key) => key.name).join(', ');
    throw new UnavailableError(
      'temporal',
      `the search attributes ${names} could not be ensured in ${namespace}`,
      { cause },
    );
  }
}
