import { z } from 'zod';
import { IMPORT_STATUSES } from '../../domain/import';
import { workflowLink } from './answers';
import { id, metadata } from './fields';
import { history, newMessage, personaContext } from './messages';

const count = z.int().min(0);

/** A line that is one message: what else is in it is refused, so that a mistyped `timestamp` is not lost unseen. */
export const importMessage = newMessage
  .extend({ user_id: id, conversation_id: id, type: z.literal('message').optional() })
  .meta({ id: 'ImportMessage' });

/** A line that is one transcript, as the guide's clients write them. */
export const importTranscript = z
  .object({
    user_id: id,
    conversation_id: id.nullish(),
    history,
    metadata: metadata.nullish(),
    persona_context: personaContext.nullish(),
  })
  .meta({ id: 'ImportTranscript' });

/** One line of the body. */
export const importLine = z
  .union([importMessage, importTranscript])
  .meta({ id: 'ImportLine', description: 'One line: a message, or a transcript with `history`' });

export const importReceived = z
  .object({
    import_id: z.string(),
    lines: count.meta({ description: 'Blank ones left out' }),
    messages: count,
    accepted: count,
    duplicates: count,
    rejected: count,
    ...workflowLink,
    status_url: z.string(),
  })
  .meta({ id: 'ImportReceived' });

export const importView = z
  .object({
    import_id: z.string(),
    status: z.enum(IMPORT_STATUSES),
    totals: z.object({
      lines: count,
      messages: count.meta({ description: 'accepted + duplicates + rejected' }),
      accepted: count.meta({ description: 'indexed + failed + pending' }),
      duplicates: count,
      rejected: count,
      indexed: count,
      failed: count,
      pending: count,
    }),
    rate_per_second: z.number().nullable(),
    seconds_left: z.number().nullable(),
    waiting_for: z.string().nullable(),
    created_at: z.string().meta({ format: 'date-time' }),
    finished_at: z.string().meta({ format: 'date-time' }).nullable(),
    ...workflowLink,
    status_url: z.string(),
  })
  .meta({ id: 'Import' });

export const importList = z
  .object({
    imports: z.array(importView),
    next_cursor: z.string().nullable().meta({ description: '`cursor` of the next page; null at the end' }),
  })
  .meta({ id: 'Imports' });

export const rejection = z.object({ line: z.int().min(1), reason: z.string() }).meta({ id: 'Rejection' });
