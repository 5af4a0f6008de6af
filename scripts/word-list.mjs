import { gunzipSync } from 'node:zlib';
import { unzipSync } from 'fflate';

const LIST = 'wordfreq/data/small_en.msgpack.gz';

/**
 * The English words of a wheel of the Python package wordfreq with their frequencies, the commonest first.
 * @param {Uint8Array} wheel
 * @returns {{ word: string, frequency: number }[]}
 */
export function readWordList(wheel) {
  const packed = unzipSync(wheel, { filter: (file) => file.name === LIST })[LIST];
  if (!packed) throw new Error(`the wheel has no ${LIST}`);
  // Its format "cB": a header, then one list of words for each centibel below certainty.
  const [header, ...bins] = decode(gunzipSync(packed));
  if (header.format !== 'cB' || header.version !== 1)
    throw new Error('the list has another format than cB 1');
  return bins.flatMap((words, centibels) =>
    words.map((word) => ({ word, frequency: 10 ** (-centibels / 100) })),
  );
}

/** The part of MessagePack that the list uses. */
function decode(bytes) {
  let at = 0;
  const uint = (length) => {
    let value = 0;
    for (let i = 0; i < length; i += 1) value = value * 256 + bytes[at++];
    return value;
  };
  const text = (length) => bytes.subarray(at, (at += length)).toString('utf8');
  const list = (length) => Array.from({ length }, () => value());
  const map = (length) => Object.fromEntries(Array.from({ length }, () => [value(), value()]));
  function value() {
    const type = bytes[at++];
    if (type <= 0x7f) return type;
    if (type <= 0x8f) return map(type & 0x0f);
    if (type <= 0x9f) return list(type & 0x0f);
    if (type <= 0xbf) return text(type & 0x1f);
    if (type === 0xcc) return uint(1);
    if (type === 0xcd) return uint(2);
    if (type === 0xd9) return text(uint(1));
    if (type === 0xda) return text(uint(2));
    if (type === 0xdc) return list(uint(2));
    if (type === 0xdd) return list(uint(4));
    throw new Error(`unexpected MessagePack type 0x${type.toString(16)}`);
  }
  return value();
}
