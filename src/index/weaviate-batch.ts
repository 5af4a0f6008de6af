import { credentials, makeClientConstructor, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { parse } from 'protobufjs';
import { RefusedError, UnavailableError } from '../domain/errors';
import { TenantMissingError, type IndexObject } from './memory-index';
import { TERMS_PROPERTY } from './weaviate-collection';
import { errorFor, saysCollectionMissing, saysTenantMissing } from './weaviate-http';

/** gRPC's own reconnection backs off by minutes. */
const MAX_RECONNECT_MS = 1_000;
const OUT_OF_REACH = new Set<number>([status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED]);

/**
 * What of Weaviate's batch service is used. A text may have been cut in the middle of a character, which a `string`
 * must not hold: it is written as bytes, in which that is replaced; on the wire both are the same.
 */
const SERVICE = parse(`
  syntax = "proto3";
  message BatchObjectsRequest { repeated BatchObject objects = 1; }
  message BatchObject {
    string uuid = 1; Properties properties = 3; string collection = 4; string tenant = 5; bytes vector_bytes = 6;
  }
  message Properties { Struct non_ref_properties = 1; }
  message Struct { map<string, Value> fields = 1; }
  message Value { bytes string_value = 3; }
  message BatchObjectsReply { repeated BatchError errors = 2; }
  message BatchError { int32 index = 1; string error = 2; }
`).root;
const Request = SERVICE.lookupType('BatchObjectsRequest');
const Reply = SERVICE.lookupType('BatchObjectsReply');

interface BatchReply {
  errors: { index: number; error: string }[];
}

const BatchClient = makeClientConstructor(
  {
    batchObjects: {
      path: '/weaviate.v1.Weaviate/BatchObjects',
      requestStream: false,
      responseStream: false,
      requestSerialize: (message: object) => Buffer.from(Request.encode(message).finish()),
      requestDeserialize: (bytes: Buffer) => Request.decode(bytes),
      responseSerialize: (message: object) => Buffer.from(Reply.encode(message).finish()),
      responseDeserialize: (bytes: Buffer) => Reply.decode(bytes) as unknown as BatchReply,
    },
  },
  'Weaviate',
);

export interface WeaviateBatchOptions {
  /** Base URL over HTTP: says whether gRPC is encrypted too. */
  url: string;
  /** `host:port` of gRPC. */
  grpc: string;
  apiKey: string;
  collection: string;
  timeoutMs: number;
}

export interface WeaviateBatch {
  /** Writes objects in one request, replacing those of the same id. @throws as MemoryIndex.upsert does */
  write(tenant: string, objects: readonly IndexObject[]): Promise<void>;
  close(): void;
}

/**
 * Writes over gRPC, past the client: its insertMany polls every 500 ms. A batch over REST costs both sides twice as
 * much, since vectors are spelled out there, and all of them come back with the answer.
 */
export function createWeaviateBatch(options: WeaviateBatchOptions): WeaviateBatch {
  const { grpc, apiKey, collection, timeoutMs } = options;
  const secure = new URL(options.url).protocol === 'https:';
  const channel = secure ? credentials.createSsl() : credentials.createInsecure();
  const client = new BatchClient(grpc, channel, {
    'grpc.initial_reconnect_backoff_ms': MAX_RECONNECT_MS / 5,
    'grpc.max_reconnect_backoff_ms': MAX_RECONNECT_MS,
  });
  const metadata = new Metadata();
  if (apiKey) metadata.set('authorization', `Bearer ${apiKey}`);

  return {
    async write(tenant, objects) {
      const request = {
        objects: objects.map(({ id, terms, vector }) => ({
          uuid: id,
          collection,
          tenant,
          properties: {
            nonRefProperties: { fields: { [TERMS_PROPERTY]: { stringValue: Buffer.from(terms) } } },
          },
          ...(vector ? { vectorBytes: littleEndian(vector) } : {}),
        })),
      };
      const { errors } = await new Promise<BatchReply>((resolve, reject) => {
        const answered = (error: ServiceError | null, reply?: BatchReply): void =>
          error ? reject(failureOf(error, grpc, tenant)) : resolve(reply!);
        client['batchObjects']!(request, metadata, { deadline: Date.now() + timeoutMs }, answered);
      });
      throwFirstFailure(errors, objects, tenant);
    },
    close: () => client.close(),
  };
}

function littleEndian(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
}

function failureOf(error: ServiceError, grpc: string, tenant: string): Error {
  if (saysTenantMissing(error.details) || saysCollectionMissing(error.details))
    return new TenantMissingError(tenant);
  if (OUT_OF_REACH.has(error.code))
    return new UnavailableError('weaviate', `Weaviate does not answer at ${grpc}: ${error.details}`, {
      cause: error,
    });
  const judged =
    error.code === status.INVALID_ARGUMENT
      ? new RefusedError('weaviate', `Weaviate refuses the request: ${error.details}`)
      : errorFor(error.details);
  judged.cause = error;
  return judged;
}

/** A batch is answered whatever became of its objects; the permanent failure of one is told only if none can be waited out. */
function throwFirstFailure(
  errors: BatchReply['errors'],
  objects: readonly IndexObject[],
  tenant: string,
): void {
  let refused: Error | null = null;
  for (const { index, error } of errors) {
    if (saysTenantMissing(error) || saysCollectionMissing(error)) throw new TenantMissingError(tenant);
    const judged = errorFor(`${objects[index]?.id}: ${error}`);
    if (!(judged instanceof RefusedError)) throw judged;
    refused ??= judged;
  }
  if (refused) throw refused;
}
