import { expect, it } from 'vitest';
import { scaleSoak } from './scale.js';
import { soak } from './soak.js';

it('For a few seconds of chaos over sockets, through every facade, nothing is lost and nothing is left', async () => {
  const seed = Number(process.env.SEED ?? 1);
  // Until each way of ending was met: else the soak has tested less than it says.
  const enough = ({ endings }: { endings: object }) => Object.values(endings).every((count) => count > 0);
  const { problems } = await soak({ seconds: 4, seed, every: 1.5, enough });
  expect({ seed, problems }).toEqual({ seed, problems: [] });
}, 60_000);

it('A virtual hour of many clients and endpoints, of which some die, leaves nothing outstanding', async () => {
  const seed = Number(process.env.SEED ?? 1);
  const fleet = { endpoints: 100, clients: 20, subset: 8 };
  const tally = await scaleSoak({ ...fleet, requests: 1_500, hours: 1, seed });
  expect({ seed, problems: tally.problems }).toEqual({ seed, problems: [] });
  expect(tally.requests).toBe(1_500);
  expect(tally.endings.whole).toBeGreaterThan(1_400);
});
