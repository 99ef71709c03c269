/** 64 bits of hash, as two signed 32-bit halves. */
export type HashPair = readonly [number, number];

/** Hashes text; the same on every machine and in every process, and not for secrets. */
export function hashText(text: string): HashPair {
  let high = 0xdeadbeef ^ text.length;
  let low = 0x41c6ce57 ^ text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 2654435761);
    low = Math.imul(low ^ unit, 1597334677);
  }
  return [mix(high ^ (low >>> 15)), mix(low ^ (high >>> 13))];
}

/**
 * How strongly `key` is drawn to a holder of the given weight; the key belongs where this is greatest.
 * Each holder's figure depends on nothing but the key and itself, so when one leaves only its own keys move,
 * and one that joins takes its share from each of the others (Thaler and Ravishankar, 1998).
 * With `-weight / ln(uniform)` the shares are as the weights (Schindelhauer and Schomaker, 2005).
 */
export function rendezvousScore(key: HashPair, holder: HashPair, weight: number): number {
  const high = mix(key[0] ^ holder[0]) >>> 0;
  const low = mix(key[1] ^ holder[1]) >>> 11;
  // 53 bits and a half: never 0 nor 1, whose logarithms would win or lose whatever the weight.
  const uniform = (high * 2 ** 21 + low + 0.5) / 2 ** 53;
  return -weight / Math.log(uniform);
}

/** MurmurHash3's finalizer: every input bit reaches every output bit. */
function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
