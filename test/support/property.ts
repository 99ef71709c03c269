import * as fc from 'fast-check';

/**
 * fast-check as every property test here uses it: the same cases in each run, or others with `SEED=1234`. The seed that
 * a failure prints fails again when it is given back. A list of steps wants `size: 'max'`: without it none has more
 * than about ten, whatever its `maxLength`.
 */
fc.configureGlobal({ seed: Number(process.env.SEED ?? 1) });

export { fc };
