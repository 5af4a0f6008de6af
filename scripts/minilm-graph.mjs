/**
 * Writes the ONNX graph of all-MiniLM-L6-v2. Only the graph is written: its weights stay where they came,
 * in model.safetensors, as external data with byte offsets. Mean pooling and length normalisation are inside,
 * so what comes out is the embedding. Attention and GELU are ONNX Runtime's fused operators.
 */
import { open } from 'node:fs/promises';
import protobuf from 'protobufjs';

/** Raise it whenever the graph changes: a cached graph of another version is written anew. */
export const GRAPH_VERSION = 1;
export const GRAPH_FILE = 'minilm.onnx';

const LAYERS = 6;
const HEADS = 12;
const DIMENSIONS = 384;
const LAYER_NORM_EPSILON = 1e-12;
const MAX_HEADER_BYTES = 1 << 20;

/** The part of onnx.proto (IR version 9) that the graph needs, with the field numbers of the original. */
const ONNX_PROTO = `
syntax = "proto3";
message ModelProto { int64 ir_version = 1; string producer_name = 2; GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8; }
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message GraphProto { repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5; repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12; }
message NodeProto { repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; repeated AttributeProto attribute = 5; string domain = 7; }
message AttributeProto { string name = 1; float f = 2; int64 i = 3; repeated int64 ints = 8; int32 type = 20; }
message TensorProto { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; repeated StringStringEntryProto external_data = 13; int32 data_location = 14; }
message StringStringEntryProto { string key = 1; string value = 2; }
message ValueInfoProto { string name = 1; TypeProto type = 2; }
message TypeProto { TensorTypeProto tensor_type = 1; }
message TensorTypeProto { int32 elem_type = 1; TensorShapeProto shape = 2; }
message TensorShapeProto { repeated DimensionProto dim = 1; }
message DimensionProto { oneof value { int64 dim_value = 1; string dim_param = 2; } }
`;
const ELEMENT = { float: 1, int32: 6, int64: 7 };
const ATTRIBUTE = { float: 1, int: 2, ints: 7 };
const EXTERNAL = 1;

/** Reads where each tensor lies in a safetensors file: name → {shape, offset, length} in bytes. */
export async function readSafetensorsHeader(path) {
  const file = await open(path, 'r');
  try {
    const prefix = Buffer.alloc(8);
    await file.read(prefix, 0, 8, 0);
    const headerBytes = Number(prefix.readBigUInt64LE());
    if (headerBytes < 2 || headerBytes > MAX_HEADER_BYTES) throw new Error(`${path} is no safetensors file`);
    const header = Buffer.alloc(headerBytes);
    await file.read(header, 0, headerBytes, 8);
    const tensors = new Map();
    for (const [name, entry] of Object.entries(JSON.parse(header.toString('utf8')))) {
      if (name === '__metadata__') continue;
      const [start, end] = entry.data_offsets;
      tensors.set(name, {
        type: entry.dtype,
        shape: entry.shape,
        offset: 8 + headerBytes + start,
        length: end - start,
      });
    }
    return tensors;
  } finally {
    await file.close();
  }
}

class Graph {
  nodes = [];
  initializers = new Map();

  constructor(tensors, weightsFile) {
    this.tensors = tensors;
    this.weightsFile = weightsFile;
  }

  /** Adds an operator and returns the name of its output. */
  op(type, inputs, attributes = {}, { domain = '', output = `${type}_${this.nodes.length}` } = {}) {
    const attribute = Object.entries(attributes).map(([name, value]) => {
      if (Array.isArray(value)) return { name, type: ATTRIBUTE.ints, ints: value };
      return Number.isInteger(value)
        ? { name, type: ATTRIBUTE.int, i: value }
        : { name, type: ATTRIBUTE.float, f: value };
    });
    this.nodes.push({
      opType: type,
      name: `${type}_${this.nodes.length}`,
      input: inputs,
      output: [output],
      attribute,
      domain,
    });
    return output;
  }

  /** A small int64 constant. */
  ints(name, values) {
    const rawData = Buffer.alloc(8 * values.length);
    values.forEach((value, i) => rawData.writeBigInt64LE(BigInt(value), 8 * i));
    this.initializers.set(name, { name, dataType: ELEMENT.int64, dims: [values.length], rawData });
    return name;
  }

