export {
  ApiError,
  AuthenticationError,
  ConflictError,
  ConnectionError,
  ErasedUserError,
  MemoryError,
  NotFoundError,
  PermissionError,
  QueueFullError,
  QueueInUseError,
  RateLimitError,
  ServerError,
  ShutdownError,
  TimeoutError,
  UnexpectedAnswerError,
  ValidationError,
  type FieldError,
} from './errors';
export { MemoryClient, type ConversationKey } from './memory-client';
export type { ImportsClient } from './imports-client';
export type { MemoriesClient } from './memories-client';
export type { UsersClient } from './users-client';
export type { InjectionEvent, StreamOptions } from './injection-events';
export type { CallOptions, ClientOptions } from './transport';
export {
  AdaptiveMemoryOrchestrator,
  type ConversationScope,
  type OrchestratorOptions,
  type StreamedTurn,
} from './orchestrator';
export type { InjectionListener, Subscription } from './subscriptions';
export { MessageEvent, MessageRole, type MemoryInjection, type MessageEventInit } from './message-event';
export {
  IngestionPolicy,
  RetrievalPolicy,
  type IngestionPolicyInit,
  type RetrievalPolicyInit,
} from './policies';
export type { QueueOptions, QueueStore, QueuedMessage } from './outbox';
export {
  ChatRuntimeBridge,
  Message,
  TranscriptRequest,
  type TranscriptRequestInit,
} from './chat-runtime-bridge';
export type * from './wire';
