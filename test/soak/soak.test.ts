import { expect, it } from 'vitest';
import { soak } from './soak.js';

it('For a few seconds of chaos over sockets, through every facade, nothing is lost and nothing is left', async () => {
  const seed = Number(process.env.SEED ?? 1);
  const tally = await soak({ seconds: 4, seed, every: 1.5 });
  expect({ seed, problems: tally.problems }).toEqual({ seed, problems: [] });
  // Each way of ending was met, or the soak has tested less than it says.
  for (const [ending, count] of Object.entries(tally.endings))
    expect([ending, count > 0]).toEqual([ending, true]);
}, 30_000);
