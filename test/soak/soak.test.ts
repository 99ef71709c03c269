import { expect, it } from 'vitest';
import { soak } from './soak.js';

it('For a few seconds of chaos over sockets, through every facade, nothing is lost and nothing is left', async () => {
  const seed = Number(process.env.SEED ?? 1);
  // Until each way of ending was met: else the soak has tested less than it says.
  const enough = ({ endings }: { endings: object }) => Object.values(endings).every((count) => count > 0);
  const { problems } = await soak({ seconds: 4, seed, every: 1.5, enough });
  expect({ seed, problems }).toEqual({ seed, problems: [] });
}, 60_000);