  /** A tensor of the weights file. */
  weight(name) {
    const tensor = this.tensors.get(name);
    if (tensor?.type !== 'F32') throw new Error(`the weights have no 32-bit tensor ${name}`);
    const externalData = [
      { key: 'location', value: this.weightsFile },
      { key: 'offset', value: String(tensor.offset) },
      { key: 'length', value: String(tensor.length) },
    ];
    this.initializers.set(name, {
      name,
      dataType: ELEMENT.float,
      dims: tensor.shape,
      externalData,
      dataLocation: EXTERNAL,
    });
    return name;
  }

  /** x·Wᵀ. The transposition is folded away when the session loads. */
  project(x, layer) {
    return this.op('MatMul', [x, this.op('Transpose', [this.weight(`${layer}.weight`)], { perm: [1, 0] })]);
  }

  linear(x, layer) {
    return this.op('Add', [this.project(x, layer), this.weight(`${layer}.bias`)]);
  }

  layerNorm(x, layer) {
    const inputs = [x, this.weight(`${layer}.weight`), this.weight(`${layer}.bias`)];
    return this.op('LayerNormalization', inputs, { axis: -1, epsilon: LAYER_NORM_EPSILON });
  }

  attention(x, mask, layer) {
    const parts = ['query', 'key', 'value'];
    const bias = this.op(
      'Concat',
      parts.map((part) => this.weight(`${layer}.${part}.bias`)),
      { axis: 0 },
    );
    const inputs = [...parts.map((part) => this.project(x, `${layer}.${part}`)), bias, mask];
    return this.op('MultiHeadAttention', inputs, { num_heads: HEADS }, { domain: 'com.microsoft' });
  }
}

function tensorType(name, elemType, dims) {
  const dim = dims.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

/** The bytes of the ONNX model whose weights are the tensors of `weightsFile`, a file in the same folder. */
export function buildMiniLmGraph(tensors, weightsFile) {
  const g = new Graph(tensors, weightsFile);
  const zero = g.ints('zero', [0]);
  const one = g.ints('one', [1]);
  const two = g.ints('two', [2]);

  const length = g.op('Gather', [g.op('Shape', ['input_ids']), one], { axis: 0 });
  const words = g.op('Gather', [g.weight('embeddings.word_embeddings.weight'), 'input_ids']);
  const positions = g.op('Slice', [g.weight('embeddings.position_embeddings.weight'), zero, length, zero]);
  const firstType = g.op('Slice', [g.weight('embeddings.token_type_embeddings.weight'), zero, one, zero]);
  let x = g.layerNorm(g.op('Add', [g.op('Add', [words, firstType]), positions]), 'embeddings.LayerNorm');

  const keyMask = g.op('Cast', ['attention_mask'], { to: ELEMENT.int32 });
  for (let i = 0; i < LAYERS; i++) {
    const layer = `encoder.layer.${i}`;
    const attended = g.linear(
      g.attention(x, keyMask, `${layer}.attention.self`),
      `${layer}.attention.output.dense`,
    );
    x = g.layerNorm(g.op('Add', [attended, x]), `${layer}.attention.output.LayerNorm`);
    const hidden = g.op(
      'Gelu',
      [g.linear(x, `${layer}.intermediate.dense`)],
      {},
      { domain: 'com.microsoft' },
    );
    x = g.layerNorm(g.op('Add', [g.linear(hidden, `${layer}.output.dense`), x]), `${layer}.output.LayerNorm`);
  }

  const weights = g.op('Unsqueeze', [g.op('Cast', ['attention_mask'], { to: ELEMENT.float }), two]);
  const sum = g.op('ReduceSum', [g.op('Mul', [x, weights]), one], { keepdims: 0 });
  const mean = g.op('Div', [sum, g.op('ReduceSum', [weights, one], { keepdims: 0 })]);
  const norm = g.op('Sqrt', [g.op('ReduceSum', [g.op('Mul', [mean, mean]), one], { keepdims: 1 })]);
  g.op('Div', [mean, norm], {}, { output: 'embedding' });

  const Model = protobuf.parse(ONNX_PROTO).root.lookupType('ModelProto');
  const model = {
    irVersion: 9,
    producerName: 'agentic-memories',
    opsetImport: [
      { domain: '', version: 17 },
      { domain: 'com.microsoft', version: 1 },
    ],
    graph: {
      name: 'all-MiniLM-L6-v2',
      node: g.nodes,
      initializer: [...g.initializers.values()],
      input: ['input_ids', 'attention_mask'].map((name) =>
        tensorType(name, ELEMENT.int64, ['batch', 'length']),
      ),
      output: [tensorType('embedding', ELEMENT.float, ['batch', DIMENSIONS])],
    },
  };
  return Buffer.from(Model.encode(Model.create(model)).finish());
}
