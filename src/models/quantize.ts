const INT8_MAX = 127;

/**
 * A vector's direction as one signed byte a dimension. The length is not kept: all our vectors are unit
 * vectors, so scaling the largest component to ±127 uses the whole range and needs no stored scale.
 */
export function toInt8(vector: ArrayLike<number>): Buffer {
  let largest = 0;
  for (let i = 0; i < vector.length; i++) largest = Math.max(largest, Math.abs(vector[i]!));
  const bytes = new Int8Array(vector.length);
  if (largest > 0) {
    for (let i = 0; i < vector.length; i++) bytes[i] = Math.round((vector[i]! / largest) * INT8_MAX);
  }
  return Buffer.from(bytes.buffer);
}

/** A unit vector as one byte a dimension and the factor that brings them to length 1. */
export interface ScaledVector {
  readonly components: Int8Array;
  readonly scale: number;
}

/** The unit vector that {@link toInt8} kept, without taking more room than it did. */
export function scaledFromInt8(bytes: Uint8Array): ScaledVector {
  // A copy: the bytes may be a view of a much larger buffer.
  const components = new Int8Array(bytes);
  return { components, scale: scaleOf(components) };
}

function scaleOf(components: Int8Array): number {
  let squares = 0;
  for (let i = 0; i < components.length; i++) squares += components[i]! * components[i]!;
  return squares === 0 ? 0 : 1 / Math.sqrt(squares);
}

function viewOf(bytes: Uint8Array): Int8Array {
  return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The unit vector that {@link toInt8} kept. */
export function fromInt8(bytes: Uint8Array): Float32Array {
  return normalize(viewOf(bytes));
}

/** The vector at length 1; all zeros stay zeros. */
export function normalize(vector: ArrayLike<number>): Float32Array {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += vector[i]! * vector[i]!;
  const unit = new Float32Array(vector.length);
  if (squares === 0) return unit;
  const length = Math.sqrt(squares);
  for (let i = 0; i < vector.length; i++) unit[i] = vector[i]! / length;
  return unit;
}

/**
 * The normalised mean of unit vectors of one space that {@link toInt8} kept.
 * @throws RangeError on none, or on different lengths
 */
export function meanOfInt8(kept: readonly Uint8Array[]): Float32Array {
  const dimensions = kept[0]?.length;
  if (dimensions === undefined) throw new RangeError('the mean of no vectors is not defined');
  const sum = new Float64Array(dimensions);
  for (const bytes of kept) {
    assertSameLength(bytes.length, dimensions);
    const components = viewOf(bytes);
    const scale = scaleOf(components);
    for (let i = 0; i < dimensions; i++) sum[i]! += components[i]! * scale;
  }
  return normalize(sum);
}

/** Cosine of the angle between two vectors of any length; 0 if one of them is all zeros. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assertSameLength(b.length, a.length);
  let product = 0;
  let squaresA = 0;
  let squaresB = 0;
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    squaresA += a[i]! * a[i]!;
    squaresB += b[i]! * b[i]!;
  }
  return squaresA === 0 || squaresB === 0 ? 0 : product / Math.sqrt(squaresA * squaresB);
}

function assertSameLength(actual: number, expected: number): void {
  if (actual !== expected) throw new RangeError(`vectors of ${actual} and ${expected} dimensions do not mix`);
}
