import { z } from 'zod';
import { ROLES } from '../../domain/message';
import * as field from './fields';

const turn = {
  role: z.enum(ROLES),
  content: field.content,
  name: field.label.nullish(),
  message_id: field.id.nullish(),
  timestamp: field.time.nullish(),
};

/** A message of the guide's `history`: what else is in it is ignored. */
export const historyMessage = z.object(turn).meta({ id: 'HistoryMessage' });

/** A message on our own routes: what else is in it is refused. */
export const newMessage = z
  .strictObject({ ...turn, metadata: field.metadata.nullish() })
  .meta({ id: 'NewMessage' });

export const personaContext = z
  .object({
    forced_persona: field.label.nullish(),
    active_personas: z.array(field.label).max(50).nullish(),
    mood: field.query.nullish(),
  })
  .meta({ id: 'PersonaContext' });

const MESSAGES_LIMIT = `must hold 1 to ${field.MAX_MESSAGES} messages`;

export const history = z.array(historyMessage).min(1, MESSAGES_LIMIT).max(field.MAX_MESSAGES, MESSAGES_LIMIT);

export const newMessages = z.array(newMessage).min(1, MESSAGES_LIMIT).max(field.MAX_MESSAGES, MESSAGES_LIMIT);
