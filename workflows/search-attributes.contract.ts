import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** What runs can be found by in the Temporal UI. Never message text: search attributes are stored in clear. */
export const MEM_USER_ID = defineSearchAttributeKey('MemUserId', SearchAttributeType.KEYWORD);
export const MEM_CONVERSATION_ID = defineSearchAttributeKey('MemConversationId', SearchAttributeType.KEYWORD);
/** `idle`, `buffering` or `indexing`. */
export const MEM_PHASE = defineSearchAttributeKey('MemPhase', SearchAttributeType.KEYWORD);
export const MEM_PENDING = defineSearchAttributeKey('MemPending', SearchAttributeType.INT);
export const MEM_LAST_MESSAGE_AT = defineSearchAttributeKey('MemLastMessageAt', SearchAttributeType.DATETIME);
